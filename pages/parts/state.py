"""What a visitor carries from page to page: a taste per data set, and settings that widgets of several pages share.

Streamlit forgets a widget when its page is left, so all of this lives under keys of its own.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import streamlit as st

from zoo.recommend import Taste

TASTES = "tastes"  # {fingerprint of the data set: Visit}; columns mean nothing in another data set
KEPT = "kept"  # {name: value} of shared settings


@dataclass(frozen=True)
class Visit:
    """One visitor's dealings with one data set."""

    likes: tuple[int, ...] = ()  # columns, the latest last
    dislikes: tuple[int, ...] = ()
    looking: bool = False  # at somebody from the data, in place of the own taste
    user_idx: int | None = None  # at whom

    @property
    def own(self) -> Taste:
        return Taste(self.likes, self.dislikes)

    def judged(self, item: int, verdict: str) -> "Visit":
        """With a "like" or a "dislike" of this item; any other verdict takes it back."""
        likes = tuple(other for other in self.likes if other != item)
        dislikes = tuple(other for other in self.dislikes if other != item)
        if verdict == "like":
            likes += (item,)
        elif verdict == "dislike":
            dislikes += (item,)
        return replace(self, likes=likes, dislikes=dislikes)

    def verdict(self, item: int) -> str | None:
        return "like" if item in self.likes else "dislike" if item in self.dislikes else None


def visit(fingerprint: str) -> Visit:
    return st.session_state.get(TASTES, {}).get(fingerprint, Visit())


def remember(fingerprint: str, changed: Visit) -> None:
    st.session_state[TASTES] = st.session_state.get(TASTES, {}) | {fingerprint: changed}


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
    key = f"{kept('page')}-{name}"
    if key not in st.session_state:
        st.session_state[f"start-{key}"] = kept(name, start)
    return keep(name, widget(st.session_state[f"start-{key}"], key))
