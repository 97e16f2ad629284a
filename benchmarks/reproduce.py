"""training/README.md: command -> our figure with its 95 % interval -> the published one -> what differs.

    python benchmarks/reproduce.py --data ../shared/data --zoo zoo-reproduced                      train what is missing
    python benchmarks/reproduce.py --data ../shared/data --zoo zoo-reproduced --write training/README.md
    python benchmarks/reproduce.py ... --only ml-latest-small                                      one data set

--data is a folder with one folder per data set (ml-latest-small, goodbooks-10k-v1, gowalla). A model that lies in the
zoo already is not trained again. Hours on a CPU for gowalla; the other two take minutes.
"""

import argparse
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from zoo.card import Card, Interval
from zoo.dataset import Dataset
from zoo.registry import Zoo

CHECKOUT = Path(__file__).resolve().parent.parent
BEGIN, END = "<!-- figures -->\n", "<!-- end of figures -->"
METRICS = {"recall_at_20": "Recall@20", "ndcg_at_20": "nDCG@20"}


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

    data: str  # folder
    split: str
    name: str  # in the zoo
    about: str
    rows: tuple[Row, ...]


GOWALLA = (
    Row("popularity", published="0.0416 / 0.0317"),
    Row("item_knn", published="0.1570 / 0.1214", differs="theirs: plain cosine; ours weighs users and popularity"),
    Row("pure_svd", "n_factors=512"),
    Row("ease", "l2=80", "0.1765 / 0.1467"),
    Row("asymmetric_svd", "n_factors=128"),
    Row("variational", "", "0.1641 / 0.1335", "theirs: Mult-VAE"),
    Row("denoising", "", "0.1641 / 0.1335", "no figure for Mult-DAE there: Mult-VAE's"),
    Row("two_tower_id", "batch_size=4096 n_epochs=60 l2=0", "0.1627 / 0.1378", "theirs: MF-BPR; ours: sampled softmax"),
    Row("two_tower_profile", "batch_size=4096 n_epochs=60", "0.1754 / 0.1473", "theirs: YoutubeDNN"),
)
EVERYBODY = tuple(
    Row(name)
    for name in (
        *("popularity", "item_knn", "pure_svd", "ease", "asymmetric_svd", "autoencoder", "denoising", "variational"),
        *("two_tower_profile", "two_tower_item_profile", "two_tower_text"),
    )
)
TABLES = (
    Table(
        "gowalla",
        "column:part",
        "gowalla",
        "The split of the LightGCN paper; recall is divided by n held out.",
        GOWALLA,
    ),
    Table(
        "ml-latest-small", "strong:98765", "ml-latest-small", "Users held out whole; no published figures.", EVERYBODY
    ),
    Table(
        *("goodbooks-10k-v1", "cold-items:98765", "goodbooks-cold"),
        "A tenth of the books is in no training row: only words reach them. `python benchmarks/cold_items.py` compares "
        "with TF-IDF.",
        (Row("popularity"), Row("two_tower_text")),
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
        write(options.write, "\n".join(text(table, Zoo(options.zoo).dataset(table.name)) for table in tables))
        return
    for table in tables:
        for row in table.rows:
            if not (options.zoo / table.name / row.model).exists() and row.model in (options.models or [row.model]):
                train(table, row, options.data, options.zoo)


def command(table: Table, row: Row) -> str:
    settings = f" --set {row.settings}" if row.settings else ""
    return (
        f"menagerie train {row.model} --data {table.data} --split {table.split} --name {table.name} --out zoo{settings}"
    )


def train(table: Table, row: Row, data: Path, zoo: Path) -> None:
    arguments = command(table, row).split()[1:]
    arguments[arguments.index("--data") + 1] = str((data / table.data).resolve())
    arguments[arguments.index("--out") + 1] = str(zoo.resolve())
    subprocess.run([sys.executable, "-m", "zoo.cli", *arguments], cwd=CHECKOUT, check=True, env=dict(os.environ))


def text(table: Table, dataset: Dataset) -> str:
    info = dataset.info
    lines = [
        f"## {info.name}, `--split {info.split}`\n",
        f"{table.about} {info.n_users:,} users, {info.n_items:,} items, {info.n_test_users:,} test users.\n",
        f"| model | {' | '.join(METRICS.values())} | published | fit | what differs |",
        "|---|" + "---|" * (len(METRICS) + 3),
    ]
    for row in table.rows:
        if row.model in dataset.model_names():
            with dataset.model(row.model) as folder:
                lines.append(line(row, folder.card))
    lines += ["\n```", *(command(table, row) for row in table.rows if row.model in dataset.model_names()), "```\n"]
    return "\n".join(lines)


def line(row: Row, card: Card) -> str:
    figures = card.metrics or {}
    cells = " | ".join(cell(figures.get(metric)) for metric in METRICS)
    return f"| `{row.model}` | {cells} | {row.published} | {duration(card)} | {row.differs} |"


def cell(figure: Interval | None) -> str:
    return f"{figure.mean:.4f} [{figure.low:.4f}, {figure.high:.4f}]" if figure else "not applicable"


def duration(card: Card) -> str:
    seconds = card.fit_seconds
    return f"{seconds / 3600:.1f} h {card.device}" if seconds > 3600 else f"{seconds:.0f} s {card.device}"


def write(file: Path, tables: str) -> None:
    before, _, rest = file.read_text(encoding="utf-8").partition(BEGIN)
    _, end, after = rest.partition(END)
    if not end:
        sys.exit(f"{file} has no {BEGIN.strip()} ... {END}.")
    file.write_text(before + BEGIN + tables + end + after, encoding="utf-8")


if __name__ == "__main__":
    main()
