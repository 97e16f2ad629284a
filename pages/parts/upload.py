"""Somebody's file, read within limits and kept in this session only; the last good one stays until another comes."""

from dataclasses import dataclass, field

import streamlit as st
from streamlit.runtime.uploaded_file_manager import UploadedFile

from pages.parts import cached, state
from pages.parts.frame import escape
from zoo.columns import Mapping
from zoo.dataset import Dataset
from zoo.errors import DataError
from zoo.files import Limits, open_table
from zoo.history import Histories, read_histories

BROUGHT = "brought"  # the session's key of the last good file
REFUSED = "refused"  # of the last bad one: what was asked of it, and the sentence why not
KINDS = ["csv", "tsv", "txt", "parquet", "jsonl", "ndjson", "json", "gz", "zip"]
COLUMNS = "columns"  # of the file that was looked at last
ROLES = {"item": "Item (id or title)", "user": "User", "value": "Rating"}
TEMPLATE = "user_id,title,year,rating\nme,The Shawshank Redemption,1994,5\nme,Spirited Away,2001,4.5\n"


@dataclass(frozen=True)
class Brought:
    """What came out of one file."""

    name: str
    fingerprint: str  # of the data set whose catalogue it was matched with
    asked: tuple[str, str, Mapping, float | None]  # the file, the data set, columns and threshold that gave it
    histories: Histories = field(repr=False)


def ask(data: Dataset) -> Brought | None:
    """Uploader, column pickers, and the file that was read last (of this catalogue)."""
    limits = _limits()
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
            "### What to bring\n\n"
            "One row per choice: an **item id** or a **title** (with its year, if you have it); a **user** where "
            "the file holds several people. A rating may stand beside it.\n\n"
            "One person's file becomes your taste on the other pages. Many people's get a list each, to download.\n\n"
            "**Your file stays in this session; it is not stored or logged.**"
        )
        st.download_button(
            "Template (CSV)", TEMPLATE, "template.csv", "text/csv", on_click="ignore", icon=":material/download:"
        )


def forget() -> None:
    """What was read, what was refused, and the file itself: a new uploader holds none."""
    state.keep("forgotten", state.kept("forgotten", 0) + 1)
    for key in (BROUGHT, REFUSED, COLUMNS):
        st.session_state.pop(key, None)


def _limits() -> Limits:
    settings = cached.settings()
    return Limits(settings.upload_bytes, settings.upload_rows)


def _read(data: Dataset, file: UploadedFile, limits: Limits) -> None:
    """Reads a file once per set of answers; a refusal stands beside the pickers that may mend it."""
    refusal = st.container()
    refused, sentence = st.session_state.get(REFUSED, (None, ""))
    columns = _columns(file, limits)
    mapping, threshold = Mapping(), data.info.threshold
    if columns:
        mapping, threshold = _pick(columns, threshold, opened=refused is not None and refused[0] == file.file_id)
    asked = (file.file_id, data.info.fingerprint, mapping, threshold)
    brought = st.session_state.get(BROUGHT)
    if refused == asked:
        way = " Columns can be picked below." if columns else ""
        kept = "" if brought is None else f" What you brought before ({brought.name}) is still here, below."
        refusal.error(escape(sentence + way + kept), title="This file could not be used")
    elif brought is None or brought.asked != asked:
        with refusal, st.spinner("Matching the file with the catalogue …"):
            _match(data, file, limits, asked)
        st.rerun()


def _match(data: Dataset, file: UploadedFile, limits: Limits, asked: tuple) -> None:
    *_, mapping, threshold = asked
    try:
        found = read_histories(
            file.getvalue(), file.name, data.catalogue, mapping=mapping, threshold=threshold, limits=limits
        )
    except DataError as error:
        st.session_state[REFUSED] = (asked, str(error))
    else:
        st.session_state[BROUGHT] = Brought(file.name, data.info.fingerprint, asked, found)
        st.session_state.pop(REFUSED, None)


def _columns(file: UploadedFile, limits: Limits) -> list[str]:
    """The columns of a file, looked up once; none of what is no table."""
    looked_at, columns = st.session_state.get(COLUMNS, (None, []))
    if looked_at != file.file_id:
        try:
            columns = open_table(file.getvalue(), file.name, limits).columns
        except DataError:
            columns = []
        st.session_state[COLUMNS] = (file.file_id, columns)
    return columns


def _pick(columns: list[str], threshold: float | None, opened: bool) -> tuple[Mapping, float | None]:
    """Columns are recognised by their names; here they can be named."""
    with st.expander("Columns and rating", expanded=opened), st.container(horizontal=True):
        picked = {
            role: st.selectbox(label, columns, index=None, placeholder="By its name", key=f"column-{role}")
            for role, label in ROLES.items()
        }
        threshold = st.number_input(
            "Counts from this rating",
            value=threshold,
            placeholder="Every row",
            help="Rows with a lower rating are left out; without a number, every row counts. Preset: the data's rule.",
        )
    return Mapping(**picked), threshold


def use_as_taste(data: Dataset, brought: Brought, add: bool) -> None:
    """The file's only user becomes the visitor's taste, or is added to it."""
    visit = state.visit(data.info.fingerprint)
    items = brought.histories.X.indices.tolist()
    kept = [item for item in visit.likes if add and item not in items]
    dislikes = tuple(item for item in visit.dislikes if add and item not in items)
    state.remember(data.info.fingerprint, state.Visit(likes=(*kept, *items), dislikes=dislikes))
