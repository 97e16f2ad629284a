"""What each command of `menagerie` does. Each returns the exit status; a `ZooError` is shown by zoo/cli.py."""

import argparse
import importlib.util
import json
import os
import subprocess
import sys
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import polars as pl

from zoo import datasets
from zoo.card import Interval
from zoo.dataset import Dataset
from zoo.datasets.fetch import fetch
from zoo.diagnosis import diagnose
from zoo.errors import ZooError
from zoo.evaluate import cannot_measure, measure_lists, summarize
from zoo.evaluate import evaluate as measure
from zoo.history import read_histories
from zoo.parity import FILE as PARITY_FILE
from zoo.parity import check as check_parity
from zoo.recommend import Taste, recommend_table, taste_of, tastes_of
from zoo.references import TITLES
from zoo.registry import Zoo
from zoo.runtime import Runtime
from zoo.settings import Settings

CHECKOUT = Path(__file__).resolve().parent.parent
FOR_TRAINING = ("torch", "onnx", "onnxscript", "rich")


def train(options: argparse.Namespace, given: list[str]) -> int:
    """Training is another process: the base install has no torch, and serving never imports it."""
    missing = [name for name in FOR_TRAINING if importlib.util.find_spec(name) is None]
    if missing:
        raise ZooError(f"Training needs {', '.join(missing)}. Install it: pip install -e '.[train]' in the checkout.")
    return subprocess.run([sys.executable, "-m", "training", *given], check=False).returncode


def evaluate(options: argparse.Namespace, given: list[str]) -> int:
    dataset, runtime = _open(options)
    answer: dict[str, Any] = {"dataset": dataset.name, "split": dataset.info.split, "models": {}, "reason": {}}
    for name in dataset.model_names():
        with dataset.model(name) as folder:
            if reason := cannot_measure(folder.card.about, dataset.info.split):
                answer["models"][name] = None
                answer["reason"][name] = reason
                _say(f"{name}: {reason}")
                continue
            _say(f"{name}: measuring {len(dataset.test):,} test users")
            figures = summarize(measure(runtime.load(folder), dataset.test))
        answer["models"][name] = _dumped(figures)
    references = dataset.references.items()
    answer["references"] = {name: _dumped(summarize(measure_lists(lists, dataset.test))) for name, lists in references}
    print(json.dumps(answer, indent=2) if options.json else _table(answer))
    return 0


def _dumped(figures: dict[str, Interval]) -> dict[str, dict[str, float | int]]:
    return {metric: interval.model_dump() for metric, interval in figures.items()}


def _table(answer: dict[str, Any]) -> str:
    measured = {name: figures for name, figures in answer["models"].items() if figures}
    metrics = list(dict.fromkeys(metric for figures in measured.values() for metric in figures))
    lines = [f"{answer['dataset']}, {answer['split']}: mean over test users [95 % interval]", ""]
    for metric in metrics:
        best_first = sorted(measured.items(), key=lambda entry: -entry[1][metric]["mean"])
        lines += [metric] + [_line(name, figures[metric]) for name, figures in best_first]
        lines += [_line(f"({name})", figures[metric]) for name, figures in answer["references"].items()]
    lines += [f"{name}: {reason}" for name, reason in answer["reason"].items()]
    lines += [f"({name}): no model, but a list by the {TITLES.get(name, name)}" for name in answer["references"]]
    return "\n".join(lines)


def _line(name: str, interval: dict[str, float | int]) -> str:
    mean, low, high, n = (interval[key] for key in ("mean", "low", "high", "n"))
    return f"  {name:<16} {mean:.4f}  [{low:.4f}, {high:.4f}]  n = {n:,}"


def recommend(options: argparse.Namespace, given: list[str]) -> int:
    dataset, runtime = _open(options)
    model = runtime.load(dataset.model(options.model))
    if options.held_out:
        users, tastes = _held_out_tastes(dataset)
    else:
        histories = read_histories(
            options.history,
            options.history.name,
            dataset.catalogue,
            threshold=dataset.info.threshold if options.like_from is None else options.like_from,
            like_from=options.like_from,
            dislike_below=options.dislike_below,
        )
        _say(histories.report.sentence())
        users = list(histories.user_ids)
        tastes = tastes_of(histories.X, histories.dislikes, histories.seen)
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
            print(f"{user}\t{row['rank']}\t{row['item_id']}\t{row['title']}\t{row['score']:.4f}")
    return 0


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


def serve(options: argparse.Namespace, given: list[str]) -> int:
    """The app as a process of its own: `zoo` never imports streamlit. Never asks for input."""
    environment = dict(os.environ)
    if zoo := options.zoo or environment.get("MENAGERIE_ZOO"):
        environment["MENAGERIE_ZOO"] = str(Path(zoo).resolve())  # the app runs in another folder
    print(f"http://localhost:{options.port}", flush=True)
    flags = [f"--server.port={options.port}", "--server.headless=true", "--browser.serverAddress=localhost"]
    command = [sys.executable, "-m", "pages.parts.server", *flags]
    if os.name == "posix":  # in our place: whoever stops this process stops the app
        os.chdir(CHECKOUT)
        os.execve(sys.executable, command, environment)
    return subprocess.run(command, cwd=CHECKOUT, env=environment, stdin=subprocess.DEVNULL, check=False).returncode


def verify(options: argparse.Namespace, given: list[str]) -> int:
    """Every model is looked at, also after one that fails; the status says whether all are well."""
    zoo, runtime = Zoo(options.zoo), Runtime(_settings(options))
    names = zoo.datasets()
    if not names:
        raise ZooError(
            f"{options.zoo} holds no data set. Train one: menagerie train all --data FILE --out {options.zoo}."
        )
    broken = 0
    for dataset in map(zoo.dataset, names):
        for name in dataset.model_names():
            try:
                with dataset.model(name) as folder:
                    parity = check_parity(runtime.load(folder), folder.path / PARITY_FILE)
                print(f"ok      {dataset.name}/{name}: scores within {parity.relative_difference:.1e} of their range")
            except ZooError as error:
                broken += 1
                print(f"broken  {dataset.name}/{name}: {error}")
    return 1 if broken else 0


def doctor(options: argparse.Namespace, given: list[str]) -> int:
    found = diagnose()
    for name, value in found.facts.items():
        print(f"{name:<22} {value}")
    for problem in found.problems:
        print(f"\nproblem: {problem}")
    print("\nNothing is wrong." if not found.problems else "")
    return 1 if found.problems else 0


def _open(options: argparse.Namespace) -> tuple[Dataset, Runtime]:
    return Zoo(options.zoo).dataset(options.dataset), Runtime(_settings(options))


def _settings(options: argparse.Namespace) -> Settings:
    settings = Settings.from_environment()
    return replace(settings, provider=options.provider) if options.provider else settings


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
