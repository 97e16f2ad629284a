"""Items that no model has met: embedded by an item tower, and ranked among those of the catalogue.

The score of a new item is the user's `embedding` times its own; so it lies on the scale of `all_scores`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl

from zoo.catalogue import Catalogue
from zoo.content import Pictures
from zoo.errors import DataError, ModelError
from zoo.files import read_table
from zoo.ids import id_text
from zoo.items import described
from zoo.pictures import pictures_of
from zoo.recommend import Taste, answers
from zoo.runtime import Model


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
    recipe = model.card.item_tower
    if recipe is None or model.item_tower is None:
        raise ModelError(
            f"{model.card.about.title} knows an item by who chose it, and nobody has chosen a new one. "
            "Take a model that reads what an item is: two_tower_text, two_tower_image or two_tower_mixed."
        )
    items = described(read_table(path))
    if items.is_empty():
        raise DataError(f"{path.name} holds no item. Give one row per item: item_id, title, and what else is known.")
    known = catalogue.columns_of(items["item_id"])
    if (known >= 0).any():
        first = items["item_id"].filter(pl.Series(known >= 0))[0]
        raise DataError(f"{path.name} holds {first!r}, which the catalogue has already. Give new items new ids.")
    items = items.with_columns(pl.col("title").fill_null(pl.col("item_id")), pl.col("genres").fill_null([]))
    looks = _pictures(items, catalogue, pictures) if model.card.reads_pictures else None
    return NewItems(items, model.item_tower.embed(recipe.content(items, looks)))


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


def _pictures(items: pl.DataFrame, catalogue: Catalogue, folder: Path | None) -> Pictures:
    """Of the new items. Drawn posters depend on which genres are frequent: they are drawn among the catalogue's."""
    together = pl.concat(
        [catalogue.items.with_columns(id_text(catalogue.items["item_id"]).alias("item_id")), items],
        how="diagonal_relaxed",
    )
    if folder is not None:
        return pictures_of(Catalogue(items), folder)
    return pictures_of(Catalogue(together), None).part(slice(len(catalogue), None))
