"""EASE on a GPU: what the inverse and the whole fit take, beside the arithmetic that they need.

    python -m benchmarks.gpu_ease                             the shape of gowalla, on a GPU of 10 GiB or more
    python -m benchmarks.gpu_ease --device cpu --items 2000   the same code on a processor, to see that it runs

Floor: I^3 operations at the rate of a float32 product of large squares on the same device, before and after; the copy
of S to the processor beside the rate of a copy. The first fit of a process makes the libraries' work spaces and is told
apart.
"""

import argparse
import time
from collections.abc import Callable
from typing import Any

import torch
from scipy.sparse import csr_array

from benchmarks.harness.generated import generate
from benchmarks.harness.machine import floor, synchronise
from benchmarks.harness.table import Row, Table
from training import ease
from training.gram import gram, residual
from training.inverse import inverse_in_place
from training.model import Run

L2 = 80.0
FITS = 3


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--device", choices=("cpu", "cuda"), default="cuda")
    parser.add_argument("--users", type=int, default=30_000)
    parser.add_argument("--items", type=int, default=40_981)
    parser.add_argument("--interactions", type=int, default=810_000)
    options = parser.parse_args()
    X = generate(options.users, options.items, options.interactions)
    device = torch.device(options.device)
    before = floor(options.device)
    rows = [parts_of_a_fit(X, device) for _ in range(FITS)]
    wholes = [seconds_of(lambda: ease.fit(X, ease.Config(l2=L2), Run(device=device)), device)[0] for _ in range(FITS)]
    rate = before.better(floor(options.device)).sgemm
    for row, whole in zip(rows, wholes, strict=True):
        row["whole fit, S on the processor"] = whole
        row["share of the floor"] = options.items**3 / rate / row["inverse"]
    table(rows, X, rate, options).write()


def parts_of_a_fit(X: csr_array, device: torch.device) -> Row:
    made, G = seconds_of(lambda: gram(X, L2, device), device)
    inverted, minus_P = seconds_of(lambda: inverse_in_place(G), device)
    return {"Gram matrix": made, "inverse": inverted, "residual": residual(X, L2, minus_P)}


def seconds_of(work: Callable[[], Any], device: torch.device) -> tuple[float, Any]:
    synchronise(device.type)
    start = time.perf_counter()
    found = work()
    synchronise(device.type)
    return time.perf_counter() - start, found


def table(rows: list[Row], X: csr_array, rate: float, options: argparse.Namespace) -> Table:
    for number, row in enumerate(rows, 1):
        row["fit"] = f"number {number}"
    columns = ["fit", "Gram matrix", "inverse", "share of the floor", "whole fit, S on the processor", "residual"]
    peak = torch.cuda.max_memory_allocated() / 2**30 if options.device == "cuda" else float("nan")
    return Table(
        "gpu_ease" if options.device == "cuda" else "cpu_ease",  # a trial does not take the place of what a GPU did
        f"EASE on a GPU: {X.shape[0]:,} users, {X.shape[1]:,} items, {X.nnz:,} interactions; seconds",
        "make bench-gpu",
        columns,
        rows,
        [
            f"Floor of the inverse: I^3 operations at {rate / 1e12:.1f} TFLOP/s, a float32 product here: "
            f"{X.shape[1] ** 3 / rate:.2f} s.",
            f"On the device at most {peak:.2f} GiB, of which S is {4 * X.shape[1] ** 2 / 2**30:.2f}.",
        ],
        device=options.device,
    )


if __name__ == "__main__":
    main()
