"""An epoch of Mult-VAE beside Cornac's and RecPack's: users a second, peak memory, and whether all three learn.

    python -m benchmarks.train_neural                        the shape of MovieLens 20M, a tenth of the users
    python -m benchmarks.train_neural --users 137000         all of them
    python -m benchmarks.train_neural --device cuda          ours alone on a GPU, per precision and batch size
    python -m benchmarks.train_neural --alone --users 500 --items 900    the same on a processor, to see it run

Same threads, same batches, same widths (I - 600 - 200 - 600 - I). Data are generated (benchmarks/harness/generated.py):
20,000 items, 73 interactions per user. Each library trains in a process of its own; what surrounds the epoch (reading,
conversion, starting weights, validation) is not counted for anybody. Quality: each trained with the same number of
epochs and step on nine tenths of a smaller generated set; its scores for the tenth left out, of four fifths of each
history, are judged by nDCG@100 of the rest, by our evaluator.

Floor of an epoch by arithmetic: 6 operations per user and weight of the dense products (a multiplication and an
addition, forward and twice backward): W_2 [400, 600], W_3 [600, 200], W_4 [I, 600]; W_1 is read by rows. By bytes, per
update: Adam reads w, g, m, v and writes w, m, v; the running mean reads w and itself and is written; gradients are
written; scores [B, I] are written by the product, read and written by the softmax and its gradient, and read by two
products.
"""

import argparse
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import scipy.sparse as sp
import torch

from benchmarks.harness.generated import generate
from benchmarks.harness.judged import held_out, judged, save
from benchmarks.harness.machine import Floor, best_of, floor
from benchmarks.harness.peers import PEERS, python_of, version_of
from benchmarks.harness.process import PEERS as SCRIPTS
from benchmarks.harness.process import Failed, run
from benchmarks.harness.table import Row, Table
from training import loop, variational
from training.model import Run
from zoo.split import Fold

USERS = 13_700  # a tenth of MovieLens 20M's
ITEMS, PER_USER = 20_000, 73  # its shape: users with at least 5 ratings of 4 or more (Liang et al. 2018)
HIDDEN, FACTORS = 600, 200
QUALITY = (2_500, 1_000, 75_000)  # users, items, interactions
QUALITY_EPOCHS, RATE = 20, 0.001
VARIANTS = ("float32", "tf32", "bfloat16")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--users", type=int, default=USERS)
    parser.add_argument("--items", type=int, default=ITEMS)
    parser.add_argument("--batch", type=int, default=500, help="users per update")
    parser.add_argument("--device", choices=("cpu", "cuda"), default="cpu")
    parser.add_argument("--alone", action="store_true", help="without the peers, one line of JSON")
    parser.add_argument("--ours", nargs=4, metavar=("TRAIN", "EPOCHS", "FOLD_IN", "SCORES"), help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.ours:
        train_ours(options.batch, *options.ours)
    elif options.alone or options.device == "cuda":
        alone(options.users, options.items, options.batch, options.device)
    else:
        beside_peers(options.users, options.items, options.batch)


def beside_peers(n_users: int, n_items: int, batch: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        train = save(Path(folder) / "train.npz", generate(n_users, n_items, n_users * PER_USER))
        small = quality_fold()
        known = save(Path(folder) / "known.npz", small[0])
        fold_in = save(Path(folder) / "fold_in.npz", small[1].fold_in)
        before = floor()
        rows: list[Row] = []
        for name in ("ours", "cornac", "recpack"):
            try:
                found = run_one(name, train, batch, 1)
                scores = str(Path(folder) / f"{name}.npy")
                run_one(name, known, 100, QUALITY_EPOCHS, fold_in, scores)
                rows.append(as_row(name, found, judged(np.load(scores), small[1], loop.VALIDATION_K)))
                print(rows[-1], file=sys.stderr, flush=True)
            except Failed as failed:
                rows.append({"library": PEERS[name].title if name in PEERS else name, "note": str(failed)})
        limits = before.better(floor())
    peers = [row["users a second"] for row in rows[1:] if "users a second" in row]
    for row in rows:
        if "users a second" in row:
            row["of the floor"] = flops_per_user(n_items) / limits.sgemm * row["users a second"]
            row["against the best peer"] = row["users a second"] / max(peers) if peers else None
    table(n_users, n_items, batch, rows, limits).write()


def table(n_users: int, n_items: int, batch: int, rows: list[Row], limits: Floor) -> Table:
    usual = n_users == USERS
    shape = f"{n_users:,} users x {n_items:,} items, {n_users * PER_USER:,} interactions, batches of {batch}"
    return Table(
        "train_neural" if usual else f"train_neural_{n_users}",
        f"An epoch of Mult-VAE: {shape}",
        "python -m benchmarks.train_neural" + ("" if usual else f" --users {n_users}"),
        ["library", "users a second", "against the best peer", "of the floor", "peak GiB", "nDCG@100", "note"],
        rows,
        [
            f"Floor: {limits.sgemm / 1e9:.0f} GFLOP/s, measured before and after; {flops_per_user(n_items) / 1e6:.0f} "
            "million operations a user, the dense products of W_2, W_3 and W_4, forward and backward. The peers "
            "multiply by a dense W_1 as well.",
            "Peak: all that is resident in the process during the epoch, imports and data too.",
            f"nDCG@100: of a smaller generated set, {QUALITY_EPOCHS} epochs of Adam at {RATE}, users held out whole.",
            "Ours also keeps the running mean of the weights that it serves, which the peers do not.",
        ],
    )


def run_one(name: str, train: str, batch: int, epochs: int, fold_in: str = "", scores: str = "") -> dict[str, Any]:
    if name == "ours":
        what = ("--batch", str(batch), "--ours", train, str(epochs), fold_in, scores)
        return run("benchmarks.train_neural", *what)
    quality = (fold_in, scores) if fold_in else ()
    return run(SCRIPTS / f"{name}_vae.py", train, str(batch), str(epochs), str(RATE), *quality, python=python_of(name))


def train_ours(batch: int, train: str, epochs: str, fold_in: str, scores: str) -> None:
    """Prints what benchmarks/peers/measured.py's `answer` prints."""
    from measured import answer, measured  # in benchmarks/peers, beside the peers' scripts

    X = sp.csr_array(sp.load_npz(train))
    config = config_of(batch, int(epochs))
    with measured() as cost:
        fitted = variational.fit(X, config, Run())
    cost["seconds"] = sum(row["seconds"] for row in fitted.curve)
    if fold_in:
        with torch.no_grad():
            np.save(scores, fitted.scorer.reconstruct(sp.csr_array(sp.load_npz(fold_in))).numpy())
    answer(cost, users=X.shape[0] * len(fitted.curve))


def config_of(batch: int, epochs: int, precision: str = "float32") -> variational.Config:
    return variational.Config(
        hidden=HIDDEN, n_factors=FACTORS, batch_size=batch, n_epochs=epochs, patience=epochs, learning_rate=RATE,
        precision=precision, n_sampled=0,
    )  # fmt: skip


def as_row(name: str, found: dict[str, Any], quality: dict[str, float]) -> Row:
    title = "ours" if name == "ours" else f"{PEERS[name].title} {version_of(name)}"
    speed = found["users"] / found["seconds"]
    return {"library": title, "users a second": speed, "peak GiB": found["peak"] / 2**30, "note": ""} | quality


def quality_fold(shape: tuple[int, int, int] = QUALITY) -> tuple[sp.csr_array, Fold]:
    """Generated data: nine tenths of the users to learn from, the others to judge by."""
    X = generate(*shape, seed=1)
    return held_out(X, X.shape[0] * 9 // 10)


def flops_per_user(n_items: int) -> float:
    weights = 2 * FACTORS * HIDDEN + FACTORS * HIDDEN + HIDDEN * n_items  # W_2, W_3, W_4
    return 6.0 * weights  # a multiplication and an addition, forward, and twice backward


def bytes_per_update(n_items: int, batch: int) -> float:
    weights = 2 * HIDDEN * n_items + 3 * FACTORS * HIDDEN
    return 4.0 * ((7 + 3 + 1) * weights + 7 * batch * n_items)


def alone(n_users: int, n_items: int, batch: int, kind: str) -> None:
    """A row per precision and batch size: the second epoch's time, its share of the floors, nDCG@100, memory."""
    X = generate(n_users, n_items, n_users * PER_USER)
    known, fold = quality_fold()
    device, limits, rows = torch.device(kind), floor(kind), []
    for precision in VARIANTS:
        rate = matmul_rate(precision) if kind == "cuda" and precision != "float32" else limits.sgemm
        learned = variational.fit(known, config_of(100, QUALITY_EPOCHS, precision), Run(device=device, validation=fold))
        for size in (batch, 4 * batch):
            if kind == "cuda":
                torch.cuda.reset_peak_memory_stats()
            fitted = variational.fit(X, config_of(size, 2, precision), Run(device=device))
            seconds = fitted.curve[-1]["seconds"]
            by_operations = flops_per_user(n_items) * n_users / rate / seconds
            by_bytes = bytes_per_update(n_items, size) * -(-n_users // size) / limits.bandwidth / seconds
            memory = torch.cuda.max_memory_allocated() / 2**30 if kind == "cuda" else None
            rows.append(
                {"products in": precision, "batch": size, "seconds an epoch": seconds,
                 "users a second": n_users / seconds, "of the floor, operations": by_operations,
                 "of the floor, bytes": by_bytes, "TFLOP/s": rate / 1e12, "peak GiB": memory,
                 "nDCG@100": learned.curve[-1]["validation"]}
            )  # fmt: skip
    Table(
        f"{'gpu' if kind == 'cuda' else 'cpu'}_neural",
        f"An epoch of Mult-VAE, ours alone: {n_users:,} users x {n_items:,} items, {n_users * PER_USER:,} interactions",
        f"python -m benchmarks.train_neural --device {kind} --users {n_users}",
        list(rows[0]),
        rows,
        [
            f"Floors: {flops_per_user(n_items) / 1e6:.0f} million operations a user at the rate of a large product in "
            "this precision (TFLOP/s, measured here), and the bytes that an update must move at "
            f"{limits.bandwidth / 1e9:,.0f} GB/s, measured here.",
            "nDCG@100: of users held out whole in a smaller generated set, the same for both batch sizes.",
        ],
        device=kind,
    ).write()


def matmul_rate(precision: str, n: int = 8192) -> float:
    """Operations a second of a product in this precision on the GPU, the best of five."""
    kind = torch.bfloat16 if precision == "bfloat16" else torch.float32
    a, b = torch.randn(2, n, n, device="cuda", dtype=kind)
    before = torch.get_float32_matmul_precision()
    torch.set_float32_matmul_precision("high")
    seconds = best_of(lambda: torch.mm(a, b), "cuda")
    torch.set_float32_matmul_precision(before)
    return 2 * n**3 / seconds


if __name__ == "__main__":
    main()
