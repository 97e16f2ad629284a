"""Which models to train, with what each would need, and the button that starts it."""

from collections.abc import Iterator
from pathlib import Path

import streamlit as st

from pages.parts import access, cached, own, state, train_draft
from pages.parts.amounts import duration, size
from pages.parts.frame import escape
from zoo.errors import ZooError
from zoo.jobs.ahead import Offer, offers
from zoo.jobs.asked import NAME, Reading, Request, check_name
from zoo.jobs.job import Job
from zoo.jobs.reading import Look
from zoo.roles import Role

OFFERS = "offers"  # kept by the session: the reading that they are of, and the offers or a sentence
FIRST = ("popularity", "item_knn", "pure_svd", "ease")  # chosen at first: in closed form, so quick
INSTEAD = {"ease": "ease_sparse"}  # where the one does not fit
WORTH_BYTES, WORTH_SECONDS = 50e6, 1.0  # what is less is not worth a word
UNMEASURED = (
    "It knows only the people whom it learned from, so it gets no figures while models are tested by hidden people: "
    "“How it is read” has other ways."
)


def show(word: str, job: Job, found: Look) -> None:
    st.markdown("## Models")
    of, offered = state.kept(OFFERS) or (None, None)
    if of != (word, found.reading):
        with st.container():
            st.caption("What each model needs depends on your data, and is worked out before you choose.")
            if not st.button("Choose models", type="primary", icon=":material/checklist:"):
                return
            with st.spinner("Working out what each model needs …"):
                offered = _offers(job, found.reading)
        state.keep(OFFERS, ((word, found.reading), offered))
        st.rerun()
    if isinstance(offered, str):
        st.error(escape(offered), title="Nothing can be trained on this yet")
        return
    titles = _choose(word, offered)
    name = st.text_input("Name of the data set", _stem(found.reading), max_chars=60, key=f"train-name-{word}")
    label = f"Train {len(titles)} model{'' if len(titles) == 1 else 's'}"
    if st.button(label, type="primary", icon=":material/play_arrow:", disabled=not titles):
        _start(job, Request(name=name, models=list(titles), titles=titles, reading=found.reading))


def _offers(job: Job, reading: Reading) -> list[Offer] | str:
    try:
        return offers(job, reading, own.jobs().bounds)
    except ZooError as error:
        return str(error)


def _choose(word: str, offered: list[Offer]) -> dict[str, str]:
    """Names and titles, the cheapest first: they are there soon, whatever becomes of the others."""
    first = set(_at_first(offered))
    possible = [one for one in offered if one.problem is None]
    titles = {one.name: one.title for one in possible}
    chosen: set[str] = set()
    for family in dict.fromkeys(one.family for one in offered):
        names = [one.name for one in possible if one.family == family]
        if names:
            chosen |= {
                *st.pills(
                    f"{family.capitalize()} models" if "tower" in family else f"{family.capitalize()}s",
                    names,
                    selection_mode="multi",
                    default=[name for name in names if name in first],
                    format_func=titles.get,
                    key=f"train-{family}-{word}",
                )
            }
    told = [f"- **{escape(one.title)}**: {escape(_told(one))}" for one in possible if one.name in chosen]
    st.markdown("\n".join(told) or "Choose one model or more.")
    if lacking := [f"{one.title}: {one.problem}" for one in offered if one.problem]:
        with st.expander(f"Not on this data: {len(lacking)}"):
            st.markdown("\n".join(f"- {escape(line)}" for line in lacking))
    return {one.name: one.title for one in possible if one.name in chosen}


def _at_first(offered: list[Offer]) -> Iterator[str]:
    possible = {one.name for one in offered if one.problem is None}
    for name in FIRST:
        if name in possible:
            yield name
        elif INSTEAD.get(name) in possible:
            yield INSTEAD[name]


def _told(one: Offer) -> str:
    needs = [f"{size(one.bytes)} of memory"] if (one.bytes or 0) > WORTH_BYTES else []
    needs += [f"about {duration(one.seconds)}"] if (one.seconds or 0.0) > WORTH_SECONDS else []
    return " ".join(
        filter(None, [one.summary, f"It needs {' and '.join(needs)}." if needs else "", UNMEASURED if one.note else ""])
    )


def _stem(reading: Reading) -> str:
    stem = Path(reading.data).name.partition(".")[0]
    return stem if NAME.fullmatch(stem) else "my data"


def _start(job: Job, request: Request) -> None:
    try:
        access.require(Role.ANALYST)
        name = check_name(request.name, cached.zoo().datasets())
        own.jobs().start(job, request.model_copy(update={"name": name}))
    except ZooError as error:
        st.error(escape(str(error)), title="Not started")
        return
    train_draft.started()
    st.rerun()
