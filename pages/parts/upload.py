"""Somebody's file, read within limits and kept in this session only; the last good one stays until another comes."""

import re
from dataclasses import dataclass, field, replace

import streamlit as st
from streamlit.runtime.uploaded_file_manager import UploadedFile

from pages.parts import cached, state
from pages.parts.frame import escape
from zoo.columns import RECOGNISE, Mapping
from zoo.dataset import Dataset
from zoo.errors import DataError
from zoo.exports import Service, open_export, recognise
from zoo.files import Limits
from zoo.history import Histories, corrected, read_histories, star_rule

BROUGHT = "brought"  # the session's key of the last good file
REFUSED = "refused"  # of the last bad one: what was asked of it, and the sentence why not
KINDS = ["csv", "tsv", "txt", "parquet", "jsonl", "ndjson", "json", "gz", "zip"]
COLUMNS = "columns"  # of the file that was looked at last
STARS = "stars"  # the rule that its ratings suggest
OPENED = "columns-opened"  # the file whose columns had to be picked
OPTION = re.compile(r"name it with --\w+ COLUMN")  # what the command line offers, in a sentence that it shares
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


def ask(data: Dataset) -> Brought | None:
    """Uploader, column pickers, and the file that was read last (of this catalogue)."""
    limits = allowed()
    file = st.file_uploader(
        "Your own choices, or many people's",
        type=KINDS,
        key=f"file-{state.kept('forgotten', 0)}",
        max_upload_size=-(-limits.bytes // 2**20),
        help="CSV, TSV, Parquet, JSON Lines, or one of them in gzip or zip. "
        f"Up to {limits.bytes / 2**20:,.0f} MB, packed and unpacked, and {limits.rows:,} rows.",
    )
    if file is not None:
        _read(data, file, limits)
    brought = st.session_state.get(BROUGHT)
    return brought if brought is not None and brought.fingerprint == data.info.fingerprint else None


def explain() -> None:
    """The empty state: what a file may look like, and what becomes of it."""
    with st.container(border=True):
        st.markdown(
            "## What to bring\n\n"
            "One row per choice: an **item id** or a **title** (with its year, if you have it); a **user** where "
            "the file holds several people. A rating may stand beside it: few stars are no like.\n\n"
            "Or an export of **Letterboxd** (the whole zip, or one of its files), **IMDb**, **Goodreads** or "
            "**MovieLens**, as it is: likes, dislikes and what you merely saw are read from your ratings.\n\n"
            "One person's file becomes your taste on the other pages. Many people's get a list each, to download.\n\n"
            "**Your file stays in this session; it is not stored or logged.**"
        )
        st.download_button(
            "Template (CSV)", TEMPLATE, "template.csv", "text/csv", on_click="ignore", icon=":material/download:"
        )


def forget() -> None:
    """What was read, what was refused, and the file itself: a new uploader holds none."""
    state.keep("forgotten", state.kept("forgotten", 0) + 1)
    for key in (BROUGHT, REFUSED, COLUMNS, STARS, OPENED):
        st.session_state.pop(key, None)


def allowed() -> Limits:
    """How much a visitor's file may hold."""
    settings = cached.settings()
    return Limits(settings.upload_bytes, settings.upload_rows)


def _read(data: Dataset, file: UploadedFile, limits: Limits) -> None:
    """Reads a file once per set of answers; a refusal stands beside the pickers that may mend it."""
    refusal = st.container()
    refused, sentence = st.session_state.get(REFUSED, (None, ""))
    columns = _columns(file, limits)
    service = recognise(columns)
    bounds = None if service is None else _bounds(service)
    mapping, threshold = Mapping(), data.info.threshold
    if columns:
        if refused is not None and refused.file_id == file.file_id:
            st.session_state[OPENED] = file.file_id
        opened = st.session_state.get(OPENED) == file.file_id  # whoever picks one column may have to pick another
        stars = _star_rule(file, limits) if service is None and threshold is None else None
        mapping, threshold = _pick(columns, stars if threshold is None else threshold, service, opened)
        if stars is not None and threshold == stars:
            st.caption(
                f"Its ratings look like stars: rows rated {stars:g} or more count as likes, the others are left out. "
                "“Columns and rating” changes that."
            )
    asked = Asked(file.file_id, data.info.fingerprint, mapping, threshold, bounds if mapping == RECOGNISE else None)
    brought = st.session_state.get(BROUGHT)
    if refused == asked:
        sentence, n = OPTION.subn("pick it below", sentence)
        way = " Columns can be picked below." if columns and not n else ""
        kept = "" if brought is None else f" What you brought before ({brought.name}) is still here, below."
        refusal.error(escape(sentence + way + kept), title="This file could not be used")
    elif brought is None or brought.asked != asked:
        with refusal, st.spinner("Matching the file with the catalogue …"):
            _match(data, file, limits, asked)
        st.rerun()


def _match(data: Dataset, file: UploadedFile, limits: Limits, asked: Asked) -> None:
    below, above = asked.bounds or (None, None)
    before = st.session_state.get(BROUGHT)
    try:
        found = read_histories(
            file.getvalue(),
            file.name,
            data.catalogue,
            mapping=asked.mapping,
            threshold=asked.threshold,
            like_from=above,
            dislike_below=below,
            limits=limits,
        )
    except DataError as error:
        st.session_state[REFUSED] = (asked, str(error))
    else:
        brought = Brought(file.name, data.info.fingerprint, asked, found, found)
        if before is not None and before.asked.file_id == asked.file_id and before.fingerprint == asked.fingerprint:
            brought = brought.corrected(before.corrections, data)  # another threshold changes no match
        st.session_state[BROUGHT] = brought
        st.session_state.pop(REFUSED, None)


def mend(data: Dataset, brought: Brought, given: str, item: int | None) -> None:
    """What the file calls `given` is this item; -1: it is left out; None: it is what was found for it."""
    others = {name: meant for name, meant in brought.corrections.items() if name != given}
    st.session_state[BROUGHT] = brought.corrected(others if item is None else others | {given: item}, data)


def _columns(file: UploadedFile, limits: Limits) -> list[str]:
    """The columns of a file, looked up once; none of what is no table."""
    looked_at, columns = st.session_state.get(COLUMNS, (None, []))
    if looked_at != file.file_id:
        try:
            columns = open_export(file.getvalue(), file.name, limits).columns
        except DataError:
            columns = []
        st.session_state[COLUMNS] = (file.file_id, columns)
    return columns


def _star_rule(file: UploadedFile, limits: Limits) -> float | None:
    """From which rating on a row of this file is a like, looked up once; None where it has no stars."""
    looked_at, rule = st.session_state.get(STARS, (None, None))
    if looked_at != file.file_id:
        try:
            rule = star_rule(file.getvalue(), file.name, limits=limits)
        except DataError:
            rule = None
        st.session_state[STARS] = (file.file_id, rule)
    return rule


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
            help="Rows with a lower rating are left out; without a number, every row counts. Preset: the data's "
            "rule, or 3.5 of 5 and 7 of 10 stars where the data has none.",
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
