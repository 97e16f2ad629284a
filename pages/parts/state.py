"""What a visitor carries from page to page: a taste per data set, and settings that widgets of several pages share.

Streamlit forgets a widget when its page is left, so all of this lives under keys of its own.
"""

import secrets
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import streamlit as st

from zoo.recommend import Taste

TASTES = "tastes"  # {fingerprint of the data set: Visit}; columns mean nothing in another data set
KEPT = "kept"  # {name: value} of shared settings
STASHED = "stashed"  # {word: (fingerprint of the data set, Visit)}: tastes that no address tells
MOST_STASHED = 200
TURNS = "turns"  # how often widgets were made anew


@dataclass(frozen=True)
class Visit:
    """One visitor's dealings with one data set."""

    likes: tuple[int, ...] = ()  # columns, the latest last
    dislikes: tuple[int, ...] = ()
    looking: bool = False  # at somebody from the data, in place of the own taste
    user_idx: int | None = None  # at whom
    private: bool = False  # the taste was brought from a file: no address tells it until "Copy link"
    seen: tuple[int, ...] = ()  # known, and neither liked nor disliked: kept out of the lists, and told to no model

    @property
    def own(self) -> Taste:
        if not self.seen:
            return Taste(self.likes, self.dislikes)
        weights = (1.0,) * len(self.likes) + (0.0,) * len(self.seen)
        return Taste(self.likes + self.seen, self.dislikes, weights)

    def judged(self, item: int, verdict: str) -> "Visit":
        """With a "like" or a "dislike" of this item; any other verdict takes it back."""
        likes = tuple(other for other in self.likes if other != item)
        dislikes = tuple(other for other in self.dislikes if other != item)
        if verdict == "like":
            likes += (item,)
        elif verdict == "dislike":
            dislikes += (item,)
        return replace(self, likes=likes, dislikes=dislikes, seen=tuple(other for other in self.seen if other != item))

    def verdict(self, item: int) -> str | None:
        return "like" if item in self.likes else "dislike" if item in self.dislikes else None


def visit(fingerprint: str) -> Visit:
    return st.session_state.get(TASTES, {}).get(fingerprint, Visit())


def remember(fingerprint: str, changed: Visit) -> None:
    st.session_state[TASTES] = st.session_state.get(TASTES, {}) | {fingerprint: changed}


def stash(fingerprint: str, changed: Visit) -> str:
    """A word that stands for this taste in this session, and means nothing to anybody else."""
    stashed = st.session_state.get(STASHED, {})
    for word, held in stashed.items():
        if held == (fingerprint, changed):
            return word
    word = secrets.token_hex(4)
    latest = [*stashed.items(), (word, (fingerprint, changed))][-MOST_STASHED:]
    st.session_state[STASHED] = dict(latest)
    return word


def stashed(fingerprint: str, word: str) -> Visit | None:
    """The taste behind a word; None in another session, or for another data set."""
    of, held = st.session_state.get(STASHED, {}).get(word, (None, None))
    return held if of == fingerprint else None


def kept(name: str, default: Any = None) -> Any:
    return st.session_state.get(KEPT, {}).get(name, default)


def keep(name: str, value: Any) -> Any:
    st.session_state[KEPT] = st.session_state.get(KEPT, {}) | {name: value}
    return value


def shared(name: str, start: Any, widget: Callable[[Any, str], Any]) -> Any:
    """A widget, made by `widget(value, key)`, whose value the widgets of the same `name` on other pages take over.

    The value goes in as the widget's default, fixed while the page is open: written to the session instead, it would be
    lost on a widget that the browser mounts later, in a drawer.
    """
    key = f"{kept('page')}-{name}{st.session_state.get(TURNS, '')}"
    if key not in st.session_state:
        st.session_state[f"start-{key}"] = kept(name, start)
    return keep(name, widget(st.session_state[f"start-{key}"], key))


def take_over(settings: dict[str, Any]) -> None:
    """Settings that do not come from the widgets: these are made anew, or they would say their old values again."""
    st.session_state[KEPT] = st.session_state.get(KEPT, {}) | settings
    st.session_state[TURNS] = st.session_state.get(TURNS, 0) + 1
