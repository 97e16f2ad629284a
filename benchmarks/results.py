"""The README's tables, from the cards of a zoo: quality on the test users with intervals, time and memory of the fit.

    python benchmarks/results.py --zoo zoo-data ml-latest-small goodbooks-10k-v1
    python benchmarks/results.py --zoo zoo-data ml-latest-small goodbooks-10k-v1 --write README.md

With --write, what stands between `<!-- results -->` and `<!-- end of results -->` in the file is replaced.
"""

import argparse
from pathlib import Path

from zoo.card import Card
from zoo.dataset import Dataset
from zoo.registry import Zoo

METRICS = {"recall_at_20": "recall@20", "recall_at_50": "recall@50", "ndcg_at_20": "nDCG@20", "ndcg_at_100": "nDCG@100"}
BEGIN, END = "<!-- results -->\n", "<!-- end of results -->"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--zoo", type=Path, required=True)
    parser.add_argument("datasets", nargs="*", help="default: all")
    parser.add_argument("--write", type=Path, metavar="FILE")
    options = parser.parse_args()
    zoo = Zoo(options.zoo)
    text = "\n".join(table(zoo.dataset(name)) for name in options.datasets or zoo.datasets())
    if not options.write:
        print(text)
        return
    before, _, rest = options.write.read_text(encoding="utf-8").partition(BEGIN)
    _, end, after = rest.partition(END)
    if not end:
        parser.error(f"{options.write} has no {BEGIN.strip()} ... {END}.")
    options.write.write_text(before + BEGIN + text + end + after, encoding="utf-8")


def table(dataset: Dataset) -> str:
    info = dataset.info
    cards = []
    for name in dataset.model_names():
        with dataset.model(name) as folder:
            cards.append(folder.card)
    cards.sort(key=lambda card: -card.metrics["ndcg_at_100"].mean if card.metrics else 0.0)
    rows = [
        f"**{info.name}**, `--split {info.split}`: {info.n_users:,} users, {info.n_items:,} items, "
        f"{info.n_interactions:,} interactions; {info.n_test_users:,} test users.\n",
        f"| model | {' | '.join(METRICS.values())} | fit | memory |",
        "|---|" + "---|" * (len(METRICS) + 2),
        *map(row, cards),
    ]
    return "\n".join(rows) + "\n"


def row(card: Card) -> str:
    figures = card.metrics or {}
    cells = [
        f"{i.mean:.4f} [{i.low:.4f}, {i.high:.4f}]" if (i := figures.get(metric)) else "not applicable"
        for metric in METRICS
    ]
    memory = "-" if card.peak_bytes is None else f"{card.peak_bytes / 2**30:.2f} GiB"
    return f"| `{card.name}` | {' | '.join(cells)} | {card.fit_seconds:.1f} s | {memory} |"


if __name__ == "__main__":
    main()
