"""What every model in training/ is made of: settings that explain themselves, a `Run` to fit in, what a fit gives back.

A model file holds an `ABOUT: zoo.card.About`, a frozen `Config` of `setting(...)` fields,
`fit(X, config, run) -> Fitted` and a `main()`. X is csr float32 [U, I]: one row per user of the data, weight 1.0 or a
count; the row of a user who is held out whole is empty.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import polars as pl
import torch

from zoo.content import Content, Pictures, Recipe
from zoo.errors import ModelError
from zoo.split import Fold


class MissingContent(ModelError):
    """A model reads what no item of this data has; `train all` goes on without it."""


def setting(
    default: Any,
    doc: str,
    *,
    low: float | None = None,
    high: float | None = None,
    choices: tuple[Any, ...] | None = None,
) -> Any:
    """A field of a Config that says what it is: the help text and the checks of the command line are made from it.

    Parameters
    ----------
    default : its type is the setting's type (bool, int, float or str)
    doc : one sentence with the unit; metadata["doc"]
    low, high : smallest and largest value allowed, both included; None where there is no end
    choices : the only values allowed; None for any
    """
    return field(default=default, metadata={"doc": doc, "low": low, "high": high, "choices": choices})


DETAILS = {  # what a fit may say of itself (Fitted.details) -> one sentence with the unit, for the card
    "best_epoch": "The epoch whose weights are served.",
    "n_sampled": "Items drawn for each update, beside those that its users chose: the softmax is over these.",
    "stopping": "How the number of epochs was found.",
    "rank": "Rank of S.",
    "explained": "Share of the data's squared length that the factors keep, 0 to 1.",
    "asymmetry": "||S - S^T|| / ||S||: 0 where i speaks for j as j for i, 1.41 where only one of them does.",
    "objective": "The least value of ||X - X S||^2 + l2 ||S||^2, as the multipliers' sum.",
    "largest_multiplier": "The largest Lagrange multiplier: what the item that is hardest to explain leaves over.",
    "precision": "Of the numbers that the inverse was made in.",
    "inverted": "The smaller of the two: S is the same.",
    "condition": "Of X^T X + l2 I, at most: how many times larger a rounding error may get.",
    "residual": "The largest |(X^T X + l2 I) P - I| over some columns: 0 is exact.",
    "neighbours_per_item": "Items that one item speaks for, on average.",
    "items_per_block": "Items that a group of them is predicted from, on average.",
    "weight_kept": "Of all solved weights, the share of their absolute sum that is kept.",
    "weights": "How the matrices are stored.",
    "made_from": "The model whose weights these are.",
    "made_from_checksum": "Of that model as it was then.",
    "moved_by_rounding": "How far rounding the weights moved scores, as a share of their range.",
    "pictures": "Where the pictures came from.",
    "items_without_text": "Items of which nothing is written: a learned “unknown” stands for their words.",
    "items_without_picture": "Items without a picture: a learned “unknown” stands for it.",
    "items_without_features": "Items without year, genres or other facts: a learned “unknown” stands for them.",
}


@dataclass(frozen=True)
class Step:
    """How far a fit has come: what a progress bar shows."""

    done: int  # epochs (or blocks) finished
    total: int  # at most so many; early stopping may end before
    unit: str = "epoch"  # what is counted: "epoch" or, in a closed form, "block"
    loss: float | None = None  # mean over this epoch
    validation: float | None = None  # nDCG@100 on the validation fold after this epoch


@dataclass(frozen=True)
class Run:
    """What a fit may use beside the data."""

    seed: int = 0
    device: torch.device = torch.device("cpu")
    validation: Fold | None = None  # for early stopping; None or empty: a fixed number of epochs
    progress: Callable[[Step], None] | None = None  # told after each step; None: nobody watches
    items: pl.DataFrame | None = None  # Catalogue.items: what models that read words and facts are told
    pictures: Callable[[], Pictures] = lambda: Pictures.none(0)  # loaded or drawn only for who asks
    say: Callable[[str], None] = lambda text: None  # told in words, where there is something to know beforehand

    def report(self, step: Step) -> None:
        if self.progress is not None:
            self.progress(step)


@dataclass
class Fitted:
    """A trained model.

    scorer : forward(items int64 [B, L], weights float32 [B, L]) -> (scores [B, I],) or (scores, embedding [B, K]);
        or (scores, embedding, embedding_std [B, K]) where the code is a distribution. items == I is padding and counts
        nothing, whatever its weight. Memory-based: forward(users int64 [B]). On the CPU, in evaluation mode.
    curve : one row per epoch: epoch, loss, validation (nDCG@100 or None), seconds (of this epoch); [] for a closed form
    details : facts for the card: best_epoch, rank, ...
    item_tower : forward(text_ids, picture, features, present) -> embedding [N, K] of new items, as in zoo/content.py;
        None where new items cannot be told
    recipe, content : how the catalogue's items were read for it, and what was read
    """

    scorer: torch.nn.Module
    curve: list[dict[str, float | int | None]]
    details: dict[str, float | int | str]
    item_tower: torch.nn.Module | None = None
    recipe: Recipe | None = None
    content: Content | None = None
