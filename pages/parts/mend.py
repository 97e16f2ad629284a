"""The matches of a file, one row each: whoever knows better says which item is meant, or leaves the row out."""

import polars as pl
import streamlit as st

from pages.parts import cached, state, upload
from pages.parts.frame import escape
from pages.parts.upload import Brought
from zoo.dataset import Dataset
from zoo.matching import suggestions
from zoo.titles import without_year

FOUND = 8  # items offered
MOST_SHOWN = 5_000  # rows that travel to the browser
HOW = {"id": "id", "title": "title", "hand": "you", "left out": "left out by you", "unknown": "not found"}
UNSURE = (pl.col("how") == "title") & (pl.col("score") < 100)
SHOWN = {
    "All": pl.lit(True),
    "Not found": pl.col("how") == "unknown",
    "Unsure": UNSURE,
    "Changed": pl.col("how").is_in(["hand", "left out"]),
}


def review(data: Dataset, brought: Brought) -> None:
    """A table whose selected row can be changed."""
    matches = brought.histories.report.matches
    counts = {name: matches.filter(holds).height for name, holds in SHOWN.items()}
    names = [name for name, count in counts.items() if count or name == "All"]
    labels = {name: f"{name} {counts[name]:,}" for name in names}
    shown = st.segmented_control("Show", names, default="All", format_func=labels.get, key="matches-shown")
    rows = matches.filter(SHOWN[shown if shown in names else "All"])
    alone = len(brought.histories.user_ids) == 1
    mendable = brought.histories.read is not None
    if rows.height > MOST_SHOWN:
        st.caption(f"The first {MOST_SHOWN:,} of {rows.height:,}.")
        rows = rows.head(MOST_SHOWN)
    event = st.dataframe(
        rows.select("given", pl.col("title").fill_null("—"), *(["says"] if alone else []), _how(), "score", "rows"),
        hide_index=True,
        column_config=_columns(),
        key=table_key(),  # after a change no row is chosen
        on_select="rerun" if mendable else "ignore",
        selection_mode="single-row",
    )
    chosen = [row for row in event.selection.rows if row < rows.height] if mendable else []
    if chosen:
        _change(data, brought, rows.row(chosen[0], named=True))
    elif mendable:
        st.caption("Is one of them wrong? Select its row (the box on its left) to say what it is, or to leave it out.")


def table_key() -> str:
    return f"matches-{state.kept('mended', 0)}"


def _how() -> pl.Expr:
    return pl.col("how").replace_strict(HOW, return_dtype=pl.String)


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


def _columns() -> dict:
    column = st.column_config
    return {
        "given": column.TextColumn("In the file"),
        "title": column.TextColumn("In the catalogue"),
        "says": column.TextColumn("Counts as", help="A like, a dislike, or merely seen."),
        "how": column.TextColumn("Found by"),
        "score": column.NumberColumn(
            "Likeness (0 to 100)", format="%.0f", help="How alike the two titles are; 100 = the same."
        ),
        "rows": column.NumberColumn("Rows"),
    }
