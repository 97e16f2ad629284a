"""What a list may hold: how many items, of which genres and years, and whether it repeats what is already known."""

from dataclasses import dataclass, replace

import numpy as np
import streamlit as st

from pages.parts import state
from pages.parts.frame import escape
from pages.parts.items import genre_text
from zoo.dataset import Dataset


@dataclass(frozen=True)
class Filters:
    k: int
    hide_seen: bool
    candidates: np.ndarray | None  # bool [I]; None: every item
    words: str = ""  # what is filtered, for the empty state
    genres: tuple[str, ...] = ()
    years: tuple[int, int] | None = None  # None: every year


def bar(data: Dataset) -> Filters:
    """One row: length, hide-seen, and a drawer with genres and years where the catalogue has them."""
    genres, years = data.catalogue.genres(), data.catalogue.years()
    of = data.info.fingerprint[:8]
    with st.container(horizontal=True, vertical_alignment="center", gap="medium", width="content"):
        hide = state.shared("hide-seen", True, _hide)
        with st.popover("Filters"):
            k = state.shared("k", 20, lambda value, key: st.slider("List length (items)", 5, 50, value, 5, key=key))
            picked = state.shared(f"genres-{of}", [], lambda value, key: _genres(genres, value, key)) if genres else []
            span = (
                state.shared(f"years-{of}", years, lambda value, key: _years(years, value or years, key))
                if years
                else None
            )
        span = None if span is None or tuple(span) == tuple(years) else (int(span[0]), int(span[1]))
        found = _among(data, Filters(k, hide, None), tuple(picked), span)
        if found.words:
            st.caption(f"Only {escape(found.words)}")
            st.button("Clear", type="tertiary", key=f"{state.kept('page')}-clear", on_click=_clear, args=(of,))
    return found


def _clear(of: str) -> None:
    state.take_over({f"genres-{of}": [], f"years-{of}": None})


def with_own(
    data: Dataset, page: Filters, k: int | None, known: str | None, genre: str | None, years: tuple[int, int] | None
) -> Filters:
    """The filters of the page, save for what one list wants otherwise."""
    own = replace(page, k=k or page.k, hide_seen=page.hide_seen if known is None else known == "hidden")
    if genre is None and years is None:
        return own
    return _among(data, own, page.genres if genre is None else (genre,), years or page.years)


def _among(data: Dataset, base: Filters, genres: tuple[str, ...], years: tuple[int, int] | None) -> Filters:
    words = " · ".join([*(genre_text(genre) for genre in genres), *([span_text(years)] if years else [])])
    candidates = data.catalogue.allowed(genres, years) if genres or years else None
    return replace(base, candidates=candidates, words=words, genres=genres, years=years)


def span_text(years: tuple[int, int]) -> str:
    """Years in words.

    >>> span_text((1960, 1969)), span_text((1960, 1970)), span_text((1968, 1968))
    ('1960s', '1960 to 1970', '1968')
    """
    first, last = years
    if first == last:
        return str(first)
    return f"{first}s" if first % 10 == 0 and last == first + 9 else f"{first} to {last}"


def _hide(value: bool, key: str) -> bool:
    meaning = "Leaves out what the taste already holds. Disliked items never return, either way."
    return st.toggle("Only what is new", value, key=key, help=meaning)


def _genres(genres: list[str], value: list[str], key: str) -> list[str]:
    return st.multiselect("Any of these genres", genres, value, key=key, format_func=genre_text)


def _years(years: tuple[int, int], value: tuple[int, int], key: str) -> tuple[int, int] | None:
    """A slider cannot have one year only; there is nothing to choose then."""
    return st.slider("Years, first to last", *years, value, key=key) if years[0] < years[1] else None
