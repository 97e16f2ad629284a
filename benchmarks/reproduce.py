"""training/README.md: command -> our figure with its 95 % interval -> the published one -> what differs.

    make reproduce DATA=FOLDER                   trains what is missing, writes the tables; for short:
    python benchmarks/reproduce.py --data FOLDER --zoo reproduced
    python benchmarks/reproduce.py --data FOLDER --zoo reproduced --write training/README.md
    python benchmarks/reproduce.py ... --only ml-latest-small                              one data set

FOLDER holds one folder per data set (ml-latest-small, goodbooks-10k-v1, gowalla). A model that lies in the zoo already
is not trained again. On two cores gowalla takes hours, the others take minutes: what is not in the zoo when the tables
are written keeps the row that it has in FILE, so that one model can be trained anew alone.
"""

import argparse
import os
import re
import subprocess
import sys
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

import cold_items

from zoo.card import Card, Interval
from zoo.dataset import Dataset
from zoo.datasets.built_in import BUILT_IN
from zoo.measuring import Measured, measure_all, measure_references, measured_at_training
from zoo.references import TITLES
from zoo.registry import Zoo
from zoo.runtime import Runtime
from zoo.settings import Settings

CHECKOUT = Path(__file__).resolve().parent.parent
BEGIN, END = "<!-- figures -->\n", "<!-- end of figures -->"
METRICS = {"recall_at_20": "Recall@20", "ndcg_at_20": "nDCG@20"}
COMPARED = "ndcg_at_20"


@dataclass(frozen=True)
class Row:
    """One training run, and what others published for it."""

    model: str
    settings: str = ""  # KEY=VALUE ...
    published: str = "-"  # Recall@20 / nDCG@20
    differs: str = ""


@dataclass(frozen=True)
class Table:
    """The runs on one data set under one protocol."""

    data: str  # folder, or the name of a built-in data set
    split: str
    name: str  # in the zoo
    about: str
    rows: tuple[Row, ...] = field(repr=False)
    baseline: str = "popularity"


COSINES = "loss=sampled_softmax similarity=cosine temperature=0.1 l2=0 n_factors=128 batch_size=2048"
GOWALLA = (
    Row("popularity", published="0.0416 / 0.0317"),
    Row("item_knn", published="0.1570 / 0.1214", differs="theirs: plain cosine; ours weighs users and popularity"),
    Row("pure_svd", "n_factors=512"),
    Row("ease", "l2=80", "0.1765 / 0.1467"),
    Row("ease_sparse", "l2=80", "0.1765 / 0.1467", "theirs: EASE, whole; ours: of each row the 500 strongest weights"),
    Row("variational", "l2=0.5 n_epochs=25", "0.1641 / 0.1335", "theirs: Mult-VAE"),
    Row(
        "denoising",
        "l2=1 learning_rate=0.002 decoder_dropout=0.5 batch_size=200 n_epochs=8",
        "0.1641 / 0.1335",
        "theirs: Mult-VAE's; there is none for Mult-DAE",
    ),
    Row(
        *("two_tower_id", f"{COSINES} learning_rate=0.01 n_epochs=20", "0.1627 / 0.1378"),
        "theirs: MF-BPR; ours: sampled softmax of cosines",
    ),
    Row(
        *("two_tower_profile", f"{COSINES} learning_rate=0.002 profile_dropout=0.3 n_epochs=30", "0.1754 / 0.1473"),
        "theirs: YoutubeDNN",
    ),
)
ALL = tuple(
    Row(name)
    for name in (
        *("popularity", "item_knn", "pure_svd", "ease", "asymmetric_svd", "autoencoder", "denoising", "variational"),
        *("two_tower_id_fold_in", "two_tower_profile", "two_tower_item_profile", "two_tower_text", "two_tower_image"),
        "two_tower_mixed",
    )
)
TABLES = (
    Table(
        *("gowalla", "column:part", "gowalla"),
        "The split of the LightGCN paper, which has no validation part: settings come from a slice of its training "
        "rows, as told below. Published: the BARS leaderboard.",
        GOWALLA,
    ),
    Table(
        *("ml-latest-small", "strong:98765", "ml-latest-small"),
        "Users held out whole. `two_tower_mixed` takes an hour here, and was trained on the films alone.",
        ALL[:-1],
    ),
    Table(
        *("goodbooks-10k-v1", "cold-items:98765", "goodbooks-cold"),
        "A tenth of the books is in no training row: only words and facts reach them. `tfidf` and `genres` are no "
        "models but what `benchmarks/cold_items.py` makes of the words and the genres.",
        (Row("popularity"), Row("two_tower_text")),
        baseline="tfidf",
    ),
    Table(
        *("films", "strong:98765", "films"),
        "Simulated viewers. `oracle` and `preference` are no models but the simulator's own probabilities.",
        ALL,
    ),
)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--zoo", type=Path, required=True)
    parser.add_argument("--only", nargs="+", metavar="NAME", help="data sets, by their name in the zoo")
    parser.add_argument("--models", nargs="+", metavar="MODEL", help="train only these")
    parser.add_argument("--write", type=Path, metavar="FILE", help="train nothing; write the tables into this file")
    options = parser.parse_args()
    tables = [table for table in TABLES if not options.only or table.name in options.only]
    if options.write:
        before = sections(options.write)
        written = [
            text(table, Zoo(options.zoo).dataset(table.name), before.get(table.name, ""))
            if (options.zoo / table.name).exists() and table in tables
            else before.get(table.name, "")
            for table in TABLES
        ]
        write(options.write, "\n".join(filter(None, written)))
        return
    for table in tables:
        for row in table.rows:
            if not (options.zoo / table.name / row.model).exists() and row.model in (options.models or [row.model]):
                train(table, row, options.data, options.zoo)


def command(table: Table, row: Row, data: str, zoo: str) -> list[str]:
    settings = ["--set", *row.settings.split()] if row.settings else []
    where = ["--data", data, "--split", table.split, "--name", table.name, "--out", zoo]
    return ["train", row.model, *where, *settings]


def train(table: Table, row: Row, data: Path, zoo: Path) -> None:
    source = table.data if table.data in BUILT_IN else str((data / table.data).resolve())
    arguments = command(table, row, source, str(zoo.resolve()))
    subprocess.run([sys.executable, "-m", "zoo.cli", *arguments], cwd=CHECKOUT, check=True, env=dict(os.environ))


def measured(dataset: Dataset) -> Measured:
    """The models' figures as they were published; beside them what no model made."""
    found = measured_at_training(dataset)
    measure_references(found)
    if dataset.info.split.startswith("cold-items"):
        with tempfile.TemporaryDirectory() as folder:
            lists = cold_items.write_baselines(dataset, Path(folder))
            found.external = measure_all(dataset, Runtime(Settings()), names=[], lists=lists).external
    return found


def sections(file: Path) -> dict[str, str]:
    """What the file says of each data set so far."""
    inside = file.read_text(encoding="utf-8").partition(BEGIN)[2].partition(END)[0]
    found = re.split(r"^(?=## )", inside, flags=re.MULTILINE)
    return {part[3:].partition(",")[0]: part.rstrip("\n") + "\n" for part in found if part.startswith("## ")}


def text(table: Table, dataset: Dataset, before: str) -> str:
    """before : the same section as it was written last; rows of models that are not in the zoo are taken from there."""
    known = dict(re.findall(r"^(\| `(\w+)` .*\|)$", before, flags=re.MULTILINE))
    kept = {name: line for line, name in known.items()}
    info, of_all = dataset.info, measured(dataset)
    ahead = beside_baseline(of_all, table.baseline)
    more = f"more nDCG@20 than {table.baseline}"
    lines = [
        f"## {info.name}, `--split {info.split}`\n",
        f"{table.about} {info.n_users:,} users, {info.n_items:,} items, {info.n_test_users:,} test users.\n",
        f"| model | {' | '.join(METRICS.values())} | {more} | published | fit | what differs |",
        "|---|" + "---|" * (len(METRICS) + 4),
    ]
    commands = []
    for row in table.rows:
        if row.model in dataset.model_names():
            with dataset.model(row.model) as folder:
                card = folder.card
            cells = [
                figures(card.metrics or {}),
                ahead.get(row.model, "-"),
                row.published,
                duration(card),
                row.differs,
            ]
            lines.append(f"| `{row.model}` | {' | '.join(cells)} |")
        elif row.model in kept:
            lines.append(kept[row.model])
        else:
            continue
        commands.append(" ".join(["menagerie", *command(table, row, table.data, "zoo")]))
    for name, of in of_all.external.items():
        lines.append(f"| {name} | {figures(of.figures)} | {ahead.get(name, '-')} | - | - | no model |")
    for name, of in of_all.references.items():
        lines.append(f"| {name} | {figures(of.figures)} | - | - | - | no model: {TITLES.get(name, name)} |")
    return "\n".join([*lines, "\n```sh", *commands, "```\n"])


def figures(of: dict[str, Interval]) -> str:
    return " | ".join(cell(of.get(metric)) for metric in METRICS)


def cell(figure: Interval | None) -> str:
    return f"{figure.mean:.4f} [{figure.low:.4f}, {figure.high:.4f}]" if figure else "not applicable"


def beside_baseline(of_all: Measured, baseline: str) -> dict[str, str]:
    """By name, the difference to the baseline; in brackets where Holm over all pairs of the table does not allow it."""
    found = {}
    for one in of_all.compared(COMPARED):
        if baseline in (one.a, one.b):
            name, sign = (one.a, 1) if one.b == baseline else (one.b, -1)
            low, high = sorted((sign * one.low, sign * one.high))
            text = f"{sign * one.difference:+.4f} [{low:+.4f}, {high:+.4f}]"
            found[name] = text if one.distinguishable else f"({text})"
    return found


def duration(card: Card) -> str:
    seconds = card.fit_seconds
    return f"{seconds / 3600:.1f} h, {card.device}" if seconds > 3600 else f"{seconds:.0f} s, {card.device}"


def write(file: Path, tables: str) -> None:
    before, _, rest = file.read_text(encoding="utf-8").partition(BEGIN)
    _, end, after = rest.partition(END)
    if not end:
        sys.exit(f"{file} has no {BEGIN.strip()} ... {END}.")
    file.write_text(before + BEGIN + tables + end + after, encoding="utf-8")


if __name__ == "__main__":
    main()
