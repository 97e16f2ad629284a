"""New items: models that read what an item is, beside counting words and beside the popularity of genres.

    menagerie train two_tower_text --data books --split cold-items:98765 --out zoo
    python benchmarks/cold_items.py --zoo zoo --dataset books

The data set must be split by cold-items. TF-IDF: the cosine of an item's words to the sum of the history's, with the
words, pairs and parts of words that the text tower reads (zoo/content.py), none of them sharing a bucket by chance.
Genres: how often the user's history names each genre, times how many users a warm item of that genre has on average.
Prints every model and both baselines with intervals, and what may be said of the differences.
"""

import argparse
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import polars as pl
from scipy.sparse import csr_array, diags_array

from zoo.content import Recipe
from zoo.dataset import Dataset
from zoo.measuring import measure_all
from zoo.metrics import LONGEST_LIST
from zoo.registry import Zoo
from zoo.runtime import Runtime
from zoo.settings import Settings

N_BUCKETS = 2**22
USERS_AT_ONCE = 2048
METRICS = ("recall_at_20", "ndcg_at_20", "ndcg_at_100")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--zoo", type=Path, required=True)
    parser.add_argument("--dataset")
    options = parser.parse_args()
    dataset = Zoo(options.zoo).dataset(options.dataset)
    if not dataset.info.split.startswith("cold-items"):
        parser.error(f"{dataset.name} is split {dataset.info.split}; train it with --split cold-items:SEED.")
    with tempfile.TemporaryDirectory() as folder:
        lists = write_baselines(dataset, Path(folder))
        measured = measure_all(dataset, Runtime(Settings.from_environment()), lists=lists, say=print)
    for name, evaluation in measured.all().items():
        figures = evaluation.figures
        cells = (f"{m} {figures[m].mean:.4f} [{figures[m].low:.4f}, {figures[m].high:.4f}]" for m in METRICS)
        print(f"{name:<20} {'  '.join(cells)}  n {figures[METRICS[0]].n:,}")
    for one in measured.compared("recall_at_20"):
        print(f"{one.a} - {one.b}: {one.difference:+.4f} [{one.low:+.4f}, {one.high:+.4f}], p_holm {one.p_holm:.4f}")


def tfidf(dataset: Dataset) -> csr_array:
    """Item vectors [I, V] of length 1."""
    items = dataset.catalogue.items
    ids = Recipe.of(items, N_BUCKETS).text_ids(items)
    rows, words = np.nonzero(ids)[0], ids[ids > 0]
    counts = csr_array((np.ones(len(rows)), (rows, words)), shape=(len(ids), N_BUCKETS + 1))
    holding = np.bincount(counts.indices, minlength=N_BUCKETS + 1)
    weighted = csr_array(counts @ diags_array(np.log((1 + len(ids)) / (1 + holding))))
    lengths = np.sqrt(weighted.multiply(weighted).sum(axis=1))
    return csr_array(diags_array(1 / np.maximum(lengths, 1e-12)) @ weighted)


def by_words(dataset: Dataset) -> Callable[[csr_array], np.ndarray]:
    T = tfidf(dataset)
    return lambda history: ((history @ T) @ T.T).toarray()


def by_genre(dataset: Dataset) -> Callable[[csr_array], np.ndarray]:
    genres = dataset.item_facts.genres.astype(np.float64)  # [I, G]
    n_users = np.bincount(dataset.train.indices, minlength=genres.shape[0])
    warm = genres[n_users > 0]
    popularity = (warm.T @ n_users[n_users > 0]) / np.maximum(warm.sum(axis=0), 1)  # of a warm item of each genre  [G]
    named = csr_array(diags_array(1 / np.maximum(genres.sum(axis=1), 1)) @ genres)  # an item's genres share it
    return lambda history: ((history @ named) @ diags_array(popularity) @ named.T).toarray()


BASELINES = {"tfidf": by_words, "genres": by_genre}


def write_baselines(dataset: Dataset, folder: Path) -> dict[str, Path]:
    """Name -> file of the lists that each baseline gives the test users."""
    lists = {name: folder / f"{name}.parquet" for name in BASELINES}
    for name, path in lists.items():
        lists_by(dataset, BASELINES[name](dataset)).write_parquet(path)
    return lists


def lists_by(dataset: Dataset, scores_of: Callable[[csr_array], np.ndarray]) -> pl.DataFrame:
    """user, item, rank of the test users."""
    return pl.concat(_batches(dataset, scores_of))


def _batches(dataset: Dataset, scores_of: Callable[[csr_array], np.ndarray]) -> Iterator[pl.DataFrame]:
    fold, items = dataset.test, dataset.catalogue.items["item_id"]
    for start in range(0, len(fold), USERS_AT_ONCE):
        part = fold.part(slice(start, start + USERS_AT_ONCE))
        scores = scores_of((part.fold_in > 0).astype(np.float64))
        for hidden in (part.fold_in, part.masked):
            scores[np.repeat(np.arange(len(part)), np.diff(hidden.indptr)), hidden.indices] = -np.inf
        best = np.argpartition(-scores, LONGEST_LIST, axis=1)[:, :LONGEST_LIST]
        best = np.take_along_axis(best, np.argsort(-np.take_along_axis(scores, best, axis=1), axis=1), axis=1)
        users = dataset.users["user_id"].gather(np.repeat(part.user_idx, LONGEST_LIST))
        rank = np.tile(np.arange(1, LONGEST_LIST + 1), len(part))
        yield pl.DataFrame({"user": users, "item": items.gather(best.ravel()), "rank": rank})


if __name__ == "__main__":
    main()
