"""Which of an item-item model's two graphs is faster, by batch size and history length? Behind `zoo/batching.py`.

    python benchmarks/item_item_graphs.py --items 10000

Prints milliseconds (the best of five) and their ratio; only ratios within one run mean anything on a shared machine.
"""

import argparse
import tempfile
import time
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import torch

from training.export import write_safetensors
from training.graphs import ITEM_ITEM_DENSE, ITEM_ITEM_ROWS, item_item, with_ranking
from zoo.ort_session import open_session
from zoo.settings import Settings

SHAPES = [(1, 5), (1, 100), (1, 1000), (8, 100), (8, 400), (64, 20), (64, 100), (64, 400), (512, 20)]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "--items", type=int, default=10_000, help="catalogue size I (default: 10000; 4 I^2 bytes on disk)"
    )
    n_items = parser.parse_args().items
    with tempfile.TemporaryDirectory() as folder:
        sessions = dict(graphs(Path(folder), n_items))
        print(f"{'B':>5} {'L':>5} {'rows ms':>10} {'dense ms':>10} {'rows/dense':>11}")
        for batch, length in SHAPES:
            feeds = some_histories(batch, length, n_items)
            rows, dense = (best_of_five(sessions[name], feeds) for name in ("rows", "dense"))
            print(f"{batch:>5} {length:>5} {rows:>10.2f} {dense:>10.2f} {rows / dense:>11.2f}")


def graphs(folder: Path, n_items: int):
    S = torch.randn(n_items, n_items, generator=torch.Generator().manual_seed(0))
    offset = write_safetensors(folder / "weights.safetensors", S)
    for name, template in (("rows", ITEM_ITEM_ROWS), ("dense", ITEM_ITEM_DENSE)):
        onnx.save(
            with_ranking(item_item(template, n_items, "weights.safetensors", offset), n_items), folder / f"{name}.onnx"
        )
        yield name, open_session(str(folder / f"{name}.onnx"), Settings(provider="cpu"))


def some_histories(batch: int, length: int, n_items: int) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(0)
    return {
        "items": np.stack([rng.choice(n_items, length, replace=False) for _ in range(batch)]).astype(np.int64),
        "weights": np.ones((batch, length), np.float32),
        "candidates": np.ones(n_items, bool),
        "exclude_seen": np.array(True),
        "k": np.array(20, np.int64),
    }


def best_of_five(session: onnxruntime.InferenceSession, feeds: dict[str, np.ndarray]) -> float:
    times = []
    for _ in range(6):
        start = time.perf_counter()
        session.run(["ranked", "scores"], feeds)
        times.append(1000 * (time.perf_counter() - start))
    return min(times[1:])


if __name__ == "__main__":
    main()
