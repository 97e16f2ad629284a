"""EASE beside LensKit's, Cornac's, RecTools' and RecPack's; and beyond one matrix, beside SANSA.

    python -m benchmarks.train_ease                                   10,000 items, exact; some 5 minutes
    python -m benchmarks.train_ease --only ours lenskit               these rows, printed and not kept
    python -m benchmarks.train_ease --data DATA/gowalla               40,981 items: exact, sparse, SANSA; an hour
    python -m benchmarks.train_ease --users 300000 --items 150000 --interactions 20000000

Same threads and the same X for all; what surrounds the fit (reading, a library's own data set) is not counted. Quality:
users who were held out whole show four fifths of their items, and each library's weights score them; nDCG@100 of the
rest by our evaluator. On gowalla: Recall@20 and nDCG@20 under its published split.

Floor: I^3 operations, what a Cholesky factor and the inverse from it take, at the rate of a large float32 product,
measured before and after in the same run. Ours takes fewer where it can: Strassen's products, and the users' matrix.
"""

import argparse
import statistics
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import scipy.sparse as sp
import torch

from benchmarks.harness.generated import generate
from benchmarks.harness.judged import held_out, judged, save
from benchmarks.harness.machine import floor
from benchmarks.harness.peers import PEERS, python_of, version_of
from benchmarks.harness.process import PEERS as SCRIPTS
from benchmarks.harness.process import Failed, run
from benchmarks.harness.table import Row, Table
from training import ease, ease_sparse, few_users
from training.model import Run
from zoo.interactions import Mapping, Rules, read_interactions
from zoo.split import Fold, split

OURS = {"ours": ease, "ease_sparse": ease_sparse}
EXACT = ("ours", "lenskit", "cornac", "rectools", "recpack")
LARGE = ("ours", "ease_sparse", "sansa")
BEYOND = ("ease_sparse", "sansa")
MANY = 60_000  # items: from here on one matrix is too much for most machines
SCORED = 2000  # held-out users
ENOUGH = 30.0  # seconds after which a fit is not repeated
REPEATS = 3
LONGEST = 3600.0  # seconds after which a peer is stopped, which its row says


@dataclass
class Fits:
    """What one library's took, one after the other."""

    title: str
    scores: str  # the file of the last one's
    costs: list[dict[str, Any]] = field(default_factory=list)
    failed: str | None = None  # its last words


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--users", type=int, default=50_000)
    parser.add_argument("--items", type=int, default=10_000)
    parser.add_argument("--interactions", type=int, default=1_000_000)
    parser.add_argument("--data", type=Path, help="a folder that holds gowalla's interactions.parquet")
    parser.add_argument("--l2", type=float, default=None)
    parser.add_argument("--only", nargs="+", choices=(*EXACT, *LARGE), default=None)
    parser.add_argument("--fit", nargs=5, metavar=("MODEL", "TRAIN", "L2", "FOLD_IN", "SCORES"), help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.fit:
        fit_ours(*options.fit)
        return
    X, fold, k = of_gowalla(options.data) if options.data else generated(options)
    many = X.shape[1] > MANY
    names = options.only or (LARGE if options.data else BEYOND if many else EXACT)
    l2 = options.l2 or (80.0 if options.data else 100.0)
    with tempfile.TemporaryDirectory() as folder:
        train, fold_in = save(Path(folder) / "train.npz", X), save(Path(folder) / "fold_in.npz", fold.fold_in)
        before = floor()
        fits = in_turns(names, train, fold_in, l2, Path(folder))
        least = X.shape[1] ** 3 / before.better(floor()).sgemm
        rows = [row_of(name, of, fold, k) for name, of in fits.items()]
    shape = f"--users {options.users} --items {options.items} --interactions {options.interactions}"
    section, command = (
        ("train_ease_gowalla", "python -m benchmarks.train_ease --data DATA/gowalla")
        if options.data
        else (f"train_ease_{options.items}", f"python -m benchmarks.train_ease {shape}")
        if many
        else ("train_ease", "make bench-train")
    )
    found = table(section, command, rows, X, least, k)
    print(found) if options.only else found.write()  # part of a table would stand beside rows of another run


def generated(options: argparse.Namespace) -> tuple[sp.csr_array, Fold, int]:
    """All but the last `SCORED` users to learn from, these to judge by."""
    X = generate(options.users, options.items, options.interactions)
    return *held_out(X, X.shape[0] - SCORED), 100


def of_gowalla(folder: Path) -> tuple[sp.csr_array, Fold, int]:
    read = read_interactions(folder / "interactions.parquet", mapping=Mapping(), rules=Rules(), part="part")
    parts = split(read.X, "column:part", last_time=read.last_time, part=read.part)
    return parts.train, parts.test, 20


def in_turns(names: Sequence[str], train: str, fold_in: str, l2: float, folder: Path) -> dict[str, Fits]:
    """Round after round, so that an hour of a busy machine is everybody's; a long fit is not repeated."""
    fits = {name: Fits(titled(name), str(folder / f"{name}.npy")) for name in names}
    for _ in range(REPEATS):
        for name, of in fits.items():
            if of.failed is None and sum(one["seconds"] for one in of.costs) < ENOUGH:
                print(of.title, flush=True)
                try:
                    of.costs.append(run_one(name, train, l2, fold_in, of.scores))
                except Failed as failed:
                    of.failed = str(failed)
    return fits


def titled(name: str) -> str:
    return f"{PEERS[name].title} {version_of(name)}" if name in PEERS else {"ours": "ours"}.get(name, f"ours, {name}")


def row_of(name: str, of: Fits, fold: Fold, k: int) -> Row:
    if of.failed is not None:
        return {"library": of.title, "note": of.failed}
    row: Row = {
        "library": of.title,
        "exact": name in EXACT,
        "seconds": statistics.median(one["seconds"] for one in of.costs),
        "fits": len(of.costs),
        "peak GiB": max(one["peak"] for one in of.costs) / 2**30,
        "above what was there": max(one["peak"] - one["resident_before"] for one in of.costs) / 2**30,
        "note": PEERS[name].note if name in PEERS else "",
    }
    return row | judged(np.load(of.scores, mmap_mode="r"), fold, k)


def run_one(name: str, train: str, l2: float, fold_in: str, scores: str) -> dict[str, Any]:
    if name in OURS:
        return run("benchmarks.train_ease", "--fit", name, train, str(l2), fold_in, scores)
    script = SCRIPTS / f"{name}_ease.py"
    return run(script, train, str(l2), fold_in, scores, python=python_of(name), seconds=LONGEST)


def fit_ours(name: str, train: str, l2: str, fold_in: str, scores: str) -> None:
    """Prints what benchmarks/peers/measured.py's `answer` prints."""
    from measured import answer, measured  # in benchmarks/peers, beside the peers' scripts

    X, module = sp.csr_array(sp.load_npz(train)), OURS[name]
    with measured() as cost:
        scorer = module.fit(X, module.Config(l2=float(l2)), Run()).scorer
    shown = sp.csr_array(sp.load_npz(fold_in))
    if name == "ours":
        found = np.empty(shown.shape, dtype=np.float32)
        for start in range(0, shown.shape[0], 1000):
            found[start : start + 1000] = shown[start : start + 1000] @ scorer.S.numpy()
    else:
        starts = np.arange(len(scorer.columns) + 1) * scorer.columns.shape[1]
        S = sp.csr_array((scorer.similarities.numpy().ravel(), scorer.columns.numpy().ravel(), starts))
        found = (shown @ S).toarray()
    np.save(scores, found)
    answer(cost)


def table(section: str, command: str, rows: list[Row], X: sp.csr_array, least: float, k: int) -> Table:
    ours = next((row["seconds"] for row in rows if row["library"] == "ours" and "seconds" in row), None)
    for row in rows:
        if "seconds" in row:
            row["times the floor"] = row["seconds"] / least if row["exact"] else None
            row["times ours"] = row["seconds"] / ours if ours else None
    matrix = 4 * X.shape[1] ** 2 / 2**30
    smaller = ""
    if few_users.worth_it(*X.shape, torch.device("cpu")):
        few = least * (X.shape[0] / X.shape[1]) ** 3
        smaller = f" Ours inverts the users' matrix, in U^3 operations: {few:.1f} s at that rate."
    columns = ["library", "seconds", "times ours", "times the floor", "peak GiB", "above what was there"]
    return Table(
        section,
        f"EASE: {X.shape[0]:,} users, {X.shape[1]:,} items, {X.nnz:,} interactions",
        command,
        [*columns, f"nDCG@{k}", f"Recall@{k}", "fits", "note"],
        rows,
        [
            f"Floor: I^3 operations at the rate of a float32 product in this run: {least:.1f} s. One matrix of 4 I^2 "
            f"bytes: {matrix:.2f} GiB. Seconds: median of the fits.{smaller}",
            "Peak GiB: all that is resident in the process, imports and data too; the next column leaves out what was "
            "resident before the fit.",
        ],
    )


if __name__ == "__main__":
    main()
