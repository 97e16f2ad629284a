"""The matches of a file, one row each: whoever knows better says which item is meant, or leaves the row out."""

import polars as pl
import streamlit as st

from pages.parts import cached, state, upload, wide_table
from pages.parts.frame import escape
from pages.parts.upload import Brought
from zoo.dataset import Dataset
from zoo.matching import suggestions
from zoo.titles import without_year

FOUND = 8  # items offered
MOST_SHOWN = 200  # rows of the table
MOST_OFFERED = 5_000  # rows to choose from, which travel to the browser
HOW = {"id": "id", "title": "title", "hand": "you", "left out": "left out by you", "unknown": "not found"}
UNSURE = (pl.col("how") == "title") & (pl.col("score") < 100)
SHOWN = {
    "All": pl.lit(True),
    "Not found": pl.col("how") == "unknown",
    "Unsure": UNSURE,
    "Changed": pl.col("how").is_in(["hand", "left out"]),
}


def review(data: Dataset, brought: Brought) -> None:
    """A table of the matches, and below it the one that is to be changed.

    Not a table of Streamlit's with rows to tick: it takes pandas and pyarrow into the server, 70 MB.
    """
    matches = brought.histories.report.matches
    counts = {name: matches.filter(holds).height for name, holds in SHOWN.items()}
    names = [name for name, count in counts.items() if count or name == "All"]
    labels = {name: f"{name} {counts[name]:,}" for name in names}
    shown = st.segmented_control("Show", names, default="All", format_func=labels.get, key="matches-shown")
    rows = matches.filter(SHOWN[shown if shown in names else "All"])
    wide_table.show_long(_table(rows.head(MOST_SHOWN), alone=len(brought.histories.user_ids) == 1), "Matches")
    if rows.height > MOST_SHOWN:
        st.caption(f"The first {MOST_SHOWN:,} of {rows.height:,}.")
    if brought.histories.read is None:
        return
    once = rows.unique("given", keep="first", maintain_order=True).head(MOST_OFFERED)  # what is mended is what it says
    offered = {row["given"]: row for row in once.iter_rows(named=True)}
    given = st.selectbox(
        "Is one of them wrong?",
        list(offered),
        index=None,
        format_func=lambda given: _in_a_line(offered[given]) if given in offered else given,  # chosen before the filter
        placeholder="Choose it, or type a part of its name",
        key=f"matches-{state.kept('mended', 0)}",  # after a change none is chosen
    )
    if given in offered:
        _change(data, brought, offered[given])


def _table(rows: pl.DataFrame, *, alone: bool) -> list[dict[str, str]]:
    """As text. alone: in a file of one person each row says whether it counts as a like, a dislike, or as seen."""
    return [
        {"In the file": row["given"], "In the catalogue": row["title"] or "—"}
        | ({"Counts as": row["says"] or ""} if alone else {})
        | {
            "Found by": HOW[row["how"]],
            "Likeness (0 to 100)": f"{row['score']:.0f}" if row["item_idx"] >= 0 else "",
            "Rows": f"{row['rows']:,}",
        }
        for row in rows.iter_rows(named=True)
    ]


def _in_a_line(row: dict) -> str:
    return f"{row['given']} → {row['title'] or HOW[row['how']]}"


def _change(data: Dataset, brought: Brought, row: dict) -> None:
    """Search, choose, use; or leave it out; or take either back."""
    given = row["given"]
    with st.container(border=True):
        st.markdown(f"**{escape(given)}** in your file is …")
        text = st.text_input("Search the catalogue", value=without_year(pl.Series([given]))[0], key=f"mend-{given}")
        found = suggestions(text, data.catalogue, FOUND)
        if row["item_idx"] >= 0 and row["item_idx"] not in found:
            found = [row["item_idx"], *found]
        labels = {item: _label(data, item) for item in found}
        place = found.index(row["item_idx"]) if row["item_idx"] in found else None
        item = None
        if found:
            item = st.radio("The item", found, index=place, format_func=labels.get, key=f"meant-{given}-{text}")
        else:
            st.caption("Nothing like it is in the catalogue. Try another title of it, or fewer letters.")
        with st.container(horizontal=True):
            same = item is None or item == row["item_idx"]
            use = st.button("Use this item", type="primary", disabled=same, key="mend-use")
            drop = row["how"] != "left out" and st.button("Leave it out", key="mend-drop")
            back = given in brought.corrections and st.button("As it was found", key="mend-back")
    if use or drop or back:
        upload.mend(data, brought, given, None if back else -1 if drop else item)
        state.keep("mended", state.kept("mended", 0) + 1)
        st.rerun()


def _label(data: Dataset, item: int) -> str:
    card = cached.labels(data).card(item)
    aside, year = (f" ({card[part]})" if card[part] else "" for part in ("aside", "year"))
    return escape(f"{card['title']}{aside}{year}")
