"""Items that no model has met: embedded by an item tower, and ranked among those of the catalogue.

The score of a new item is the user's `embedding` times its own; so it lies on the scale of `all_scores`. Among equal
scores it comes last.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl

from zoo.catalogue import Catalogue
from zoo.content import Pictures, Recipe
from zoo.errors import DataError, ModelError
from zoo.files import read_table
from zoo.ids import id_text
from zoo.items import described
from zoo.pictures import DRAWN, pictures_of
from zoo.posters import facts_of, pixels, poster
from zoo.recommend import Taste, answers
from zoo.runtime import ItemTower, Model
from zoo.split import Fold


@dataclass(frozen=True)
class NewItems:
    """N items beside the catalogue. items: one row each; embeddings float32 [N, K] of one model."""

    items: pl.DataFrame
    embeddings: np.ndarray


def read_new_items(path: Path, model: Model, catalogue: Catalogue, pictures: Path | None = None) -> NewItems:
    """Items of a table: item_id, title, year, genres, and any other column that the model was trained with.

    Raises
    ------
    ModelError if the model does not read what an item is
    DataError if the table cannot be read, holds no item, or one that the catalogue has already
    """
    _tower(model)  # whoever asks the wrong model need not wait for the table
    return new_items(read_table(path), model, catalogue, pictures, called=path.name)


def new_items(
    table: pl.DataFrame,
    model: Model,
    catalogue: Catalogue,
    pictures: Path | Pictures | None = None,
    called: str = "The table",
) -> NewItems:
    """The same of a table in memory. pictures : a folder, or those of the items; None: posters that we draw."""
    recipe, tower = _tower(model)
    items = described(table)
    if items.is_empty():
        raise DataError(f"{called} holds no item. Give one row per item: item_id, title, and what else is known.")
    known = catalogue.columns_of(items["item_id"])
    if (known >= 0).any():
        first = items["item_id"].filter(pl.Series(known >= 0))[0]
        raise DataError(f"{called} holds {first!r}, which the catalogue has already. Give new items new ids.")
    items = items.with_columns(pl.col("title").fill_null(pl.col("item_id")), pl.col("genres").fill_null([]))
    looks = _pictures(items, catalogue, pictures) if model.card.reads_pictures else None
    return NewItems(items, tower.embed(recipe.content(items, looks)))


@dataclass(frozen=True)
class Standing:
    """Where one new item stands in the list of one taste, over everything that the taste does not hold."""

    rank: int  # from 1
    n: int  # items in that list, the new one among them
    score: float
    above: list[int]  # columns just before it, the nearest last
    below: list[int]  # and just behind it


def standing(model: Model, taste: Taste, embedding: np.ndarray, around: int = 3) -> Standing:
    """embedding : float32 [K], of the new item; around : neighbours on either side."""
    scores, of_user = answers(model, [taste])
    s = float(of_user[0] @ embedding)
    order = np.argsort(-scores[0], kind="stable")
    order = order[~np.isin(order, [*taste.likes, *taste.dislikes])]
    place = int((scores[0, order] >= s).sum())
    above, below = order[max(0, place - around) : place], order[place : place + around]
    return Standing(place + 1, len(order) + 1, s, above.tolist(), below.tolist())


@dataclass(frozen=True, eq=False)
class Audience:
    """What a new item must beat to enter somebody's list: n test users under one model."""

    embedding: np.ndarray  # float32 [n, K]
    ladder: np.ndarray  # float32 [n, depth], the scores of their lists, best first; -inf where nothing is left

    @classmethod
    def of(cls, model: Model, fold: Fold, depth: int = 100) -> "Audience":
        outputs = ("scores", "embedding")
        answer = model.run(fold.fold_in, masked=fold.masked, k=depth, outputs=outputs)
        return cls(answer["embedding"], answer["scores"])

    def ranks(self, embedding: np.ndarray) -> np.ndarray:
        """int64 [n], the rank of the item in everybody's list, from 1; depth + 1: behind the list. embedding [K]"""
        return 1 + (self.ladder >= (self.embedding @ embedding)[:, None]).sum(axis=1)

    def nearest(self, embedding: np.ndarray, n: int) -> np.ndarray:
        """int64 [<= n], rows of those in whose list it stands highest; among equals, where it is nearest to the top
        of their list, in parts of the way from its last score to its first. Nobody behind whose list it is."""
        ranks, s = self.ranks(embedding), self.embedding @ embedding
        last = np.where(np.isfinite(self.ladder), self.ladder, np.inf).min(axis=1)
        way = (s - last) / np.maximum(self.ladder[:, 0] - last, 1e-12)
        order = np.lexsort((-way, ranks))[:n]
        return order[ranks[order] <= self.ladder.shape[1]]


def recommend_with(
    model: Model,
    catalogue: Catalogue,
    new: NewItems,
    users: Sequence[str | int | None],
    tastes: Sequence[Taste],
    k: int,
) -> pl.DataFrame:
    """The lists of B tastes over the catalogue and the new items: user, rank, item_id, title, score, new."""
    scores, embedding = answers(model, tastes)
    both = np.concatenate([scores, embedding @ new.embeddings.T], axis=1)  # [B, I + N]
    for row, taste in enumerate(tastes):
        both[row, [*taste.likes, *taste.dislikes]] = -np.inf
    order = np.argsort(-both, axis=1, kind="stable")[:, :k]
    ids = pl.concat([id_text(catalogue.items["item_id"]), new.items["item_id"]])
    titles = pl.concat([catalogue.items["title"], new.items["title"]])
    rows, places = np.nonzero(np.isfinite(np.take_along_axis(both, order, axis=1)))
    found = order[rows, places]
    return pl.DataFrame(
        {
            "user": [users[row] for row in rows.tolist()],
            "rank": places + 1,
            "item_id": ids.gather(found),
            "title": titles.gather(found),
            "score": both[rows, found],
            "new": found >= len(catalogue),
        }
    )


def _tower(model: Model) -> tuple[Recipe, ItemTower]:
    if model.card.item_tower is None or model.item_tower is None:
        raise ModelError(
            f"{model.card.about.title} knows an item by who chose it, and nobody has chosen a new one. "
            "Take a model that reads what an item is: two_tower_text, two_tower_image or two_tower_mixed."
        )
    return model.card.item_tower, model.item_tower


def _pictures(items: pl.DataFrame, catalogue: Catalogue, given: Path | Pictures | None) -> Pictures:
    """Of the new items. Drawn posters depend on which genres are frequent: they are drawn among the catalogue's."""
    if isinstance(given, Pictures):
        return given
    together = pl.concat(
        [catalogue.items.with_columns(id_text(catalogue.items["item_id"]).alias("item_id")), items],
        how="diagonal_relaxed",
    )
    if given is not None:
        return pictures_of(Catalogue(items), given)
    facts = facts_of(Catalogue(together))[len(catalogue) :]
    told = np.array([bool(genres) or year is not None for genres, year in items.select("genres", "year").iter_rows()])
    return Pictures(np.stack([pixels(poster(of)) for of in facts]), told, DRAWN)
