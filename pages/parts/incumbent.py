"""Lists of the system in use today, brought as a file: they stand beside the zoo on every page under Measure.

Read within limits and kept in this session only; what was measured of them is kept there too, never in a cache that
other sessions share.
"""

from dataclasses import dataclass

import numpy as np
import streamlit as st

from pages.parts import cached, held, state, upload
from pages.parts.colours import ELSEWHERE
from pages.parts.downloads import safe_csv, template
from pages.parts.frame import escape
from pages.parts.held import Sent
from pages.parts.session_lists import SessionLists
from zoo.dataset import Dataset
from zoo.errors import DataError
from zoo.reading import Bounds, read_outside_lists

INCUMBENT = "incumbent"  # the session's key
NAME = "incumbent-lists"  # no model is called so
TITLE = "Incumbent"
EXAMPLE = "user_id,item_id,rank\n17,318,1\n17,527,2\n23,50,1\n"


@dataclass(frozen=True, eq=False)
class Incumbent(SessionLists):
    """One file's lists."""

    file: str = ""
    asked: tuple[str, str] = ("", "")  # which upload, for which data set


def brought(data: Dataset) -> Incumbent | None:
    """The lists that were brought for this data set."""
    found = st.session_state.get(INCUMBENT)
    return found if found is not None and found.of == cached.described(data) else None


def bring(data: Dataset) -> None:
    """The uploader, what was odd in the file, and the way to forget it."""
    settings = cached.settings()
    here = brought(data)
    with st.expander("Bring the lists of the system in use today", expanded=False, icon=":material/upload:"):
        st.markdown(
            "One row per recommendation: **user**, **item**, and **rank** or **score**, for the test users of this "
            f"data ({data.info.n_test_users:,}). They are measured as the models are, on the users who have a list."
        )
        with st.container(horizontal=True):
            st.download_button(
                "Whom to make lists for (CSV)",
                lambda: _asked(data),
                f"{data.name}-test-users.csv",
                "text/csv",
                on_click="ignore",
                icon=":material/download:",
            )
            template(EXAMPLE, "lists.csv")
        key = f"incumbent-{data.info.fingerprint[:8]}-{state.kept('incumbent-forgotten', 0)}"
        file = held.uploader("Lists as CSV, TSV, Parquet or JSON Lines", upload.KINDS, key, settings.upload_bytes)
        refused, sentence = st.session_state.get(f"{INCUMBENT}-refused", (None, ""))
        asked = None if file is None else (file.file_id, cached.described(data))
        if file is not None and (here is None or here.asked != asked):
            if refused != asked and file.content is not None:
                with st.spinner("Reading the lists …"):
                    _read(data, file, asked)
                st.rerun()
            if refused == asked:
                kept = "" if here is None else f" What you brought before ({here.file}) still stands in the table."
                st.error(escape(sentence + kept), title="These lists could not be used")
        if here is not None:
            n = len(here.lists.rows)
            st.markdown(f"**{escape(here.file)}** stands in the table as *{TITLE}*, with lists of {n:,} test users.")
            for note in here.lists.notes:
                st.caption(escape(note))
            st.caption("The file stays in this session; it is not stored or logged.")
            st.button("Forget these lists", on_click=forget, icon=":material/delete:")


def forget() -> None:
    state.keep("incumbent-forgotten", state.kept("incumbent-forgotten", 0) + 1)
    for key in (INCUMBENT, f"{INCUMBENT}-refused"):
        st.session_state.pop(key, None)


def _asked(data: Dataset) -> bytes:
    """user_id and item_id of what the test users are known for: what lists have to be made from."""
    fold = data.test
    rows = np.repeat(np.arange(len(fold)), np.diff(fold.fold_in.indptr))
    table = data.users["user_id"].gather(fold.user_idx[rows]).to_frame("user_id")
    items = data.catalogue.items["item_id"].gather(fold.fold_in.indices)
    return safe_csv(table.with_columns(items.alias("item_id")))


def _read(data: Dataset, file: Sent, asked: tuple[str, str]) -> None:
    try:
        lists = read_outside_lists(file.content, file.name, data, Bounds.of(cached.settings()))
    except DataError as error:
        st.session_state[f"{INCUMBENT}-refused"] = (asked, str(error))
    else:
        st.session_state[INCUMBENT] = Incumbent(
            NAME,
            TITLE,
            mark=asked[0],
            of=asked[1],
            look=ELSEWHERE,
            family="Lists made elsewhere",
            summary=f"From {file.name}.",
            lists=lists,
            file=file.name,
            asked=asked,
        )
        st.session_state.pop(f"{INCUMBENT}-refused", None)
    held.drop(file.file_id)
