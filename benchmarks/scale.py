"""How EASE's cost grows with the catalogue: exact and in blocks, seconds and memory, with fitted exponents.

    python -m benchmarks.scale                   1,250 to 10,000 items, a few minutes
    python -m benchmarks.scale --most 20000      up to 20,000

Ten users and two hundred interactions per item, generated. Each fit is in a process of its own. An exponent is the
slope of a straight line through log(cost) over log(items): 3 for what grows with the cube, 1 as the catalogue does.
"""

import argparse
import tempfile
from pathlib import Path

import numpy as np

from benchmarks.harness.figure import loglog
from benchmarks.harness.generated import generate
from benchmarks.harness.judged import save
from benchmarks.harness.process import run
from benchmarks.harness.table import Row, Table

LEAST, MOST = 1250, 10_000  # items
USERS, INTERACTIONS = 10, 200  # per item
FITTED_FROM = 2500  # items: below, what every fit costs outweighs what grows
KINDS = {"ours": "exact", "ease_sparse": "in blocks"}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--most", type=int, default=MOST)
    options = parser.parse_args()
    sizes = [LEAST * 2**i for i in range(20) if LEAST * 2**i <= options.most]
    rows = [cost_of(name, n_items) for name in KINDS for n_items in sizes]
    exponents = {(name, what): exponent(rows, name, what) for name in KINDS.values() for what in ("seconds", "GiB")}
    table(rows, exponents, options.most).write()


def cost_of(name: str, n_items: int) -> Row:
    with tempfile.TemporaryDirectory() as folder:
        X = generate(USERS * n_items, n_items, INTERACTIONS * n_items)
        train, fold_in = save(Path(folder) / "train.npz", X), save(Path(folder) / "fold_in.npz", X[:10])
        found = run("benchmarks.train_ease", "--fit", name, train, "100", fold_in, str(Path(folder) / "scores.npy"))
    memory = (found["peak"] - found["resident_before"]) / 2**30
    print(name, n_items, found["seconds"], memory, flush=True)
    key = f"{KINDS[name]}, {n_items:,} items"
    return {"fit": key, "kind": KINDS[name], "items": n_items, "seconds": found["seconds"], "GiB": memory}


def exponent(rows: list[Row], kind: str, what: str) -> float:
    """The slope of log(cost) over log(items)."""
    points = [(row["items"], row[what]) for row in rows if row["kind"] == kind and row["items"] >= FITTED_FROM]
    return float(np.polyfit(*np.log(np.array(points)).T, 1)[0]) if len(points) > 1 else float("nan")


def table(rows: list[Row], exponents: dict[tuple[str, str], float], most: int) -> Table:
    words = [f"{kind}: {what} grow with items^{value:.2f}" for (kind, what), value in exponents.items()]
    lines = {kind: [(row["items"], row["seconds"]) for row in rows if row["kind"] == kind] for kind in KINDS.values()}
    name = "scale" if most == MOST else f"scale_{most}"
    return Table(
        name,
        "How EASE's cost grows with the catalogue",
        "make bench-scale" + (f" MOST={most}" if most != MOST else ""),
        ["fit", "seconds", "GiB"],
        rows,
        [
            f"{USERS} users and {INTERACTIONS} interactions per item, generated; GiB above what was resident before.",
            f"Fitted from {FITTED_FROM:,} items on: " + "; ".join(words) + ".",
        ],
        figure=loglog(name, "items", "seconds", lines),
    )


if __name__ == "__main__":
    main()
