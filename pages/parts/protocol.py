"""How models were tested, in plain words; and the way to the same data under another protocol."""

import streamlit as st

from pages.parts import cached, state
from zoo.dataset import Dataset


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
    return f"Tested on {words(data.info.split, f'{data.info.n_test_users:,} {people}')[0]} ({data.info.split})."


def pick(data: Dataset) -> None:
    """Where the zoo holds the same data split otherwise, the way there; one table never mixes two of them."""
    known = (data.info.source, data.info.rows_read)
    zoo = cached.zoo()
    splits = {name: of.split for name in zoo.datasets() if known == _known(of := cached.dataset(name).info)}
    if len(splits) < 2:
        return
    people = {name: f"{cached.dataset(name).info.n_test_users:,} people" for name in splits}
    chosen = st.selectbox(
        "Protocol",
        list(splits),
        list(splits).index(data.name),
        format_func=lambda name: f"{splits[name]}: {words(splits[name], people[name])[0]}",
        key=f"protocol-{data.name}-{state.session().turns}",
        help="The same interactions, split in another way. Figures under two protocols do not belong on one table.",
    )
    if chosen != data.name:
        state.take_over({"dataset": chosen})
        st.rerun()


def _known(info) -> tuple[str, int]:
    return info.source, info.rows_read
