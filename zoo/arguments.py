"""The arguments of `menagerie train` and of `python -m training`: said once, known without torch."""

import argparse
from pathlib import Path

REPEATS = ("count", "last", "max")
PRUNED_TO = 200  # weights per item, where nobody says how many


def _at_least_one(text: str) -> int:
    if not text.isascii() or not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is no whole number from 1 on")
    return int(text)


def add_training_arguments(parser: argparse.ArgumentParser, *, models: bool = True) -> None:
    """Everything that training is told. models: whether model names are asked for (a model's own script knows its)."""
    if models:
        parser.add_argument("models", nargs="+", metavar="MODEL", help="models to train, or all")
    _add_places(parser)
    _add_reading(parser)
    _add_fitting(parser)


def _add_places(parser: argparse.ArgumentParser) -> None:
    where = parser.add_argument_group("what and where")
    where.add_argument(
        "--data",
        required=True,
        type=Path,
        metavar="FILE|NAME",
        help="interactions (CSV, TSV, Parquet, JSON Lines, also .gz and .zip), a folder with interactions.*, films: "
        "the built-in films with simulated viewers, or a data set of `menagerie data list`",
    )
    where.add_argument(
        "--out", required=True, type=Path, metavar="ZOO", help="folder of the zoo; made where it is missing"
    )
    where.add_argument("--name", help="name of the data set (default: the name of its folder)")
    where.add_argument(
        "--items",
        type=Path,
        metavar="FILE",
        help="item table: item_id, title, year, genres (default: items.parquet or items.csv beside the data)",
    )
    where.add_argument(
        "--pictures",
        type=Path,
        metavar="FOLDER",
        help="pictures of the items, item_id.jpg, .png or .webp (default: posters drawn from genre and year)",
    )
    where.add_argument("--licence", help="licence of the data, for its card")


def _add_reading(parser: argparse.ArgumentParser) -> None:
    read = parser.add_argument_group("how the file is read")
    read.add_argument("--user", metavar="COLUMN", help="column of the user (default: recognised)")
    read.add_argument("--item", metavar="COLUMN", help="column of the item (default: recognised)")
    read.add_argument("--value", metavar="COLUMN", help="column of the rating (default: recognised)")
    read.add_argument("--timestamp", metavar="COLUMN", help="column of the time (default: recognised)")
    read.add_argument(
        "--threshold",
        type=float,
        metavar="VALUE",
        help="a row is a positive when its rating reaches this (default: every row is)",
    )
    read.add_argument(
        "--min-user", type=int, default=1, metavar="N", help="leave out users with fewer items (default: 1)"
    )
    read.add_argument(
        "--min-item", type=int, default=1, metavar="N", help="leave out items with fewer users (default: 1)"
    )
    read.add_argument(
        "--repeats",
        choices=REPEATS,
        default="count",
        help="a pair that occurs again: its count, the last in time, or the highest rating (default: count)",
    )


def _add_fitting(parser: argparse.ArgumentParser) -> None:
    how = parser.add_argument_group("how it is trained")
    how.add_argument(
        "--split",
        default="strong:98765",
        metavar="RULE",
        help="strong:SEED (users held out whole), leave-last-out, temporal:SHARE (one cut in time; 0.1: the last "
        "tenth), cold-items:SEED (items withheld from training), or column:NAME; with @J/K after it fold J of K, "
        "strong:98765@2/5 (default: strong:98765)",
    )
    how.add_argument(
        "--set",
        nargs="+",
        action="extend",
        default=[],
        metavar="[MODEL.]KEY=VALUE",
        help="settings; `python -m training.MODEL --help` lists them",
    )
    how.add_argument("--device", choices=("auto", "cpu", "cuda"), default="auto", help="where to train (default: auto)")
    how.add_argument("--seed", type=int, default=0, metavar="N", help="seed of weights, batches and noise (default: 0)")
    how.add_argument(
        "--seeds",
        type=_at_least_one,
        default=1,
        metavar="N",
        help="train each model N times, with the seeds after --seed, too, and tell how far its figures move from run "
        "to run; the first is published (default: 1)",
    )
    how.add_argument(
        "--float16",
        action="store_true",
        help="round the weights to float16 and keep them so: half the disk; what is measured is rounded too",
    )
    how.add_argument(
        "--json",
        action="store_true",
        help="print one JSON object per model, a line each: model, seconds, peak_bytes, folder",
    )
    how.add_argument(
        "--progress",
        type=Path,
        metavar="FILE",
        help="keep FILE saying how far it has come, for a program that watches: {data, models: {MODEL: {state, done, "
        "total, unit, loss, validation, seconds}}} as JSON, replaced in one step",
    )


def add_variant_arguments(parser: argparse.ArgumentParser) -> None:
    """Everything that the making of a variant is told."""
    parser.add_argument("--zoo", required=True, type=Path, metavar="ZOO", help="folder of the zoo")
    parser.add_argument("--dataset", metavar="NAME", help="data set of the zoo (default: the only one)")
    parser.add_argument("--model", required=True, metavar="NAME", help="the published model to make it from")
    parser.add_argument(
        "--keep",
        required=True,
        nargs="+",
        metavar="WHAT",
        help="pruned:N (of an item-item model such as ease, the N strongest weights of each item; without :N "
        f"{PRUNED_TO}), float16, or int8; several make several variants",
    )
