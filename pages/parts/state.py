"""What a visitor carries from page to page: a taste per data set, and settings that widgets of several pages share.

Streamlit forgets a widget when its page is left, so all of this lives in one object of our own in its session.
"""

import secrets
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import streamlit as st

if TYPE_CHECKING:
    from zoo.recommend import Taste

SESSION = "menagerie"  # the key of the object in Streamlit's session
MOST_STASHED = 200


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
    def own(self) -> "Taste":
        from zoo.recommend import Taste  # with NumPy and all: the server answers before that is loaded

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


@dataclass(frozen=True)
class Step:
    """One thing that a visitor did, as the address that tells of the view afterwards."""

    number: int  # grows within a session
    page: str
    query: str
    push: bool  # an entry of its own in the browser's history, or the same one written anew


@dataclass
class Session:
    """All that is kept of one visitor; changed in place."""

    tastes: dict[str, Visit] = field(default_factory=dict)  # by data set; columns mean nothing in another one
    kept: dict[str, Any] = field(default_factory=dict)  # shared settings
    stashed: dict[str, tuple[str, Visit]] = field(default_factory=dict)  # (data set, taste) that no address tells
    steps: list[Step] = field(default_factory=list)  # on the page that is open, the latest last
    heard: int = 0  # the last message from the browser that was acted upon
    answering: bool = False  # whether the page is being drawn for something that is a step already
    turns: int = 0  # how often widgets were made anew
    view: dict[str, str] = field(default_factory=dict)  # what the pages under Measure show, where it is not the usual
    viewed: set[str] = field(default_factory=set)  # of these, what the page that is open has
    view_turns: dict[str, int] = field(default_factory=dict)  # how often the widget of one of them was made anew
    linked: bool = False  # whether this view came with a link, and may not fit
    going: str | None = None  # the page that a click asked for
    leaving: list[Callable[[], object]] = field(default_factory=list)  # what is called when this session ends


def session() -> Session:
    return st.session_state.setdefault(SESSION, Session())


def visit(fingerprint: str) -> Visit:
    return session().tastes.get(fingerprint, Visit())


def remember(fingerprint: str, changed: Visit) -> None:
    session().tastes[fingerprint] = changed


def stash(fingerprint: str, changed: Visit) -> str:
    """A word that stands for this taste in this session, and means nothing to anybody else."""
    stashed = session().stashed
    for word, held in stashed.items():
        if held == (fingerprint, changed):
            return word
    word = secrets.token_hex(4)
    stashed[word] = (fingerprint, changed)
    for oldest in list(stashed)[:-MOST_STASHED]:
        del stashed[oldest]
    return word


def stashed(fingerprint: str, word: str) -> Visit | None:
    """The taste behind a word; None in another session, or for another data set."""
    of, held = session().stashed.get(word, (None, None))
    return held if of == fingerprint else None


def kept(name: str, default: Any = None) -> Any:
    return session().kept.get(name, default)


def keep(name: str, value: Any) -> Any:
    session().kept[name] = value
    return value


def shared(name: str, start: Any, widget: Callable[[Any, str], Any]) -> Any:
    """A widget, made by `widget(value, key)`, whose value the widgets of the same `name` on other pages take over.

    The value goes in as the widget's default, fixed while the page is open: written to the session instead, it would be
    lost on a widget that the browser mounts later, in a drawer.
    """
    key = f"{kept('page')}-{name}{session().turns or ''}"
    if key not in st.session_state:
        st.session_state[f"start-{key}"] = kept(name, start)
    return keep(name, widget(st.session_state[f"start-{key}"], key))


def take_over(settings: dict[str, Any]) -> None:
    """Settings that do not come from the widgets: these are made anew, or they would say their old values again."""
    mine = session()
    mine.kept |= settings
    mine.turns += 1


def leave_view() -> None:
    """Another data set is looked at: groups, people and ranges of one mean nothing in another."""
    session().view = {}


def show(view: dict[str, str]) -> None:
    """A click chose what a page under Measure shows; an empty text is the usual. Its widgets are made anew."""
    mine = session()
    for name, text in view.items():
        mine.view[name] = text
        mine.view_turns[name] = mine.view_turns.get(name, 0) + 1
    mine.view = {name: text for name, text in mine.view.items() if text}
