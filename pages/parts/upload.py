"""Somebody's file, read within limits and kept in this session only; the last good one stays until another comes.

It is decoded in a process of its own (zoo/reading.py). Its bytes are kept while its page is open, for another answer
about its columns needs another reading.
"""

from dataclasses import dataclass, field, replace

import streamlit as st

from pages.parts import cached, held, state
from pages.parts.downloads import template
from pages.parts.frame import escape
from pages.parts.held import Sent
from zoo import limited
from zoo.columns import RECOGNISE, Mapping, NoColumn
from zoo.dataset import Dataset
from zoo.decoding import Meant
from zoo.errors import DataError, ZooError
from zoo.exports import Service, recognise
from zoo.files import Limits
from zoo.history import Histories, corrected
from zoo.reading import Bounds, Opened, read_history

BROUGHT = "brought"  # the session's key of the last good file
REFUSED = "refused"  # of the last bad one: what was asked of it, and the sentence why not
KINDS = ["csv", "tsv", "txt", "parquet", "jsonl", "ndjson", "json", "gz", "zip"]
LOOKED = "looked"  # what the file is that was looked at last
OPENED = "columns-opened"  # the file whose columns had to be picked
ROLES = {"item": "Item (id or title)", "user": "User", "value": "Rating"}
TEMPLATE = "user_id,title,year,rating\nme,The Shawshank Redemption,1994,5\nme,Spirited Away,2001,4.5\n"


@dataclass(frozen=True)
class Brought:
    """What came out of one file."""

    name: str
    fingerprint: str  # of the data set whose catalogue it was matched with
    asked: "Asked"
    as_found: Histories = field(repr=False)
    histories: Histories = field(repr=False)  # with the corrections
    corrections: dict[str, int] = field(default_factory=dict)  # what the file says -> the item that is meant, -1: none

    def corrected(self, corrections: dict[str, int], data: Dataset) -> "Brought":
        """The same file, where the visitor said what some of its rows mean."""
        mended = corrected(self.as_found, corrections, data.catalogue) if corrections else self.as_found
        return replace(self, corrections=corrections, histories=mended)


@dataclass(frozen=True)
class Asked:
    """What of a file was asked: another answer needs another reading."""

    file_id: str
    fingerprint: str  # of the data set
    mapping: Mapping
    threshold: float | None  # of a file that is no service's
    bounds: tuple[float, float] | None  # of an export: below the first a dislike, from the second a like


@dataclass(frozen=True)
class Looked:
    """What a file is, whatever is asked of it."""

    of: tuple[str, str]  # id of the file, fingerprint of the data set
    columns: list[str]  # none of what is no table
    stars: float | None  # the rule that its ratings suggest


def ask(data: Dataset) -> Brought | None:
    """Uploader, column pickers, and the file that was read last (of this catalogue)."""
    limits = Bounds.of(cached.settings())
    limited.warm()
    file = held.uploader(
        "Your own choices, or many people's",
        KINDS,
        _key(),
        limits.bytes,
        help="CSV, TSV, Parquet, JSON Lines, or one of them in gzip or zip. "
        f"Up to {limits.bytes / 2**20:,.0f} MB, packed and unpacked, and {limits.rows:,} rows.",
    )
    if file is not None and file.content is not None:
        _read(data, file, limits)
    brought = st.session_state.get(BROUGHT)
    return brought if brought is not None and brought.fingerprint == data.info.fingerprint else None


def explain() -> None:
    """The empty state: what a file may look like, and what becomes of it."""
    with st.container(border=True):
        st.markdown(
            "## What to bring\n\n"
            "One row per choice: an **item id** or a **title** (with its year, if you have it); a **user** where "
            "the file holds several people. A rating may stand beside it: few stars are no like, and what they were "
            "given to is not recommended again.\n\n"
            "Or an export of **Letterboxd** (the whole zip, or one of its files), **IMDb**, **Goodreads** or "
            "**MovieLens**, as it is: likes, dislikes and what you merely saw are read from your ratings.\n\n"
            "One person's file becomes your taste on the other pages. Many people's get a list each, to download.\n\n"
            "**Your file stays in this session; it is not stored or logged.**"
        )
        template(TEMPLATE, "template.csv")


def forget() -> None:
    """What was read, what was refused, and the file itself: a new uploader holds none."""
    held.forget(_key())
    state.keep("forgotten", state.kept("forgotten", 0) + 1)
    for key in (BROUGHT, REFUSED, LOOKED, OPENED):
        st.session_state.pop(key, None)


def _key() -> str:
    """Of the uploader: after "forget" it is another one, for the browser would show the file again."""
    return f"file-{state.kept('forgotten', 0)}"


def allowed() -> Limits:
    """How much a visitor's file may hold."""
    settings = cached.settings()
    return Limits(settings.upload_bytes, settings.upload_rows)


def _read(data: Dataset, file: Sent, limits: Bounds) -> None:
    """Reads a file once per set of answers; a refusal stands beside the pickers that may mend it."""
    refusal = st.container()
    looked = st.session_state.get(LOOKED)
    if looked is None or looked.of != (file.file_id, data.info.fingerprint):
        with refusal, st.spinner("Matching the file with the catalogue …"):
            looked = _look(data, file, limits)
    refused, sentence = st.session_state.get(REFUSED, (None, ""))
    service = recognise(looked.columns)
    bounds = None if service is None else _bounds(service)
    mapping, threshold = Mapping(), data.info.threshold
    if looked.columns:
        if refused is not None and refused.file_id == file.file_id:
            st.session_state[OPENED] = file.file_id
        opened = st.session_state.get(OPENED) == file.file_id  # whoever picks one column may have to pick another
        stars = looked.stars if threshold is None else None
        mapping, threshold = _pick(looked.columns, stars if threshold is None else threshold, service, opened)
        if stars is not None and threshold == stars:
            st.caption(
                f"Its ratings look like stars: rows rated {stars:g} or more count as likes; what is rated lower was "
                "seen, and is kept out of the lists. “Columns and rating” changes that."
            )
    asked = Asked(*looked.of, mapping, threshold, bounds if mapping == RECOGNISE else None)
    brought = st.session_state.get(BROUGHT)
    if refused == asked:
        kept = "" if brought is None else f" What you brought before ({brought.name}) is still here, below."
        refusal.error(escape(sentence + kept), title="This file could not be used")
    elif brought is None or brought.asked != asked:
        with refusal, st.spinner("Matching the file with the catalogue …"):
            _match(data, file, limits, asked)
        st.rerun()


def _look(data: Dataset, file: Sent, limits: Bounds) -> Looked:
    """The first reading, as a file of its kind is usually read: what it is, and what was found."""
    of = (file.file_id, data.info.fingerprint)
    try:
        opened = read_history(file.content, file.name, data, limits, rule=data.info.threshold)
    except DataError as error:
        looked, usual = Looked(of, [], None), Asked(*of, Mapping(), data.info.threshold, None)
        _refuse(usual, error, looked)
    else:
        looked = Looked(of, opened.columns, opened.stars)
        _take(data, file, Asked(*of, opened.meant.mapping, opened.meant.threshold, opened.meant.bounds), opened)
    st.session_state[LOOKED] = looked
    return looked


def _match(data: Dataset, file: Sent, limits: Bounds, asked: "Asked") -> None:
    """Another reading, where somebody said what the columns and the ratings mean."""
    try:
        opened = read_history(
            file.content, file.name, data, limits, Meant(asked.mapping, asked.threshold, asked.bounds)
        )
    except DataError as error:
        _refuse(asked, error, st.session_state[LOOKED])
    else:
        _take(data, file, asked, opened)


def _take(data: Dataset, file: Sent, asked: "Asked", opened: Opened) -> None:
    """Keep what was found; what was brought before stays where this is refused."""
    if opened.histories is None:
        _refuse(asked, opened.refusal, opened)
        return
    before = st.session_state.get(BROUGHT)
    brought = Brought(file.name, data.info.fingerprint, asked, opened.histories, opened.histories)
    if before is not None and before.asked.file_id == asked.file_id and before.fingerprint == asked.fingerprint:
        brought = brought.corrected(before.corrections, data)  # another threshold changes no match
    st.session_state[BROUGHT] = brought
    st.session_state.pop(REFUSED, None)


def _refuse(asked: "Asked", error: ZooError, opened: Opened | Looked) -> None:
    st.session_state[REFUSED] = (asked, _why_not(error, bool(opened.columns)))


def _why_not(error: ZooError, has_columns: bool) -> str:
    """Its sentence, with what can be done about it on this page."""
    if isinstance(error, NoColumn):
        return str(error).replace(error.option, "pick it below")
    return f"{error} Columns can be picked below." if has_columns else str(error)


def mend(data: Dataset, brought: Brought, given: str, item: int | None) -> None:
    """What the file calls `given` is this item; -1: it is left out; None: it is what was found for it."""
    others = {name: meant for name, meant in brought.corrections.items() if name != given}
    st.session_state[BROUGHT] = brought.corrected(others if item is None else others | {given: item}, data)


def _bounds(service: Service) -> tuple[float, float]:
    """What the ratings of an export mean, to be moved."""
    lowest, highest, step = service.scale
    usual = (service.stars.dislike_below, service.stars.like_from)
    st.badge(f"Recognised: {service.name} export", icon=":material/check_circle:", color="green")
    below, above = st.slider(
        f"Ratings of {service.name}: dislikes below the left mark, likes from the right one",
        lowest,
        highest,
        usual,
        step,
        format="%g",
        key=f"bounds-{service.name}",
        help="What lies between was seen and says nothing: it is kept out of your lists, and no model is told of it.",
    )
    return below, above


def _pick(
    columns: list[str], threshold: float | None, service: Service | None, opened: bool
) -> tuple[Mapping, float | None]:
    """Columns are recognised by their names; here they can be named."""
    label = "Columns and rating" if service is None else f"Not an export of {service.name}? Name the columns"
    with st.expander(label, expanded=opened), st.container(horizontal=True):
        picked = {
            role: st.selectbox(label, columns, index=None, placeholder="By its name", key=f"column-{role}")
            for role, label in ROLES.items()
        }
        threshold = st.number_input(
            "Counts from this rating",
            value=threshold,
            placeholder="Every row",
            help="What is rated lower is no like: it was seen, no model is told of it, and it is kept out of the "
            "lists. Without a number every row counts. Preset: the data's rule, or 3.5 of 5 and 7 of 10 stars where "
            "the data has none.",
        )
    return Mapping(**picked), threshold


def use_as_taste(data: Dataset, brought: Brought, add: bool) -> None:
    """The file's only user becomes the visitor's taste, or is added to it; the file has the last word on an item."""
    found, visit = brought.histories, state.visit(data.info.fingerprint) if add else state.Visit()
    likes, dislikes, seen = (part.indices.tolist() for part in (found.X, found.dislikes, found.seen))
    named = {*likes, *dislikes, *seen}
    kept = [[item for item in items if item not in named] for items in (visit.likes, visit.dislikes, visit.seen)]
    changed = [(*old, *new) for old, new in zip(kept, (likes, dislikes, seen), strict=True)]
    state.remember(data.info.fingerprint, state.Visit(changed[0], changed[1], private=True, seen=changed[2]))
