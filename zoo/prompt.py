"""A few words or a picture in, items of the catalogue out: by what they are, and without any history.

    e_p = f(prompt),  e_i = f(item)            the item tower, told of an item only what the prompt tells of itself
    s_i = cos(M (e_p - o), M (e_i - m))        -1..1, higher is better
    M   = (C + c / 1000)^(-1/4)

m, C: mean and covariance of the catalogue's e_i; c: the largest eigenvalue of C. o: where e_p starts from, which is the
embedding of nothing for words (they add up), and m for a picture (it is whole).

A tower learns to score, not to compare: most of what its embeddings differ in is how much an item is liked by whom.
Taking the mean away, and a part of the largest directions, is known from words and sentences: Mu and Viswanath 2018,
arXiv:1702.01417; Su, Cao, Liu and Ou 2021, arXiv:2103.15316, where the power is -1/2. Half of that was the best for
titles and genres together, on films and on goodbooks-10k-v1 (benchmarks/prompts.py); cosines alone are the power 0.

Items are embedded from their words alone where the prompt is words: beside a picture, an id and the year, which the
prompt has not, a tower's words say little. A year is not read into the features either: it found fewer of the genre.
"""

from collections.abc import Collection
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from zoo.card import Card
from zoo.catalogue import Catalogue
from zoo.content import KINDS, Content, Pictures, Recipe
from zoo.errors import ModelError
from zoo.pictures import DRAWN, pictures_of
from zoo.runtime import Model

Kind = Literal["text", "picture", "all"]  # all: everything that the model reads of an item
POWER = 0.25  # of the covariance: M is its inverse fourth root
LEAST = 1e-3  # of the largest eigenvalue, which is added to all of them: directions without items are not blown up
WEIGHT = 0.4  # of the words, beside a taste: the best of 0.2, 0.3, ... on films (benchmarks/prompts.py)


@dataclass(frozen=True, eq=False)
class Space:
    """A catalogue as one model sees it by one kind of content, ready to be compared with."""

    items: np.ndarray  # float32 [I, K], M (e_i - m), of length 1
    present: np.ndarray  # bool [I]; False: the item has nothing of this kind
    origin: np.ndarray  # float32 [K], o
    mean: np.ndarray  # float32 [K], m
    turn: np.ndarray  # float32 [K, K], M

    @classmethod
    def of(
        cls, embeddings: np.ndarray, present: np.ndarray, origin: np.ndarray | None = None, power: float = POWER
    ) -> "Space":
        """embeddings float32 [I, K], present bool [I]; origin [K], None: the mean of those that are present."""
        E = embeddings[present].astype(np.float64)
        mean = E.mean(axis=0) if len(E) else np.zeros(embeddings.shape[1])
        C = (E - mean).T @ (E - mean) / max(1, len(E) - 1)  # [K, K]
        spread, axes = np.linalg.eigh(C)
        M = (axes * (spread.clip(0) + LEAST * spread.max() + 1e-12) ** -power) @ axes.T
        turned = _unit((embeddings - mean) @ M) * present[:, None]
        o = mean if origin is None else origin
        o, m = o.astype(np.float32), mean.astype(np.float32)
        return cls(turned.astype(np.float32), present, o, m, M.astype(np.float32))

    @property
    def whole(self) -> "Space":
        """The same for whole items in place of a few words: they start from the mean."""
        return replace(self, origin=self.mean)

    def similarities(self, embeddings: np.ndarray) -> np.ndarray:
        """s of N prompts, float32 [N, I]; -inf for items that have nothing of this kind. embeddings [N, K]"""
        cosines = _unit((embeddings - self.origin) @ self.turn) @ self.items.T
        return np.where(self.present, cosines, -np.inf).astype(np.float32)


def kinds(card: Card) -> frozenset[str]:
    """What a model can compare a prompt by: "text", "picture"; nothing where it knows items by who chose them.

    Pictures that came from a folder stayed there; those that are drawn can be drawn again.
    """
    if card.item_tower is None:
        return frozenset()
    told = set(str(card.settings.get("item_inputs", "")).split("+")) & {"text", "picture"}
    return frozenset(told if card.details.get("pictures") == DRAWN else told - {"picture"})


def everything(card: Card) -> Kind:
    """The kind of content that is all that a model reads of an item; "all" where it reads several."""
    told = set(str(card.settings.get("item_inputs", "")).split("+")) & set(KINDS)
    return "text" if told == {"text"} else "picture" if told == {"picture"} else "all"


def space(model: Model, catalogue: Catalogue, kind: Kind) -> Space:
    """The catalogue by its words, by its pictures, or by everything that the model reads.

    Raises
    ------
    ModelError if the model does not read this kind of content, or its pictures are not here
    """
    return Space.of(*embeddings(model, catalogue, kind))


def embeddings(model: Model, catalogue: Catalogue, kind: Kind) -> tuple[np.ndarray, np.ndarray, np.ndarray | None]:
    """What a `Space` is made of: e_i float32 [I, K], which items have any of it bool [I], o [K] (None: the mean)."""
    recipe = _recipe(model, kind)
    n = len(catalogue)
    if kind == "text":
        content = _content(recipe, n, text_ids=recipe.text_ids(catalogue.items))
        return _embed(model, content), content.present[:, 0], _embed(model, _content(recipe, 1))[0]
    pictures = pictures_of(catalogue, None) if model.card.reads_pictures else None
    if kind == "picture":
        content = _content(recipe, n, pictures=pictures)
        return _embed(model, content), content.present[:, 1], None
    return _embed(model, recipe.content(catalogue.items, pictures)), np.ones(n, dtype=bool), None


def words(model: Model, text: str, known: Collection[str] | None = None) -> np.ndarray:
    """e_p of a text, float32 [1, K]; known: grams of the catalogue, others would only hit a bucket by chance."""
    recipe = _recipe(model, "text")
    return _embed(model, _content(recipe, 1, text_ids=recipe.hashed([[text]], known)))


def picture(model: Model, pixels: np.ndarray) -> np.ndarray:
    """e_p of a picture uint8 [96, 64, 3], float32 [1, K]."""
    recipe = _recipe(model, "picture")
    return _embed(model, _content(recipe, 1, pictures=Pictures(pixels[None], np.ones(1, dtype=bool))))


def blended(scores: np.ndarray, similarities: np.ndarray, weight: float) -> np.ndarray:
    """(1 - weight) z(scores) + weight z(similarities), float32 [I]: what a taste says, and what the words say.

    scores, similarities : float32 [I]; z takes the mean away and divides by the standard deviation, over the items that
    have a similarity; the others stay -inf. weight : 0..1
    """
    there = np.isfinite(similarities)
    both = np.full(len(scores), -np.inf, dtype=np.float32)
    both[there] = (1 - weight) * _standard(scores[there]) + weight * _standard(similarities[there])
    return both


def _standard(values: np.ndarray) -> np.ndarray:
    if not len(values):
        return values
    return (values - values.mean()) / max(float(values.std()), 1e-12)


def _recipe(model: Model, kind: Kind) -> Recipe:
    recipe, read = model.card.item_tower, kinds(model.card)
    wanted = {kind} if kind != "all" else {"picture"} if model.card.reads_pictures else read
    if recipe is None or not wanted <= read:
        what = {"text": "words", "picture": "pictures that are here", "all": "only what is here"}[kind]
        raise ModelError(f"{model.card.about.title} does not read {what}.")
    return recipe


def _content(recipe: Recipe, n: int, text_ids: np.ndarray | None = None, pictures: Pictures | None = None) -> Content:
    """Content of one kind alone: nothing is told of the others."""
    pictures = pictures or Pictures.none(n)
    ids = text_ids if text_ids is not None and text_ids.size else np.zeros((n, 1), dtype=np.int64)
    present = np.zeros((n, len(KINDS)), dtype=bool)
    present[:, 0], present[:, 1] = (ids > 0).any(axis=1), pictures.present
    return Content(ids, pictures.pixels, np.zeros((n, len(recipe.features)), dtype=np.float32), present)


def _embed(model: Model, content: Content) -> np.ndarray:
    assert model.item_tower is not None  # kinds() is empty without
    return model.item_tower.embed(content)


def _unit(rows: np.ndarray) -> np.ndarray:
    """Rows of length 1; a row of zeros stays."""
    return rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-12)
