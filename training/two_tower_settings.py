"""What a two-tower may be told (training/two_tower.py), and what follows from it."""

from collections.abc import Sequence
from dataclasses import dataclass, field, fields, make_dataclass
from typing import Any

from training.model import setting
from zoo.content import KINDS
from zoo.errors import ModelError

USER_INPUTS = ("one_hot", "profile", "text", "features")
ITEM_INPUTS = ("one_hot", "profile", *KINDS)
LOSSES = ("bpr", "bce", "mse", "sampled_softmax", "full_softmax")


@dataclass(frozen=True)
class Config:
    user_inputs: str = setting("profile", f"What a user is read as: of {', '.join(USER_INPUTS)}, joined by +.")
    item_inputs: str = setting("one_hot", f"What an item is read as: of {', '.join(ITEM_INPUTS)}, joined by +.")
    loss: str = setting("sampled_softmax", "What is minimised.", choices=LOSSES)
    n_factors: int = setting(64, "Length of an embedding (K).", low=1)
    hidden: int = setting(
        0, "Width of each tower's hidden layer (H); 0: none, the inputs add up to the embedding.", low=0
    )
    similarity: str = setting("dot", "How two embeddings are compared.", choices=("dot", "cosine"))
    temperature: float = setting(0.1, "What a cosine is divided by.", low=1e-3)
    n_negatives: int = setting(4, "Items drawn against each chosen one (bpr, bce, mse).", low=1)
    n_uniform: int = setting(0, "Items drawn evenly beside those of a batch (sampled_softmax).", low=0)
    profile_dropout: float = setting(0.0, "Share of a profile dropped in training.", low=0.0, high=0.95)
    text_dropout: float = setting(0.0, "Share of an item's words dropped in training.", low=0.0, high=0.95)
    one_hot_dropout: float = setting(
        0.5, "Share of one_hot dropped in training where it has company.", low=0.0, high=1.0
    )
    n_buckets: int = setting(16384, "Rows of the table that words are hashed into.", low=16)
    l2: float = setting(0.0, "Weight of the squared length of the embeddings.", low=0.0)
    learning_rate: float = setting(2e-3, "Step of Adam.", low=1e-8, high=1.0)
    batch_size: int = setting(1024, "Pairs per update; with sampled_softmax also the number of negatives.", low=2)
    n_epochs: int = setting(30, "Passes over the pairs: at most, or exactly where nothing can be validated.", low=1)
    patience: int = setting(4, "Epochs without a better validation nDCG@100 before stopping.", low=1)


def configured(**defaults: Any) -> type[Config]:
    """Config with other defaults: one of the zoo's two-towers."""
    same = {one.name: one for one in fields(Config)}
    changed = [
        (name, same[name].type, field(default=value, metadata=same[name].metadata)) for name, value in defaults.items()
    ]
    return make_dataclass("Config", changed, bases=(Config,), frozen=True)


def inputs_of(text: str, known: Sequence[str]) -> list[str]:
    """The inputs named in "one_hot+text", in the order of `known`."""
    wanted = [part.strip() for part in text.split("+")]
    for part in wanted:
        if part not in known:
            raise ModelError(f"There is no input {part!r} here; join some of {', '.join(known)} by +.")
    return [kind for kind in known if kind in wanted]


def both_are_tables(config: Config) -> bool:
    """Both towers are one table, and a step touches few rows of them."""
    return (config.user_inputs, config.item_inputs, config.hidden) == (
        "one_hot",
        "one_hot",
        0,
    ) and config.loss != "full_softmax"


def reads_content(config: Config) -> bool:
    return any(kind in KINDS for kind in inputs_of(config.item_inputs, ITEM_INPUTS))
