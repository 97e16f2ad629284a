"""Lists on a GPU: users a second, beside what bytes and arithmetic take at least; which nodes ran where.

    python -m benchmarks.gpu_serve                                  EASE of 40,981, Mult-VAE of 20,000 items
    python -m benchmarks.gpu_serve --provider cpu --items 2000 --vae-items 2000    the same code on a processor
    python -m benchmarks.gpu_serve --zoo zoo --dataset D            every model of a zoo

A row per model and batch size. Floor by bytes: the rows of S that the histories name, read once
(EASE), or all weights once per batch (Mult-VAE); plus the scores, written and read. By operations: 2 for each product.
Both at the rates that this device showed in the same run. Lists of 20 are compared with the CPU
provider's, differences of scores below 1e-4 of their range aside.
"""

import argparse
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
from scipy.sparse import csr_array

from benchmarks.harness.machine import Floor, floor
from benchmarks.harness.served import FACTORS, HIDDEN, mult_vae, random_item_item, served
from benchmarks.harness.table import Table
from benchmarks.serve import in_turns
from training.ease import ABOUT as EASE
from training.scorers import ItemItem
from training.variational import ABOUT as VARIATIONAL
from zoo.parity import compare_scores
from zoo.placement import CUDA
from zoo.registry import Zoo
from zoo.runtime import Model
from zoo.settings import Settings

K, LENGTH, ROUNDS = 100, 30, 10
BATCHES = (1, 16, 128, 1024, 4096)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--provider", choices=("cpu", "cuda"), default="cuda")
    parser.add_argument("--items", type=int, default=40_981)
    parser.add_argument("--vae-items", type=int, default=20_000)
    parser.add_argument("--batches", type=int, nargs="+", default=BATCHES)
    parser.add_argument("--bytes", type=int, default=4 * 2**30, help="of one batch's intermediates (default: 4 GiB)")
    parser.add_argument("--zoo", type=Path)
    parser.add_argument("--dataset")
    options = parser.parse_args()
    settings = Settings(provider=options.provider, batch_bytes=options.bytes, session_bytes=2**40)
    device = "cuda" if options.provider == "cuda" else "cpu"
    with tempfile.TemporaryDirectory() as name:
        pairs = of_zoo(options, settings) if options.zoo else made_up(options, settings, Path(name))
        before = floor(device)
        rows = [row for title, model, beside in pairs for row in measured(title, model, beside, options.batches)]
        rates = before.better(floor(device))
    for row in rows:
        least = max(row["floor_bytes"] / rates.bandwidth, row["floor_flops"] / rates.sgemm)
        row["of the floor"] = 1000 * least / row["ms"]
    table(rows, rates, device).write()


def table(rows: list[dict[str, Any]], rates: Floor, device: str) -> Table:
    for row in rows:
        row["lists"] = f"{row['model']}, {row['items']:,} items, {row['users']:,} users"
    placed = {row["model"]: row["placement"] for row in rows}
    where = [f"{model}, {role}: {sentence}." for model, of in placed.items() for role, sentence in of.items()]
    return Table(
        "gpu_serve" if device == "cuda" else "cpu_serve",
        f"Lists of {K} for histories of {LENGTH} items, ONNX Runtime on a {'GPU' if device == 'cuda' else 'processor'}",
        "python -m benchmarks.gpu_serve" + ("" if device == "cuda" else " --provider cpu"),
        [
            "lists",
            "ms",
            "users a second",
            "of the floor",
            "lists of 20 as on a processor",
            "largest difference",
            "ran on",
        ],
        rows,
        [
            f"Floor: {rates.bandwidth / 1e9:,.0f} GB/s and {rates.sgemm / 1e12:.1f} TFLOP/s (float32), measured here.",
            "Largest difference: of a score, as a share of all scores' range; on a GPU products are made in TF32.",
            *where,
        ],
        device=device,
    )


def made_up(options: argparse.Namespace, settings: Settings, folder: Path):
    """(title, model on the device, the same on the CPU), one after the other: only one of them is held."""
    for number, (title, n_items) in enumerate({"EASE": options.items, "Mult-VAE": options.vae_items}.items()):
        scorer = ItemItem(random_item_item(n_items)) if title == "EASE" else mult_vae(n_items)
        about = EASE if title == "EASE" else VARIATIONAL
        model = served(scorer, about, n_items, folder / f"{number}", settings)
        yield (
            title,
            model,
            served(scorer, about, n_items, folder / f"{number}-cpu", settings.model_copy(update={"provider": "cpu"})),
        )


def of_zoo(options: argparse.Namespace, settings: Settings):
    dataset = Zoo(options.zoo).dataset(options.dataset)
    for name in dataset.model_names():
        with dataset.model(name) as folder:
            if folder.card.about.serves_new_profiles:
                yield name, Model(folder, settings), Model(folder, settings.model_copy(update={"provider": "cpu"}))


def measured(title: str, model: Model, beside: Model, batches: list[int]) -> list[dict[str, Any]]:
    n_items = model.card.n_items
    agreed = agreement(model, beside, histories(64, n_items))
    placed = {role: placement.sentence() for role, placement in model.placement.items()}
    rows = []
    for n_users in batches:
        X = histories(n_users, n_items)
        (times,) = in_turns({"": lambda X=X: model.run(X, k=K, outputs=("ranked", "scores"))}, ROUNDS).values()
        read, operations = cost_of(model, n_users, LENGTH)
        rows.append(
            {"model": title, "items": n_items, "users": n_users, "ms": 1000 * min(times),
             "users a second": n_users / min(times), "floor_bytes": read, "floor_flops": operations,
             "ran on": "GPU" if model.provider == CUDA else "CPU", "placement": placed} | agreed
        )  # fmt: skip
    return rows


def cost_of(model: Model, n_users: int, length: int) -> tuple[float, float]:
    """Bytes and operations that B lists need at least."""
    n_items = model.card.n_items
    scores = 2.0 * 4 * n_users * n_items
    if "embedding" not in model.card.outputs:  # rows of S
        return 4.0 * n_users * length * n_items + scores, 2.0 * n_users * length * n_items
    layers = HIDDEN * FACTORS * 3 + HIDDEN * n_items if model.card.dataset == "generated" else model.card.parameters
    return 4.0 * (layers + n_users * length * HIDDEN) + scores, 2.0 * n_users * layers


def histories(n_users: int, n_items: int) -> csr_array:
    rng = np.random.default_rng(0)
    items = np.concatenate([rng.choice(n_items, LENGTH, replace=False) for _ in range(n_users)])
    return csr_array(
        (np.ones(len(items), np.float32), items, np.arange(n_users + 1) * LENGTH), shape=(n_users, n_items)
    )


def agreement(model: Model, beside: Model, X: csr_array) -> dict[str, float]:
    ours, theirs = (one.run(X, k=20, outputs=("all_scores",))["all_scores"] for one in (model, beside))
    parity = compare_scores(ours, theirs, "")
    return {"lists of 20 as on a processor": parity.top_20_agreement, "largest difference": parity.relative_difference}


if __name__ == "__main__":
    main()
