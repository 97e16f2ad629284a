"""What every model would need of a data set, said before anybody waits: one JSON list on standard output.

    python -m training.ahead --data interactions.csv --out nowhere --threshold 4

    [{"name": "ease", "title": "EASE", "family": ..., "summary": ..., "by_name": false,
      "bytes": 412000000, "seconds": 9.1, "problem": null, "note": null}, ...]

bytes and seconds are null where a model does not predict them; `problem`: why it cannot be trained on this data here;
`note`: what to know of it. Nothing is written.
"""

import argparse
import importlib
import json
import sys
from types import ModuleType
from typing import Any

import polars as pl
import torch

from training import ease
from training.command import choose_device, understood
from training.memory import available_bytes
from training.table import BY_NAME, MODELS
from training.two_tower import HELP
from training.two_tower_settings import ITEM_INPUTS, USER_INPUTS, inputs_of
from zoo.arguments import add_training_arguments
from zoo.content import KINDS, Pictures, Recipe
from zoo.errors import ModelError, ZooError
from zoo.evaluate import cannot_measure
from zoo.split import Split


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m training.ahead", description=__doc__)
    add_training_arguments(parser, models=False)
    options = parser.parse_args()
    try:
        print(json.dumps(offers(options)))
    except ZooError as error:
        sys.exit(f"error: {error}")


def offers(options: argparse.Namespace) -> list[dict[str, Any]]:
    """One for each model of the table, in its order."""
    *_, parts, catalogue = understood(options)
    device = choose_device(options.device)
    return [offer(importlib.import_module(module), parts, catalogue.items, device) for module in MODELS.values()]


def offer(module: ModuleType, parts: Split, items: pl.DataFrame, device: torch.device) -> dict[str, Any]:
    about, needs, seconds, problem = module.ABOUT, None, None, lacking(module.Config(), items)
    if module is ease:
        what = ease.plan(parts.train, ease.Config(), device)
        needs, seconds = what.bytes, what.seconds
        try:
            ease.check_it_fits(what, parts.train.shape[1], available_bytes(device))
        except ModelError as error:
            problem = str(error)
    said = {"name": about.name, "title": about.title, "family": about.family, "summary": about.summary}
    facts = {"by_name": about.name in BY_NAME, "bytes": needs, "seconds": seconds}
    return said | facts | {"problem": problem, "note": cannot_measure(about, parts.rule)}


def lacking(config: Any, items: pl.DataFrame) -> str | None:
    """What a tower reads and no item of this data has; None where nothing is missing, or the model reads no content."""
    if not hasattr(config, "item_inputs"):
        return None
    inputs = {*inputs_of(config.user_inputs, USER_INPUTS), *inputs_of(config.item_inputs, ITEM_INPUTS)}
    content = Recipe.of(items, config.n_buckets).content(items, Pictures.none(items.height))
    has = dict(zip(KINDS, content.present.any(axis=0).tolist(), strict=True))
    has["picture"] = bool((items["genres"].list.len().fill_null(0) > 0).any() or items["year"].is_not_null().any())
    missing = [kind for kind in KINDS if kind in inputs and not has[kind]]
    return f"It reads {missing[0]} of the items, and none has any. {HELP[missing[0]]}" if missing else None


if __name__ == "__main__":
    main()
