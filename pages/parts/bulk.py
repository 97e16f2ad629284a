"""What became of a file: the match report, and lists for everybody in it."""

import numpy as np
import polars as pl
import streamlit as st

from pages.parts import cached, mend, state, upload, wide_table
from pages.parts.cached import Entry
from pages.parts.frame import escape
from pages.parts.upload import Brought
from zoo.dataset import Dataset
from zoo.match_report import MatchReport
from zoo.recommend import recommend_table, tastes_of, why_not

LISTS = "lists-for-all"  # the session's key of the last table, with what it answers
PREVIEWED = 3  # users


def report(data: Dataset, brought: Brought) -> None:
    """What was found, what was not, and every match for review."""
    found = brought.histories.report
    with st.container(border=True):
        st.markdown(f"**{escape(brought.name)}**  \n{escape(_opening(found) + found.counts())}")
        if verdicts := found.verdicts():
            intro = "What the rows say, whether their item is known here or not:\n\n"
            st.markdown(intro + "\n".join(f"- {escape(verdict)}" for verdict in verdicts))
        details = [f"{found.by_id:,} by id, {found.by_title:,} by title and year"]
        details += [f"{found.by_hand:,} by you"] if found.by_hand else []
        details += [escape(note) for note in found.notes]
        if found.unknown_examples:
            details.append("unknown, for instance: " + "; ".join(escape(example) for example in found.unknown_examples))
        st.caption(" · ".join(details))
        fold = st.expander("Review and correct the matches", key="matches", on_change="rerun")
        if fold.open:  # what can be chosen there, up to 5,000 rows, travels to the browser
            with fold:
                mend.review(data, brought)
        st.caption("Your file stays in this session; it is not stored or logged.")
        st.button("Forget this file", on_click=_forget, icon=":material/delete:")


def _opening(found: MatchReport) -> str:
    return f"{found.service} export: " if found.service else ""


def _forget() -> None:
    upload.forget()
    st.session_state.pop(LISTS, None)


def offer_as_taste(data: Dataset, brought: Brought) -> None:
    """One person's file can be the taste of the other pages."""
    visit = state.visit(data.info.fingerprint)
    had = len(visit.likes) + len(visit.dislikes)
    with st.container(horizontal=True):
        use = st.button(
            "Use as my taste",
            type="primary",
            help=f"Takes the place of your {had:,} likes and dislikes." if had else None,
        )
        add = bool(had) and st.button("Add to my taste")
    if use or add:
        upload.use_as_taste(data, brought, add=add)
        st.switch_page("pages/try/recommend.py")


def lists(data: Dataset, brought: Brought, model: Entry, k: int) -> pl.DataFrame | None:
    """Lists for all users once they were asked for; they stay until the file, the model or the length changes."""
    n = len(brought.histories.user_ids)
    found = brought.histories
    tastes = tastes_of(found.X, found.dislikes, found.seen)
    if reason := why_not(model.card, tastes[0]):
        st.info(escape(reason))
        return None
    asked = (brought.asked, brought.corrections, model.checksum, k)
    if st.button(f"Recommend for {n:,} {'person' if n == 1 else 'people'}", type="primary" if n > 1 else "secondary"):
        with st.spinner(f"{model.title} answers for {n:,} …"):
            table = recommend_table(cached.model(data, model), data.catalogue, brought.histories.user_ids, tastes, k=k)
        st.session_state[LISTS] = (asked, table)
    answered, table = st.session_state.get(LISTS, (None, None))
    if answered == asked:
        return table
    if answered is not None and answered[0] == brought.asked:
        st.caption("The lists that stood here answered another question: another model, length, or match. Ask again.")
    return None


def preview(table: pl.DataFrame, brought: Brought, model: Entry) -> None:
    """The first lists, and who has one that is not about him."""
    first = table["user"].unique(maintain_order=True).head(PREVIEWED)
    st.caption(f"{table.height:,} rows. The first {len(first)} of {table['user'].n_unique():,} people:")
    shown = table.filter(pl.col("user").is_in(first.implode(), nulls_equal=True))
    rows = [
        {"User": "you" if row["user"] is None else str(row["user"]), "Rank": str(row["rank"])}
        | {"Item id": str(row["item_id"]), "Title": row["title"], "Score": f"{row['score']:.4g}"}
        for row in shown.iter_rows(named=True)
    ]
    wide_table.show_long(rows, "Lists")
    found = brought.histories
    told = np.diff(found.X.indptr) + np.diff(found.dislikes.indptr)
    without = [escape(str(user)) for user, n in zip(found.user_ids, told, strict=True) if n == 0]
    if without:
        named = ", ".join(without[:PREVIEWED]) + (" …" if len(without) > PREVIEWED else "")
        st.warning(
            f"Of {len(without):,} of {len(found.user_ids):,} people no like is known here ({named}). Their lists are "
            f"what {escape(model.title)} gives anybody, without what they have seen.",
            icon=":material/person_off:",
        )
    st.caption("Rank: 1 = best. Score: the model's own scale; higher is better.")
