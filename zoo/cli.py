"""The command line. Messages go to standard error, answers to standard output.

Only the command that is given learns its arguments, and loads what they need: `serve` becomes the app in a moment.
"""

import argparse
import sys
from collections.abc import Callable
from importlib import import_module
from pathlib import Path

from zoo import serving
from zoo.arguments import add_training_arguments, add_variant_arguments
from zoo.errors import ZooError
from zoo.placement import PROVIDERS


def main(arguments: list[str] | None = None) -> None:
    """`menagerie ...`. Ends the process: 0, 1 with a sentence on standard error, or 2 for a wrong call."""
    given = sys.argv[1:] if arguments is None else arguments
    options = _parser(given).parse_args(given)
    try:
        sys.exit(options.run(options, given[1:]))
    except ZooError as error:
        sys.exit(f"error: {error}")
    except OSError as error:  # of a place that somebody named, or of a full disk
        sys.exit(f"error: {error}. Name another place, or make room there.")
    except KeyboardInterrupt:
        sys.exit(130)


def _parser(given: list[str]) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="menagerie",
        description="A zoo of recommenders: train them on an interactions file, measure and compare them.",
        epilog="Start: menagerie train all --data interactions.csv --out zoo-data && menagerie serve --zoo zoo-data",
    )
    subparsers = parser.add_subparsers(title="commands", required=True, metavar="COMMAND")
    for name, (short, description, add) in COMMANDS.items():
        command = subparsers.add_parser(name, help=short, description=description)
        if name in given[:1]:
            add(command)
    return parser


def _later(name: str) -> Callable[[argparse.Namespace, list[str]], int]:
    """A function of zoo.commands, which is loaded when it runs."""

    def run(options: argparse.Namespace, given: list[str]) -> int:
        command: Callable[[argparse.Namespace, list[str]], int] = getattr(import_module("zoo.commands"), name)
        return command(options, given)

    return run


def _add_train(train: argparse.ArgumentParser) -> None:
    add_training_arguments(train)
    train.set_defaults(run=_later("train"))


def _add_variant(variant: argparse.ArgumentParser) -> None:
    add_variant_arguments(variant)
    variant.set_defaults(run=_later("variant"))


def _add_evaluate(measure: argparse.ArgumentParser) -> None:
    from zoo.figures import COMPARED
    from zoo.metrics import METRICS

    _add_zoo(measure)
    measure.add_argument(
        "--json",
        action="store_true",
        help="print {dataset, split, users, models: {MODEL: {METRIC: {mean, low, high, n}}}, external and references: "
        "the same, runs: {MODEL: {METRIC: {mean, sd, n}}}, comparisons: {METRIC: [{a, b, difference, low, high, p, "
        "p_holm, ..., segments}]}, reason, notes}",
    )
    measure.add_argument(
        "--on",
        choices=("test", "validation"),
        default="test",
        help="whose hidden choices (default: test). Settings are chosen on validation, and judged once on test",
    )
    measure.add_argument(
        "--compare",
        nargs="*",
        choices=tuple(METRICS),
        default=COMPARED,
        metavar="METRIC",
        help=f"metrics on which every two are compared (default: {' '.join(COMPARED)}; of {', '.join(METRICS)})",
    )
    _add_lists(measure)
    measure.add_argument(
        "--save",
        action="store_true",
        help="publish the models again with these figures: for those that an older version measured",
    )
    measure.set_defaults(run=_later("evaluate"))


def _add_compare(compare: argparse.ArgumentParser) -> None:
    from zoo.metrics import METRICS

    compare.add_argument("first", metavar="A", help="a model, or the name of lists made elsewhere")
    compare.add_argument("second", metavar="B", help="the other one")
    _add_zoo(compare)
    compare.add_argument(
        "--metric",
        choices=tuple(METRICS),
        default="recall_at_20",
        metavar="METRIC",
        help=f"by which (default: recall_at_20; of {', '.join(METRICS)})",
    )
    _add_lists(compare)
    compare.add_argument(
        "--json", action="store_true", help="print {dataset, split, verdict, comparison: {...}, segments: [...]}"
    )
    compare.set_defaults(run=_later("compare"))


def _add_lists(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--lists",
        action="append",
        default=[],
        metavar="[NAME=]FILE",
        help="lists made elsewhere, such as those of the system in use: user, item, and rank or score (CSV, Parquet, "
        "...); may be given several times",
    )


def _add_recommend(lists: argparse.ArgumentParser) -> None:
    _add_zoo(lists)
    lists.add_argument("--model", required=True, metavar="NAME", help="model of the data set")
    whose = lists.add_mutually_exclusive_group(required=True)
    whose.add_argument(
        "--history",
        type=Path,
        metavar="FILE",
        help="interactions over this catalogue; without a user column: one person. Or an export of Letterboxd (the "
        "whole archive, too), IMDb, Goodreads or MovieLens, with likes and dislikes",
    )
    whose.add_argument("--held-out", action="store_true", help="answer for the test users of the zoo")
    whose.add_argument(
        "--users",
        type=Path,
        metavar="FILE",
        help="interactions of any number of people, in any order (Parquet, CSV, CSV.gz), or a list of items for each: "
        "read bit by bit, in bounded memory, to --out; a run that was stopped goes on when it is started again",
    )
    for role, of in (("user", "people"), ("item", "item ids or titles"), ("value", "ratings")):
        lists.add_argument(f"--{role}", metavar="COLUMN", help=f"column of the {of} (default: recognised by its name)")
    lists.add_argument(
        "--like-from",
        type=float,
        metavar="RATING",
        help="ratings from this one are likes (default: the rule of the data set, else 3.5 of 5 or 7 of 10 stars); "
        "what is rated lower was seen, and is in nobody's list who rated it",
    )
    lists.add_argument(
        "--dislike-below",
        type=float,
        metavar="RATING",
        help="ratings below this one are dislikes, in exports only (default: 2.5 of 5, or 5 of 10)",
    )
    lists.add_argument(
        "--new-items",
        type=Path,
        metavar="FILE",
        help="items that nobody has chosen yet (item_id, title, year, genres, ...), ranked among those of the "
        "catalogue; needs a model that reads what an item is",
    )
    lists.add_argument("--pictures", type=Path, metavar="FOLDER", help="pictures of the new items, item_id.jpg")
    lists.add_argument("--k", type=int, default=20, metavar="N", help="list length (default: 20)")
    form = lists.add_mutually_exclusive_group()
    form.add_argument(
        "--json",
        action="store_true",
        help="print {model, provider, lists: [{user, items: [{rank, item_id, title, score}]}]}",
    )
    form.add_argument(
        "--out",
        type=Path,
        metavar="FILE.parquet",
        help="write user, rank, item_id, title, score (with --users: no title)",
    )
    lists.set_defaults(run=_later("recommend"))


def _add_serve(serve: argparse.ArgumentParser) -> None:
    serve.add_argument(
        "--zoo", metavar="ZOO", help="folder of the zoo, or its address (default: MENAGERIE_ZOO, or zoo-data)"
    )
    serve.add_argument("--port", type=int, metavar="N", help="port (default: the first free one from 8501 on)")
    serve.set_defaults(run=serving.serve)


def _add_verify(verify: argparse.ArgumentParser) -> None:
    verify.add_argument("zoo", type=Path, metavar="ZOO", help="folder of the zoo")
    verify.add_argument("--provider", choices=PROVIDERS, help="where to run (default: MENAGERIE_PROVIDER, or auto)")
    verify.set_defaults(run=_later("verify"))


def _add_index(index: argparse.ArgumentParser) -> None:
    index.add_argument("zoo", type=Path, metavar="ZOO", help="folder of the zoo, as a web server is to show it")
    index.set_defaults(run=_later("write_zoo_index"))


def _add_doctor(check: argparse.ArgumentParser) -> None:
    check.set_defaults(run=_later("doctor"))


def _add_data(data: argparse.ArgumentParser) -> None:
    ways = data.add_subparsers(title="commands", required=True, metavar="COMMAND")
    known = ways.add_parser(
        "list", help="what can be fetched: size, licence, whether it is here", description="List the known data sets."
    )
    known.add_argument("--json", action="store_true", help="print a list of {name, what, users, items, rows, ...}")
    known.set_defaults(run=_later("list_data"))
    fetch = ways.add_parser(
        "fetch",
        help="download one from its owner, check it, and lay it out for training",
        description="Download a data set from its owner, check it, and lay it out for `menagerie train --data NAME`.",
    )
    fetch.add_argument("name", metavar="NAME", help="a name of `menagerie data list`")
    fetch.add_argument(
        "--to", type=Path, metavar="FOLDER", help="put it into FOLDER/NAME (default: the cache, see MENAGERIE_CACHE)"
    )
    fetch.add_argument(
        "--from", dest="source", metavar="FILE|URL", help="the archive, downloaded elsewhere, or another address of it"
    )
    fetch.add_argument("--again", action="store_true", help="fetch it even where it is already here")
    fetch.set_defaults(run=_later("fetch_data"))


def _add_zoo(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--zoo", required=True, type=Path, metavar="ZOO", help="folder of the zoo")
    parser.add_argument("--dataset", metavar="NAME", help="data set of the zoo (default: the only one)")
    parser.add_argument("--provider", choices=PROVIDERS, help="where to run (default: MENAGERIE_PROVIDER, or auto)")


COMMANDS = {
    "train": (
        "train models on an interactions file and export them",
        "Train models and put them into a zoo.",
        _add_train,
    ),
    "variant": (
        "make a published model smaller: pruned, or in 16 or 8 bits",
        "Make a published model smaller. The variant is a model of its own, checked and measured like any other.",
        _add_variant,
    ),
    "evaluate": (
        "measure every model of a data set on its test users",
        "Measure every model of a data set on its test users, through ONNX Runtime, now.",
        _add_evaluate,
    ),
    "compare": (
        "say in plain words which of two models is better, and how sure that is",
        "Measure two models on the same test users, and say what may be said of the difference.",
        _add_compare,
    ),
    "recommend": (
        "recommend for somebody's history, or for the test users",
        "Recommend for the people of a history file, or for the test users of the zoo.",
        _add_recommend,
    ),
    "data": (
        "known data sets: list them, fetch one",
        "Data sets that others publish, fetched from their owners.",
        _add_data,
    ),
    "serve": (
        "open the app in a browser",
        "Serve the app.",
        _add_serve,
    ),
    "verify": (
        "check every model: checksums, contract, and its scores by running it",
        "Check every model of a zoo: checksums, contract, and its scores by running it.",
        _add_verify,
    ),
    "index": (
        "write down what a zoo holds, for a web server that lists nothing",
        "Check every file of a zoo, and write INDEX.json: with it, a zoo on a web server can be shown "
        "(MENAGERIE_ZOO=https://...). After every training: copy the folder there, INDEX.json last.",
        _add_index,
    ),
    "doctor": (
        "versions, providers, GPU: what is wrong and how to mend it",
        "Look at this installation: what is there, what is wrong, how to mend it.",
        _add_doctor,
    ),
}


if __name__ == "__main__":
    main()
