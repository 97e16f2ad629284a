"""How models were tested, in plain words; and the way to the same data under another protocol."""

from contextlib import suppress

import streamlit as st

from pages.parts import cached, state
from zoo.card import DatasetInfo
from zoo.dataset import Dataset
from zoo.errors import ZooError


def words(split: str, people: str) -> tuple[str, str]:
    """Who was tested on what, and the rule behind it.

    >>> words("leave-last-out", "61 people")
    ('the last choice of 61 people', 'Split: leave-last-out.')
    """
    rule = f"Split: {split}."
    if split.startswith("strong:"):
        return (
            f"{people} whom no model had seen",
            f"{rule} Four fifths of a test user's choices are shown, the rest must be found.",
        )
    if split.startswith("leave-last-out"):
        return f"the last choice of {people}", rule
    if split.startswith("temporal:"):
        return (
            f"the later choices of {people}",
            f"{rule} One cut in time for all: models learned from what came before.",
        )
    if split.startswith("cold-items:"):
        return f"items unknown to every model, and {people}", f"{rule} No model saw anybody choose these items."
    return f"hidden choices of {people}", rule


def told(data: Dataset) -> str:
    """One sentence of the data set that is open."""
    people = "simulated viewers" if data.info.simulated else "people"
    return f"Tested on {words(data.info.split, f'{data.info.n_test_users:,} {people}')[0]} (split {data.info.split})."


def pick(data: Dataset) -> None:
    """Where the zoo holds the same data split otherwise, the way there; one table never mixes two of them."""
    here, same = state.kept("dataset"), _same(data.info)
    if len(same) < 2 or here not in same:
        return
    chosen = st.selectbox(
        "Protocol",
        list(same),
        list(same).index(here),
        format_func=lambda name: (
            f"{same[name].split}: {words(same[name].split, f'{same[name].n_test_users:,} people')[0]}"
        ),
        key=f"protocol-{data.name}-{state.session().turns}",
        help="The same interactions, split in another way. Figures under two protocols do not belong on one table.",
    )
    if chosen != here:
        state.take_over({"dataset": chosen})
        state.leave_view()
        st.rerun()


def _same(info: DatasetInfo) -> dict[str, DatasetInfo]:
    """Data sets of the zoo that were made from the same file; one that cannot be read is not among them."""
    found = {}
    for name in cached.zoo().datasets():
        with suppress(ZooError):
            other = cached.dataset(name).info
            if (other.source, other.rows_read) == (info.source, info.rows_read):
                found[name] = other
    return found
