"""What words find: titles, genres and names by the item towers of a data set, under each power of the covariance.

    python benchmarks/prompts.py --zoo zoo-data --dataset films

A title should find its own item first; a genre items of that genre (the twenty most frequent ones, 20 places each); the
name of somebody their items (sixty names, as many places as they have items, at most 20). `power` is that of
zoo/prompt.py: 0 is the plain cosine, 0.25 what the app takes, 0.5 whitening.

Then what a taste and a word are worth together: test users, a genre of something that they really chose, nDCG@20 on
their hidden choices of that genre, by the share of the word; and the milliseconds, the first time and afterwards.
"""

import argparse
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from zoo.catalogue import Catalogue
from zoo.dataset import Dataset
from zoo.prompt import Space, blended, embeddings, kinds, words
from zoo.recommend import answers, tastes_of
from zoo.registry import Zoo
from zoo.runtime import Model, Runtime
from zoo.settings import Settings
from zoo.vocabulary import Vocabulary

POWERS, WEIGHTS = (0.0, 0.25, 0.375, 0.5), (0.0, 0.2, 0.3, 0.4, 0.5, 1.0)
TITLES, GENRES, NAMES, USERS, PLACES = 500, 20, 60, 400, 20


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--zoo", type=Path, required=True)
    parser.add_argument("--dataset")
    options = parser.parse_args()
    dataset = Zoo(options.zoo).dataset(options.dataset)
    runtime = Runtime(Settings.from_environment())
    for name in dataset.model_names():
        with dataset.model(name) as folder:
            reads = kinds(folder.card)
        if "text" in reads:
            report(dataset, runtime.load(dataset.model(name)))


def report(dataset: Dataset, model: Model) -> None:
    catalogue, recipe = dataset.catalogue, model.card.item_tower
    start = time.perf_counter()
    of_items = embeddings(model, catalogue, "text")
    print(f"\n{model.card.about.title} on {dataset.name}")
    print(f"catalogue embedded by its words: {time.perf_counter() - start:.2f} s, once")
    start = time.perf_counter()
    known = Vocabulary.of(recipe, catalogue.items).known
    print(f"vocabulary: {time.perf_counter() - start:.2f} s, once")
    there = Space.of(*of_items)
    took = []
    for title in catalogue.items["title"].head(50):
        start = time.perf_counter()
        there.similarities(words(model, title, known))
        took.append(1000 * (time.perf_counter() - start))
    print(f"a prompt afterwards: {np.median(took):.1f} ms (median of {len(took)})")
    print(
        "| power | title first | title in ten | genre, precision@20 | worst genre | names |\n|---|---|---|---|---|---|"
    )
    for power in POWERS:
        print(
            f"| {power:g} | "
            + " | ".join(f"{figure:.3f}" for figure in found(catalogue, model, known, of_items, power))
        )
    together(dataset, model, known, there)


def found(catalogue: Catalogue, model: Model, known: frozenset[str], of_items: tuple, power: float) -> list[float]:
    there = Space.of(*of_items, power=power)

    def ask(text: str) -> np.ndarray:
        return there.similarities(words(model, text.replace("-", " "), known))[0]

    ranks = []
    for item in np.random.default_rng(0).permutation(len(catalogue))[:TITLES].tolist():
        s = ask(catalogue.title(item))
        ranks.append(int((s > s[item]).sum()))
    genres = [
        len(set(first(ask(genre))) & of_genre(catalogue, genre)) / PLACES for genre in catalogue.genres()[:GENRES]
    ]
    names = by_name(catalogue, ask)
    return [np.mean(np.array(ranks) == 0), np.mean(np.array(ranks) < 10), np.mean(genres), min(genres), names]


def by_name(catalogue: Catalogue, ask: Callable[[str], np.ndarray]) -> float:
    if not catalogue.people_columns:
        return float("nan")
    people = catalogue.items[catalogue.people_columns[0]].to_list()
    count: dict[str, set[int]] = {}
    for item, names in enumerate(people):
        for name in names or ():
            count.setdefault(name, set()).add(item)
    most = sorted(count, key=lambda name: (-len(count[name]), name))[:NAMES]
    shares = []
    for name in most:
        n = min(PLACES, len(count[name]))
        shares.append(len(set(first(ask(name), n)) & count[name]) / n)
    return float(np.mean(shares))


def first(scores: np.ndarray, n: int = PLACES) -> list[int]:
    return np.argsort(-scores, kind="stable")[:n].tolist()


def of_genre(catalogue: Catalogue, genre: str) -> set[int]:
    return set(np.flatnonzero(catalogue.allowed((genre,))).tolist())


def together(dataset: Dataset, model: Model, known: frozenset[str], there: Space) -> None:
    """nDCG@20 on a test user's hidden choices of one genre, and the share of the list that is of that genre."""
    fold = dataset.test.part(slice(0, USERS))
    scores, _ = answers(model, tastes_of(fold.fold_in))
    genres = {genre: of_genre(dataset.catalogue, genre) for genre in dataset.catalogue.genres()[:15]}
    said = {genre: there.similarities(words(model, genre.replace("-", " "), known))[0] for genre in genres}
    print(
        "| share of the word | nDCG@20 of hidden choices of the genre | share of the list in the genre |\n|---|---|---|"
    )
    for weight in WEIGHTS:
        gains, shares = [], []
        for row in range(len(fold)):
            seen = fold.fold_in[[row]].indices
            hidden = set(fold.held_out[[row]].indices.tolist())
            for genre in list(genres)[row % 3 :: 3]:
                if not (wanted := hidden & genres[genre]):
                    continue
                both = blended(scores[row], said[genre], weight)
                both[seen] = -np.inf
                listed = first(both)
                gains.append(ndcg(listed, wanted))
                shares.append(len(set(listed) & genres[genre]) / PLACES)
        print(f"| {weight:g} | {np.mean(gains):.3f} | {np.mean(shares):.3f} | ({len(gains):,} questions)")


def ndcg(listed: list[int], wanted: set[int]) -> float:
    discounts = 1 / np.log2(np.arange(2, PLACES + 2))
    return sum(discounts[place] for place, item in enumerate(listed) if item in wanted) / discounts[: len(wanted)].sum()


if __name__ == "__main__":
    main()
