"""What a list may hold: how many items, of which genres and years, and whether it repeats what is already known."""

from dataclasses import dataclass

import numpy as np
import streamlit as st

from pages.parts import state
from pages.parts.items import genre_text
from zoo.dataset import Dataset


@dataclass(frozen=True)
class Filters:
    k: int
    hide_seen: bool
    candidates: np.ndarray | None  # bool [I]; None: every item
    words: str  # what is filtered, for the empty state


def bar(data: Dataset) -> Filters:
    """One row: length, hide-seen, and a drawer with genres and years where the catalogue has them."""
    genres, years = data.catalogue.genres(), data.catalogue.years()
    of = data.info.fingerprint[:8]
    with st.container(horizontal=True, vertical_alignment="center", gap="medium"):
        hide = state.shared("hide-seen", True, _hide)
        with st.popover("Filters"):
            k = state.shared("k", 20, lambda value, key: st.slider("List length (items)", 5, 50, value, 5, key=key))
            picked = state.shared(f"genres-{of}", [], lambda value, key: _genres(genres, value, key)) if genres else []
            span = state.shared(f"years-{of}", years, lambda value, key: _years(years, value, key)) if years else None
    span = None if span is None or tuple(span) == tuple(years) else (int(span[0]), int(span[1]))
    words = " · ".join([*(genre_text(genre) for genre in picked), *([f"{span[0]} to {span[1]}"] if span else [])])
    candidates = data.catalogue.allowed(picked, span) if picked or span else None
    return Filters(k, hide, candidates, words)


def _hide(value: bool, key: str) -> bool:
    meaning = "Leaves out what the taste already holds. Disliked items never return, either way."
    return st.toggle("Hide known", value, key=key, help=meaning)


def _genres(genres: list[str], value: list[str], key: str) -> list[str]:
    return st.multiselect("Any of these genres", genres, value, key=key, format_func=genre_text)


def _years(years: tuple[int, int], value: tuple[int, int], key: str) -> tuple[int, int] | None:
    """A slider cannot have one year only; there is nothing to choose then."""
    return st.slider("Years, first to last", *years, value, key=key) if years[0] < years[1] else None
