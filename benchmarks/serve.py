"""What a list costs: one user, batches of users, and how the cost grows.

    python -m benchmarks.serve                        weights and histories made up, 10,000 items
    python -m benchmarks.serve --zoo zoo --dataset D  every model of a zoo, its test users; variants with their quality
    python -m benchmarks.serve --only one             one table of: one, batch, growth, variants

One user: the lists of 20 of users with about 50 items, one after the other, through `Model.run`; the floor is what
NumPy needs to add the rows of the same matrix and to partition the scores. Batch: lists of 100 of all users at once.
All ways are timed in turns, the best of several, so that a disturbance hits none alone; lists are compared.
"""

import argparse
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import scipy.sparse as sp

from benchmarks.harness.figure import loglog
from benchmarks.harness.generated import generate
from benchmarks.harness.machine import floor as machine_floor
from benchmarks.harness.peers import python_of
from benchmarks.harness.process import PEERS, Failed, run
from benchmarks.harness.served import HIDDEN, models
from benchmarks.harness.table import Row, Table
from training.variants import item_item_weights
from zoo.registry import Zoo
from zoo.runtime import Model, Runtime
from zoo.settings import Settings

LENGTH, K_ONE, K_BATCH = 50, 20, 100
ROUNDS_ONE, ROUNDS_BATCH, TIMED = 60, 5, 20
TABLES = ("one", "batch", "growth", "variants")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--zoo", type=Path, help="every model of its data set in place of made-up ones")
    parser.add_argument("--dataset")
    parser.add_argument("--items", type=int, default=10_000, help="of the made-up catalogue (default: 10000)")
    parser.add_argument("--users", type=int, default=2048, help="in a batch (default: 2048)")
    parser.add_argument("--only", nargs="+", choices=TABLES, default=TABLES)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        served, S, X = (of_zoo if options.zoo else made_up)(options, Path(name))
        if "one" in options.only:
            one_user(served, S, X, options.dataset).write()
        if "batch" in options.only:
            batch(served, S, X[: options.users], Path(name)).write()
        if "growth" in options.only:
            growth(served["EASE"], options.items).write()
        if "variants" in options.only and options.zoo:
            variants(options).write()


def made_up(options: argparse.Namespace, folder: Path) -> tuple[dict[str, Model], np.ndarray, sp.csr_array]:
    served = models(options.items, folder, Settings(provider="cpu"))
    X = generate(4 * options.users, options.items, 100 * options.users)
    return served, np.array(item_item_weights(folder / "0")), X


def of_zoo(options: argparse.Namespace, folder: Path) -> tuple[dict[str, Model], np.ndarray, sp.csr_array]:
    dataset = Zoo(options.zoo).dataset(options.dataset)
    runtime = Runtime(Settings(provider="cpu", session_bytes=2**40))
    loaded = [runtime.load(dataset.model(name)) for name in dataset.model_names()]
    served = {model.card.about.title: model for model in loaded if model.card.about.serves_new_profiles}
    with dataset.model("ease") as ease:
        S = np.array(item_item_weights(ease.path))
    options.items = len(S)
    return served, S, dataset.test.fold_in


def one_user(served: dict[str, Model], S: np.ndarray, X: sp.csr_array, dataset: str | None) -> Table:
    like = np.argsort(np.abs(np.diff(X.indptr) - LENGTH), kind="stable")[:TIMED]
    users = [X[[row]] for row in like]
    floor = "NumPy: row sum and argpartition"
    ways: dict[str, Callable] = {floor: lambda x: by_numpy(S, x, K_ONE)}
    ways |= {title: lambda x, model=model: model.run(x, k=K_ONE)["ranked"][0] for title, model in served.items()}
    bandwidth = machine_floor().bandwidth
    seconds = in_turns({title: lambda way=way: [way(x) for x in users] for title, way in ways.items()}, ROUNDS_ONE)
    agree = np.mean([by_numpy(S, x, K_ONE).tolist() == ways["EASE"](x).tolist() for x in users])
    rows = [
        {
            "model": title,
            "ms": 1000 * min(times) / TIMED,
            "median ms": 1000 * float(np.median(times)) / TIMED,
            "to NumPy's": min(times) / min(seconds[floor]),
            "MB of weights": served[title].card.weight_bytes / 1e6 if title in served else S.nbytes / 1e6,
        }
        for title, times in seconds.items()
    ]
    return Table(
        f"serve_one_{dataset}" if dataset else "serve_one",
        f"One user, {len(S):,} items, a list of {K_ONE}" + (f": every model of {dataset}" if dataset else ""),
        "make bench-serve",
        ["model", "ms", "median ms", "to NumPy's", "MB of weights"],
        rows,
        [
            f"{TIMED} users of about {LENGTH} items one after the other, {ROUNDS_ONE} rounds in turns; the best round, "
            "and the median one. On a shared machine only the ratio means something.",
            f"EASE gives NumPy's list, place by place, for {agree:.0%} of them.",
            f"A copy in memory moves {bandwidth / 1e9:.1f} GB/s here: a layer of {HIDDEN} x {len(S):,} weights is read "
            f"in {1000 * 4 * HIDDEN * len(S) / bandwidth:.2f} ms.",
        ],
    )


def by_numpy(S: np.ndarray, x: sp.csr_array, k: int) -> np.ndarray:
    scores = x.data @ S[x.indices] if (x.data != 1).any() else S[x.indices].sum(axis=0)
    scores[x.indices] = -np.inf
    best = np.argpartition(-scores, k)[:k]
    return best[np.argsort(-scores[best])]


def by_scipy(S: np.ndarray, X: sp.csr_array, k: int, at_once: int = 64) -> np.ndarray:
    lists = []
    for start in range(0, X.shape[0], at_once):
        part = X[start : start + at_once]
        scores = part @ S
        scores[np.repeat(np.arange(part.shape[0]), np.diff(part.indptr)), part.indices] = -np.inf
        best = np.argpartition(-scores, k, axis=1)[:, :k]
        order = np.argsort(-np.take_along_axis(scores, best, axis=1), axis=1)
        lists.append(np.take_along_axis(best, order, axis=1))
    return np.concatenate(lists)


def batch(served: dict[str, Model], S: np.ndarray, X: sp.csr_array, folder: Path) -> Table:
    ours, scipy = "ours, EASE", "scipy: sparse @ dense, argpartition"
    mine = {f"ours, {title}": model for title, model in served.items() if title.startswith("EASE")}
    ways = {title: lambda model=model: model.run(X, k=K_BATCH)["ranked"] for title, model in mine.items()}
    ways |= {scipy: lambda: by_scipy(S, X, K_BATCH)}
    seconds = {title: min(times) for title, times in in_turns(ways, ROUNDS_BATCH).items()}
    lists = {title: way() for title, way in ways.items()}
    notes = []
    try:
        seconds["implicit"], lists["implicit"] = by_implicit(S, X, folder)
    except (Failed, OSError) as failed:
        notes.append(f"implicit is left out: {failed}.")
    fastest = min(value for title, value in seconds.items() if title not in mine)
    rows = [
        {
            "way": title,
            "users a second": X.shape[0] / value,
            "to the best of the others": fastest / value,
            "same lists as ours": float(
                np.mean([set(a) == set(b) for a, b in zip(lists[title], lists[ours], strict=True)])
            ),
        }
        for title, value in seconds.items()
    ]
    notes.append(
        "Ours through ONNX Runtime. scipy adds rows where they lie; the graph's Gather writes them down first, so that "
        "they move three times. These weights were drawn at random, of which the strongest of a row say little: what "
        "pruning and rounding cost on real data stands on the variants' cards."
    )
    notes.append(
        f"{X.shape[0]:,} users, {X.nnz / X.shape[0]:.1f} items each; the best of {ROUNDS_BATCH} rounds in turns."
    )
    title = f"Lists of {K_BATCH} for many users, EASE, {len(S):,} items"
    columns = ["way", "users a second", "to the best of the others", "same lists as ours"]
    return Table("serve_batch", title, "make bench-serve", columns, rows, notes)


def by_implicit(S: np.ndarray, X: sp.csr_array, folder: Path) -> tuple[float, np.ndarray]:
    np.save(folder / "S.npy", S)
    sp.save_npz(folder / "X.npz", sp.csr_matrix(X))
    files = [str(folder / name) for name in ("S.npy", "X.npz")]
    found = run(
        PEERS / "implicit_recommend.py", *files, str(K_BATCH), str(folder / "lists.npy"), python=python_of("implicit")
    )
    return found["best"], np.load(folder / "lists.npy")


def growth(ease: Model, n_items: int) -> Table:
    """One quantity moves, the others stay: 512 users of 20 items, lists of 100."""
    base = {"users": 512, "items of a history": 20, "list length": 100}
    steps = {
        "users": (64, 128, 256, 512, 1024, 2048),
        "items of a history": (5, 10, 20, 40, 80, 160),
        "list length": (10, 30, 100, 300, 1000),
    }
    rows: list[Row] = []
    for what, values in steps.items():
        asked = {value: base | {what: value} for value in values}
        ways = {value: timed_question(ease, n_items, *asked[value].values()) for value in values}
        for value, times in in_turns(ways, ROUNDS_BATCH).items():
            rows.append({"what": f"{what}: {value:,}", "of": what, "value": value, "ms": 1000 * min(times)})
    with tempfile.TemporaryDirectory() as name:
        for size in (n_items // 8, n_items // 4, n_items // 2):
            folder = Path(name) / str(size)
            folder.mkdir()
            model = models(size, folder, Settings(provider="cpu"))["EASE"]
            times = in_turns({size: timed_question(model, size, *base.values())}, ROUNDS_BATCH)[size]
            rows.append({"what": f"items: {size:,}", "of": "items", "value": size, "ms": 1000 * min(times)})
    same = next(row["ms"] for row in rows if row["of"] == "users" and row["value"] == base["users"])
    rows.append({"what": f"items: {n_items:,}", "of": "items", "value": n_items, "ms": same})
    lines = {what: [(row["value"], row["ms"]) for row in rows if row["of"] == what] for what in [*steps, "items"]}
    slopes = {what: float(np.polyfit(*np.log(np.array(line)).T, 1)[0]) for what, line in lines.items()}
    fitted = "; ".join(f"{what}^{slope:.2f}" for what, slope in slopes.items())
    return Table(
        "serve_growth",
        f"How the cost of EASE's lists grows, from {', '.join(f'{what} {value:,}' for what, value in base.items())}",
        "make bench-serve",
        ["what", "ms"],
        rows,
        [f"Fitted, a straight line through the logarithms: {fitted}. 1 is linear."],
        figure=loglog("serve", "users, items of a history, list length, items", "milliseconds", lines),
    )


def timed_question(model: Model, n_items: int, n_users: int, length: int, k: int) -> Callable:
    rng = np.random.default_rng(0)
    items = np.concatenate([rng.choice(n_items, length, replace=False) for _ in range(n_users)])
    indptr = np.arange(n_users + 1) * length
    X = sp.csr_array((np.ones(len(items), np.float32), items, indptr), shape=(n_users, n_items))
    return lambda: model.run(X, k=k, graph="rows")


def variants(options: argparse.Namespace) -> Table:
    """Of every model that was made from another one: bytes, and quality beside the original's."""
    dataset = Zoo(options.zoo).dataset(options.dataset)
    cards = {name: dataset.model(name).card for name in dataset.model_names()}
    originals = dict.fromkeys(card.details["made_from"] for card in cards.values() if "made_from" in card.details)
    rows = []
    for original in originals:
        for card in (cards[original], *(c for c in cards.values() if c.details.get("made_from") == original)):
            found = card.metrics and card.metrics["ndcg_at_100"]
            words = f"{found.mean:.4f} ({found.low:.4f} to {found.high:.4f})" if found else card.reason
            rows.append({"model": card.about.title, "MB": card.weight_bytes / 1e6, "nDCG@100": words})
    title = f"Variants and what they keep: {dataset.name}"
    notes = ["In brackets the 95 % interval over test users; `menagerie compare` says whether two differ."]
    return Table(
        "serve_variants",
        title,
        "python -m benchmarks.serve --zoo ZOO --only variants",
        ["model", "MB", "nDCG@100"],
        rows,
        notes,
    )


def in_turns(ways: dict, rounds: int) -> dict:
    """Seconds of every round of each way, one round of each after the other; the first one apart."""
    seconds: dict = {title: [] for title in ways}
    for number in range(rounds + 1):
        for title, way in ways.items():
            start = time.perf_counter()
            way()
            if number:
                seconds[title].append(time.perf_counter() - start)
    return seconds


if __name__ == "__main__":
    main()
