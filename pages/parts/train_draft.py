"""From a file to a training that can start: upload, what would be kept of it, how it is read, which models."""

from dataclasses import dataclass, field, replace
from pathlib import Path

import streamlit as st

from pages.parts import cached, held, own, state, train, train_models
from pages.parts.amounts import count
from pages.parts.frame import escape
from pages.parts.held import Sent
from pages.parts.upload import KINDS, allowed
from zoo.errors import DataError, ZooError
from zoo.jobs.asked import SPLIT, Reading
from zoo.jobs.job import Held, Job
from zoo.jobs.queue import NO_ROOM
from zoo.jobs.reading import Look, columns, look

DRAFT = "draft"  # kept by the session
TURN = "draft-turn"  # of the uploaders: a new turn begins with empty ones
LEAST = {"min_user": 5, "min_item": 2}  # at first
ROLES = {"user": "User", "item": "Item", "value": "Rating", "timestamp": "Time"}
SPLITS = {
    SPLIT: "By people: a tenth of them is hidden from training",
    "leave-last-out": "By the last choice of every person",
    "temporal:0.1": "In time: the last tenth of all choices",
}
SPLIT_HELP = (
    "Models are measured on choices that they were not shown. Hidden people tell how a model does for somebody new. "
    "The other two ways need the time of each choice."
)


@dataclass
class Draft:
    """An upload that is being looked at; changed in place."""

    word: str
    held: Held = field(repr=False)
    files: tuple[str | None, str | None]  # ids of the uploads
    reading: Reading  # the files, everything else as it is at first
    columns: list[str] = field(default_factory=list)
    suggested: float | None = None  # threshold
    seen: tuple[Reading, Look | str] | None = None  # what was looked at last, and what came of it

    @property
    def job(self) -> Job:
        return self.held.job


def show() -> None:
    st.markdown("## Train another" if own.trainings() else "## Your data")
    data, described = _keys()
    file = _uploader("Who chose what", data, "One row per choice: user, item, and perhaps rating, time.")
    items = _uploader("What the items are (optional)", described, "Item id, title, year, genres.")
    if file is None:
        drop()
        train.explain()
        return
    draft = _draft(file, items)
    card = st.container(border=True)
    reading = _ask(draft)
    with card:
        found = _look(draft, reading)
        if isinstance(found, str):
            st.error(escape(found), title="This file could not be used")
            return
        _report(Path(found.reading.data).name, found)
    train_models.show(draft.word, draft.job, found)


def drop() -> None:
    """The upload is not wanted any more."""
    if draft := state.kept(DRAFT):
        draft.held.forget()
        state.keep(DRAFT, None)


def started() -> None:
    """The draft has become a training of the session; the next one begins with empty uploaders."""
    draft = state.kept(DRAFT)
    own.keep(draft.word, draft.held)
    state.keep(DRAFT, None)
    for key in _keys():
        held.forget(key)  # training needs the memory
    state.keep(TURN, state.kept(TURN, 0) + 1)


def _keys() -> tuple[str, str]:
    """Of the uploaders."""
    turn = state.kept(TURN, 0)
    return f"train-data-{turn}", f"train-items-{turn}"


def _uploader(label: str, key: str, help: str) -> Sent | None:
    limits = allowed()
    formats = "CSV, TSV, Parquet, JSON Lines, or one of them in gzip or zip."
    most = f"Up to {limits.bytes / 2**20:,.0f} MB, packed and unpacked, and {limits.rows:,} rows."
    return held.uploader(label, KINDS, key, limits.bytes, help=f"{help} {formats} {most}")


def _draft(file: Sent, items: Sent | None) -> Draft:
    """The same files are put down once; others begin anew."""
    files = (file.file_id, items.file_id if items else None)
    draft: Draft | None = state.kept(DRAFT)
    if draft and draft.files == files and draft.job.is_there:
        return draft
    drop()
    limits = allowed()
    for one in filter(None, (file, items)):
        if one.content is None:
            raise DataError("The server had to let your file go, for others sent too much at once. Bring it again.")
        limits.check_bytes(len(one.content), one.name)
    try:
        word, job = own.jobs().new()
        draft = Draft(word, own.hold(job), files, _put_down(job, file, items))
    except OSError:
        raise ZooError(NO_ROOM) from None
    return state.keep(DRAFT, draft)


def _put_down(job: Job, file: Sent, items: Sent | None) -> Reading:
    """Where the disk has no room for the files, nothing of the job stays."""
    try:
        data = job.put(file.content, file.name, "data")
        described = job.put(items.content, items.name, "items") if items else None
    except OSError:
        job.forget()
        raise
    return Reading(data=data, items=described, **LEAST)


def _ask(draft: Draft) -> Reading:
    """How the file is to be read, said in widgets; at first as its names and ratings suggest."""
    if draft.seen is None:
        with st.spinner("Reading the file …"):
            _first_look(draft)
    seen = draft.seen[1] if draft.seen else None
    has_times = isinstance(seen, Look) and seen.has_times
    with st.expander("How it is read", expanded=isinstance(seen, str), icon=":material/tune:"):
        given = _picked(draft) | _rules(draft)
        rules = [rule for rule in SPLITS if rule == SPLIT or has_times]
        given["split"] = st.selectbox(
            "How models are tested", rules, format_func=SPLITS.get, help=SPLIT_HELP, key=f"train-split-{draft.word}"
        )
    return draft.reading.model_copy(update=given)


def _picked(draft: Draft) -> dict[str, str | None]:
    if not draft.columns:
        return {}
    with st.container(horizontal=True):
        return {
            role: st.selectbox(
                label,
                draft.columns,
                index=None,
                placeholder="By its name",
                format_func=lambda name: name[:60],
                key=f"train-{role}-{draft.word}",
            )
            for role, label in ROLES.items()
        }


def _rules(draft: Draft) -> dict[str, float | int | None]:
    with st.container(horizontal=True):
        threshold = st.number_input(
            "Counts from this rating",
            value=draft.suggested,
            placeholder="Every row",
            key=f"train-threshold-{draft.word}",
            help="Rows with a lower rating are left out; without a number, every row counts.",
        )
        least = {
            name: int(st.number_input(label, 1, 1000, LEAST[name], key=f"train-{name}-{draft.word}", help=why))
            for name, label, why in (
                ("min_user", "Fewest items per person", "People with fewer say too little to learn from."),
                ("min_item", "Fewest people per item", "Rare items cost memory and time, and little is known of them."),
            )
        }
    return {"threshold": threshold} | least


def _first_look(draft: Draft) -> None:
    settings = cached.settings()
    try:
        draft.columns = columns(draft.job, draft.reading, settings)
        found = look(draft.job, draft.reading, settings, suggest=True)
    except DataError as error:
        draft.seen = (draft.reading, _mendable(error, draft))
        return
    draft.suggested = found.reading.threshold
    draft.seen = (found.reading, found)


def _look(draft: Draft, reading: Reading) -> Look | str:
    """What training would read, or the sentence why it cannot; looked at once per set of answers."""
    if draft.seen is None or draft.seen[0] != reading:
        try:
            with st.spinner("Reading the file …"):
                found: Look | str = look(draft.job, reading, cached.settings(), suggest=False)
        except DataError as error:
            found = _mendable(error, draft)
        draft.seen = (reading, found)
    found = draft.seen[1]
    return found if isinstance(found, str) else replace(found, reading=reading)


def _mendable(error: ZooError, draft: Draft) -> str:
    option = getattr(error, "option", None)
    sentence = str(error).replace(option, "pick it below") if option else str(error)
    return f"{sentence} “How it is read” changes that." if draft.columns and not option else sentence


def _report(name: str, found: Look) -> None:
    """What would be kept, what not, and why."""
    st.markdown(f"**{escape(name)}**  \n{escape(found.sentence)}")
    with st.container(horizontal=True):
        for label, n in (("People", found.users), ("Items", found.items), ("Choices", found.choices)):
            st.metric(label, count(n))
        st.metric("Test people", count(found.test_users), help="Whose hidden choices the models are measured on.")
    said = [f"{ROLES[role].lower()} from {column}" for role, column in found.found.items() if role in ROLES]
    lines = [f"Taken: {', '.join(said)}."]
    if found.reading.threshold is not None:
        lines.append(f"A row counts from a rating of {found.reading.threshold:g} on.")
    lines += found.notes
    if not found.titled:
        lines.append("No titles are known: items will be shown by their ids. A second file can name them.")
    st.caption(" ".join(escape(line) for line in lines))
    examples = [(reason, "; ".join(rows)) for reason, rows in found.examples.items()]
    if examples:
        with st.expander("Rows left out, for instance"):
            st.markdown("\n".join(f"- {escape(reason)}: {escape(rows)}" for reason, rows in examples))
