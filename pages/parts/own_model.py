"""Models that a visitor brought: beside the zoo on the pages of this session, and of no other.

They live in Streamlit's session alone. What is computed of them is remembered there, too (`for_session`,
`SessionLists`). When the session lets go of one, its process ends, and with it the weights.
"""

import re
import weakref
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from hashlib import sha256

import numpy as np
import streamlit as st

from pages.parts import cached, colours, leaving, session_cache
from pages.parts.cached import Entry
from pages.parts.session_lists import SessionLists
from zoo import telemetry
from zoo.dataset import Dataset
from zoo.errors import ModelError
from zoo.evaluate import lists_of
from zoo.outside import OutsideLists
from zoo.own_graph import Anatomy
from zoo.own_graph_model import OwnModel, examine
from zoo.own_graph_rules import Check

OWN = "own-models"  # the session's key
SLOTS = ("yours", "yours-2", "yours-3")  # what they are called in an address; no model of a zoo is called so
LONGEST_TITLE = 30  # letters
UNKNOWN = (
    "Not known here: on whom it learned, by which method, for how long. If the people it is tested on were among them, "
    "its figures say more than they should; nobody can see that from the file."
)
MEASURED = "Measured on the test users"


@dataclass(frozen=True, eq=False)
class OwnLists(SessionLists):
    """What a model of this session's own gave the test users."""

    def note(self) -> str:
        return "yours"

    def caveat(self) -> str:
        return f"{self.title}: {UNKNOWN}"


@dataclass(frozen=True, eq=False)
class Own:
    """One model that was brought and passed every check."""

    entry: Entry
    file: str
    bytes: int
    sha256: str  # of the file
    of: str  # the data set that it stands beside, as it is described now
    reordered: bool  # whether its columns stand in another order than the data's
    checks: list[Check] = field(repr=False)
    anatomy: Anatomy = field(repr=False)
    lists: OwnLists = field(repr=False)

    @property
    def model(self) -> OwnModel:
        return self.entry.loaded


def all_of(data: Dataset) -> list[Own]:
    """Those that stand beside this data set."""
    of = cached.described(data) if (found := st.session_state.get(OWN)) else ""
    return [own for own in found or () if own.of == of]


def entries(data: Dataset) -> list[Entry]:
    return [own.entry for own in all_of(data)]


def measured(data: Dataset) -> list[OwnLists]:
    """Their lists, as the pages under Measure read them."""
    return [own.lists for own in all_of(data)]


def names(data: Dataset) -> list[str]:
    """What an address may ask for: the models of the zoo, and this session's own."""
    return [*data.model_names(), *(own.entry.name for own in all_of(data))]


def free_slot() -> str | None:
    """A name for one more; None where there is room for none."""
    taken = {own.entry.name for own in st.session_state.get(OWN) or ()}
    return next((name for name in SLOTS if name not in taken), None)


def title_of(wanted: str, taken: set[str]) -> str:
    """What it is called on the pages: plain letters, and unlike every other model.

    >>> title_of(" My <b>VAE</b> ", set()), title_of("EASE", {"EASE"}), title_of("$$", set()), title_of("", {"Yours"})
    ('My bVAEb', 'EASE (yours)', 'Yours', 'Yours (yours)')
    """
    plain = " ".join(re.sub(r"[^\w .+-]", "", wanted).split())[:LONGEST_TITLE].strip() or "Yours"
    while plain in taken:
        plain += " (yours)"
    return plain


def bring(
    data: Dataset, content: bytes, file: str, wanted: str, order: np.ndarray | None, say: Callable[[Check], None]
) -> Own | None:
    """Checks a graph, and keeps it in this session where it passed. order, say : as of `zoo.own_graph_model.examine`"""
    slot = free_slot()
    if slot is None:
        raise ModelError(f"{len(SLOTS)} models of yours are here already. Remove one first.")
    title = title_of(wanted, {entry.title for entry in [*cached.entries(data), *entries(data)]})
    found = examine(content, title, slot, data, cached.settings(), order, say)
    telemetry.count("models_brought", passed="yes" if found.model else "no")
    if found.model is None or found.anatomy is None:
        return None
    ranked, check = _ranked(data, found.model)
    say(check)
    found.checks.append(check)
    if ranked is None:
        found.model.close()
        return None
    model = found.model
    entry = Entry(slot, model.card, model.checksum, loaded=model)
    lists = OwnLists(
        slot,
        title,
        mark=model.checksum,
        of=cached.described(data),
        look=colours.of_model(slot, model.card.about.family),
        family="Yours",
        summary=model.card.about.summary,
        lists=OutsideLists(np.arange(len(data.test)), ranked, []),
    )
    leaving.on_leave(partial(_close, weakref.ref(model)))
    own = Own(
        entry,
        file,
        len(content),
        sha256(content).hexdigest(),
        lists.of,
        order is not None,
        found.checks,
        found.anatomy,
        lists,
    )
    st.session_state[OWN] = [*(st.session_state.get(OWN) or ()), own]
    return own


def _close(model: weakref.ref[OwnModel]) -> None:
    """Where it was not removed before."""
    if (there := model()) is not None:
        there.close()


def _ranked(data: Dataset, model: OwnModel) -> tuple[np.ndarray | None, Check]:
    """The test users' lists; None where it broke off on the way."""
    expected = f"lists for {len(data.test):,} users"
    try:
        ranked = lists_of(model, data.test)
    except ModelError as error:
        mend = "It passed on a few histories, and not on all: look at the longest ones, or at unusual ones."
        return None, Check(MEASURED, False, expected, str(error), mend)
    return ranked, Check(MEASURED, True, expected, "they were made")


def remove(name: str) -> None:
    """One of them, for good."""
    for own in st.session_state.get(OWN) or ():
        if own.entry.name == name:
            own.model.close()
    st.session_state[OWN] = [own for own in st.session_state.get(OWN) or () if own.entry.name != name]
    session_cache.forget()
