"""What each command of `menagerie` does. Each returns the exit status; a `ZooError` is shown by zoo/cli.py."""

import argparse
import importlib.util
import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Any

import polars as pl

from zoo import datasets
from zoo.columns import Mapping
from zoo.dataset import Dataset
from zoo.datasets.fetch import fetch
from zoo.diagnosis import diagnose
from zoo.errors import ZooError
from zoo.figures import plain, table
from zoo.history import read_histories
from zoo.history_rows import star_rule
from zoo.measuring import Measured, beside_the_zoo, dumped, measure_all, measure_references
from zoo.metrics import METRICS, Metric
from zoo.new_items import read_new_items, recommend_with
from zoo.parity import FILE as PARITY_FILE
from zoo.parity import check as check_parity
from zoo.recommend import Taste, recommend_table, taste_of, tastes_of
from zoo.registry import Zoo
from zoo.runtime import Model, Runtime
from zoo.settings import Settings
from zoo.significance import Comparison
from zoo.verdict import LISTS, MODELS, ONE_MODEL, Segment, Verdict, choice, verdict

FOR_TRAINING = ("torch", "onnx", "onnxscript", "rich")


def train(options: argparse.Namespace, given: list[str]) -> int:
    """Training is another process: the base install has no torch, and serving never imports it."""
    return _in_training("training", given)


def variant(options: argparse.Namespace, given: list[str]) -> int:
    """Another process, as training is: weights are read, and a graph is written."""
    return _in_training("training.variants", given)


def _in_training(module: str, given: list[str]) -> int:
    missing = [name for name in FOR_TRAINING if importlib.util.find_spec(name) is None]
    if missing:
        raise ZooError(f"Training needs {', '.join(missing)}. Install it: pip install -e '.[train]' in the checkout.")
    return subprocess.run([sys.executable, "-m", module, *given], check=False).returncode


def evaluate(options: argparse.Namespace, given: list[str]) -> int:
    dataset, runtime = _open(options)
    if options.save and options.on != "test":
        raise ZooError("--save keeps figures of the test users. Leave out --on, or --save.")
    measured = measure_all(dataset, runtime, None, _named(options.lists), _say, part=options.on, save=options.save)
    if options.on == "test":
        measure_references(measured)
    if options.save:
        _say(f"The figures of {len(measured.models)} models were saved with them.")
    comparisons = {metric: measured.compared(metric) for metric in options.compare}
    print(json.dumps(_answer(measured, comparisons), indent=2) if options.json else table(measured, comparisons))
    return 0


def _answer(measured: Measured, comparisons: dict[str, list[Comparison]]) -> dict[str, Any]:
    figures = {name: dumped(of.figures) for name, of in measured.models.items()}
    return {
        "dataset": measured.dataset.name,
        "split": measured.dataset.info.split,
        "users": {measured.part: len(measured.fold)},
        "models": figures | dict.fromkeys(measured.reasons),
        "reason": measured.reasons,
        "runs": {name: dumped(of) for name, of in measured.runs.items()},
        "external": {name: dumped(of.figures) for name, of in measured.external.items()},
        "notes": measured.notes,
        "references": {name: dumped(of.figures) for name, of in measured.references.items()},
        "comparisons": {metric: _comparisons(measured, metric, found) for metric, found in comparisons.items()},
    }


def _comparisons(measured: Measured, metric: str, found: list[Comparison]) -> list[dict[str, Any]]:
    by_activity = measured.compared_by_activity(metric)
    return [
        plain(one) | {"segments": [_segment(part) for part in by_activity.get((one.a, one.b), [])]} for one in found
    ]


def compare(options: argparse.Namespace, given: list[str]) -> int:
    """The verdict on two models, or on a model and lists made elsewhere."""
    dataset, runtime = _open(options)
    lists, pair = _named(options.lists), [options.first, options.second]
    if pair[0] == pair[1]:
        raise ZooError(f"{pair[0]} is one model; name two to compare.")
    if unused := set(lists) - set(pair):
        raise ZooError(f"--lists names {sorted(unused)[0]}, which is not compared. Name it in place of a model.")
    measured = measure_all(dataset, runtime, [name for name in pair if name not in lists], lists, _say)
    metric = METRICS[options.metric]
    if metric.better == "neither":
        raise ZooError(f"More of {metric.title} is neither better nor worse: there is no verdict on it.")
    said = _verdict(measured, pair, metric)
    if options.json:
        found = {"comparison": plain(said.comparison), "segments": [_segment(one) for one in said.segments]}
        print(
            json.dumps({"dataset": dataset.name, "split": dataset.info.split, "verdict": said.text} | found, indent=2)
        )
    else:
        print(f"{dataset.name}, {dataset.info.split}\n\n{said.text}")
    return 0


def _verdict(measured: Measured, pair: list[str], metric: Metric) -> Verdict:
    """Asked among all pairs of the zoo, as `evaluate` asks: no answer here that the table there does not allow."""
    (a, b), (of_a, of_b) = (measured.titles[name] for name in pair), (measured.all()[name].per_user for name in pair)
    family = beside_the_zoo(measured).compared(metric.name)
    external = len(set(pair) & set(measured.external))
    return verdict(
        *(a, b, of_a, of_b, metric.name),
        higher_is_better=metric.better == "higher",
        asked_among=[one for one in family if {one.a, one.b} != set(pair)],
        chosen=choice(measured.dataset.info.split),
        these=(MODELS, ONE_MODEL, LISTS)[external],
    )


def _segment(segment: Segment) -> dict[str, Any]:
    return {"users": segment.words} | plain(segment.comparison)


def _named(given: list[str]) -> dict[str, Path]:
    """NAME=FILE, or FILE, which is called as the file is."""
    found: dict[str, Path] = {}
    for text in given:
        name, equals, file = text.partition("=")
        path = Path(file if equals else text)
        name = name if equals else path.stem
        if not name or name in found:
            raise ZooError(f"--lists {text}: give every file a name of its own: --lists NAME=FILE.")
        found[name] = path
    return found


def recommend(options: argparse.Namespace, given: list[str]) -> int:
    dataset, runtime = _open(options)
    model = runtime.load(dataset.model(options.model))
    if options.users:
        return _recommend_for_all(options, dataset, model)
    if options.held_out:
        users, tastes = _held_out_tastes(dataset)
    else:
        users, tastes = _tastes_of_file(options, dataset)
    if options.new_items:
        new = read_new_items(options.new_items, model, dataset.catalogue, options.pictures)
        table = recommend_with(model, dataset.catalogue, new, users, tastes, options.k)
    else:
        table = recommend_table(model, dataset.catalogue, users, tastes, k=options.k)
    if options.out:
        table.write_parquet(options.out)
        _say(f"{len(users):,} lists written to {options.out} ({model.provider}).")
    elif options.json:
        print(
            json.dumps(
                {"model": options.model, "provider": model.provider, "lists": _nested(table, users)}, ensure_ascii=False
            )
        )
    else:
        for row in table.iter_rows(named=True):
            user = "" if row["user"] is None else row["user"]
            new_item = "\tnew" if row.get("new") else ""
            print(f"{user}\t{row['rank']}\t{row['item_id']}\t{row['title']}\t{row['score']:.4f}{new_item}")
    return 0


def _recommend_for_all(options: argparse.Namespace, dataset: Dataset, model: Model) -> int:
    from zoo.batch.run import recommend_for_all

    if not options.out or options.new_items:
        raise ZooError("--users goes with --out FILE.parquet, and without --new-items. For a few people: --history.")
    mapping = Mapping(user=options.user, item=options.item, value=options.value)
    asked = {"mapping": mapping, "like_from": options.like_from, "k": options.k}
    recommend_for_all(options.users, options.out, model, dataset, **asked, say=_say)
    return 0


def _tastes_of_file(options: argparse.Namespace, dataset: Dataset) -> tuple[list[str | int | None], list[Taste]]:
    mapping = Mapping(user=options.user, item=options.item, value=options.value)
    threshold = dataset.info.threshold if options.like_from is None else options.like_from
    if threshold is None and (threshold := star_rule(options.history, options.history.name, mapping)) is not None:
        _say(f"Its ratings look like stars: rows rated {threshold:g} or more are likes; --like-from says otherwise.")
    histories = read_histories(
        options.history,
        options.history.name,
        dataset.catalogue,
        mapping=mapping,
        threshold=threshold,
        like_from=options.like_from,
        dislike_below=options.dislike_below,
    )
    for sentence in (histories.report.sentence(), *histories.report.notes):
        _say(sentence)
    tastes = tastes_of(histories.X, histories.dislikes, histories.seen)
    if strangers := sum(not taste for taste in tastes):
        _say(
            f"Of {strangers:,} of {len(tastes):,} people nothing is known here: they get what the model gives anybody."
        )
    return list(histories.user_ids), tastes


def list_data(options: argparse.Namespace, given: list[str]) -> int:
    """The data sets that `fetch_data` knows; on standard output, for people or programs."""
    facts = [asdict(known) | {"here": datasets.is_here(known.name)} for known in datasets.KNOWN.values()]
    if options.json:
        print(json.dumps(facts, indent=2))
        return 0
    terms = list(dict.fromkeys(fact["licence"] for fact in facts))
    print(f"{'name':<17}{'ratings':>11}{'people':>9}{'items':>8}{'download':>10}  {'terms':<7}{'here':<6}what")
    for fact in facts:
        counts = f"{fact['rows']:>11,}{fact['users']:>9,}{fact['items']:>8,}"
        size = f"{fact['bytes'] / 1e6:,.0f} MB" if fact["bytes"] else "unknown"
        term, here = f"[{terms.index(fact['licence']) + 1}]", "yes" if fact["here"] else "no"
        print(f"{fact['name']:<17}{counts}{size:>10}  {term:<7}{here:<6}{fact['what']}")
    print("\n" + "\n".join(f"[{number}] {licence}" for number, licence in enumerate(terms, 1)))
    print(f"\nFetch one: menagerie data fetch NAME. It goes to {datasets.cache_folder()}.")
    return 0


def fetch_data(options: argparse.Namespace, given: list[str]) -> int:
    place = fetch(datasets.known(options.name), to=options.to, source=options.source, again=options.again)
    print(place)
    _say(f"Train on it: menagerie train all --data {place if options.to else options.name} --out ZOO")
    return 0


def verify(options: argparse.Namespace, given: list[str]) -> int:
    """Every model is looked at, also after one that fails; the status says whether all are well."""
    zoo, runtime = Zoo(options.zoo), Runtime(_settings(options))
    names = zoo.datasets()
    if not names:
        raise ZooError(
            f"{options.zoo} holds no data set. Train one: menagerie train all --data FILE --out {options.zoo}."
        )
    found = [result for dataset in map(zoo.dataset, names) for result in _verified(dataset, runtime)]
    return 0 if all(found) else 1


def _verified(dataset: Dataset, runtime: Runtime) -> Iterator[bool]:
    """Prints a line for the data set and one for each model; whether each is well."""

    def of_data() -> str:
        dataset.check()
        return "every file as it was written"

    def of_model(name: str) -> str:
        with dataset.model(name) as folder:
            parity = check_parity(runtime.load(folder), folder.path / PARITY_FILE)
        return f"scores within {parity.relative_difference:.1e} of their range"

    yield _line(dataset.name, of_data)
    if not dataset.model_names():
        print(f"broken  {dataset.name}: no model is in service. Train one: menagerie train all.")
        yield False
    for name in dataset.model_names():
        yield _line(f"{dataset.name}/{name}", partial(of_model, name))


def _line(what: str, look: Callable[[], str]) -> bool:
    try:
        print(f"ok      {what}: {look()}")
    except ZooError as error:
        print(f"broken  {what}: {error}")
        return False
    return True


def write_zoo_index(options: argparse.Namespace, given: list[str]) -> int:
    from zoo.remote.index import INDEX, write_index  # loads what speaks to web servers, which no other command needs

    found = write_index(options.zoo)
    for name, of in found.datasets.items():
        print(f"{name}: {', '.join(of.models) or 'no model'}")
    _say(f"Written: {options.zoo / INDEX}. Copy the folder to the web server, this file last.")
    return 0


def doctor(options: argparse.Namespace, given: list[str]) -> int:
    found = diagnose()
    for name, value in found.facts.items():
        print(f"{name:<22} {value}")
    print("\nsettings")
    for name, value in found.settings.items():
        print(f"{name:<26} {value}")
    for problem in found.problems:
        print(f"\nproblem: {problem}")
    print("\nNothing is wrong." if not found.problems else "")
    return 1 if found.problems else 0


def _open(options: argparse.Namespace) -> tuple[Dataset, Runtime]:
    return Zoo(options.zoo).dataset(options.dataset), Runtime(_settings(options))


def _settings(options: argparse.Namespace) -> Settings:
    settings = Settings.from_environment()
    return settings.model_copy(update={"provider": options.provider}) if options.provider else settings


def _held_out_tastes(dataset: Dataset) -> tuple[list[str | int | None], list[Taste]]:
    """The test users, as evaluation sees them."""
    users = dataset.users["user_id"].gather(dataset.test.user_idx).to_list()
    return users, [taste_of(dataset, user_idx) for user_idx in dataset.test.user_idx.tolist()]


def _nested(table: pl.DataFrame, users: list[str | int | None]) -> list[dict[str, Any]]:
    """The table as one list per user, in the order of `users`; a user for whom nothing was left keeps an empty list."""
    lists: list[dict[str, Any]] = [{"user": user, "items": []} for user in users]
    place = {user: row for row, user in enumerate(users)}
    for row in table.iter_rows(named=True):
        lists[place[row.pop("user")]]["items"].append(row)
    return lists


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)
