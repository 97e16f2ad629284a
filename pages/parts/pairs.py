"""The leaderboard as tables: every figure, and every two compared, to read, to follow and to take home."""

import polars as pl
import streamlit as st

from pages.parts import measured, state, view
from pages.parts.shown import Shown
from zoo.significance import MIN_USERS, Comparison

KEYS = (
    *("metric", "a", "b", "n", "difference", "low", "high", "p", "p_holm"),
    *("effect_size", "share_higher", "share_lower"),
)


def figures_table(shown: Shown) -> pl.DataFrame:
    """One row per model and metric."""
    return pl.DataFrame(
        [
            {"model": row.name, "title": row.title, "metric": name} | measured.plain(of.get(row.name)) | {
                "best": row.name == shown.board.best(name),
                "not_told_apart_from_the_best": row.name in shown.board.level(name),
            }
            for name, of in shown.board.figures.items()
            for row in shown.rows
        ],
        infer_schema_length=None,
    )  # fmt: skip


def pairs_table(shown: Shown) -> pl.DataFrame:
    """Every two that were compared, or everybody minus the pinned one."""
    found = [one for metric in shown.board.comparisons for one in shown.comparisons(metric)]
    table = pl.DataFrame([{key: getattr(one, key) for key in KEYS} for one in found], infer_schema_length=None)
    return table.with_columns(told_apart=pl.Series([one.distinguishable for one in found], dtype=pl.Boolean))


def show(shown: Shown) -> None:
    """Every two compared, as a table of Streamlit's, which sorts and searches.

    Made when it is opened, for a table takes pandas and pyarrow into the server: 60 MB.
    """
    per_user = [name for name in shown.board.metrics if shown.board.comparisons.get(name)]
    if not per_user:
        return
    opened = view.get("pairs") != ""  # a link leads to it
    fold = st.expander("Every two compared", opened, key="every-two", icon=":material/balance:", on_change="rerun")
    if not fold.open:
        return
    with fold:
        names = {name: shown.board.metrics[name].title for name in per_user}
        metric = view.one("pairs", "Metric", names, per_user[0], segments=True)
        found = shown.comparisons(metric)
        st.caption("Choose a row: who are the users behind it?")
        key = f"every-two-{view.key_of('a')}"
        st.dataframe(
            _readable(found, shown.titles),
            hide_index=True,
            key=key,
            on_select=lambda: _follow(key, metric, found),
            selection_mode="single-row",
            column_config=_columns(),
        )


def _readable(found: list[Comparison], titles: dict[str, str]) -> pl.DataFrame:
    return pl.DataFrame(
        {
            "first": [titles[one.a] for one in found],
            "second": [titles[one.b] for one in found],
            "difference": [one.difference for one in found],
            "low": [one.low for one in found],
            "high": [one.high for one in found],
            "p": [one.p_holm for one in found],
            "verdict": [_word(one) for one in found],
            "higher": [100 * one.share_higher for one in found],
            "lower": [100 * one.share_lower for one in found],
            "n": [one.n for one in found],
        }
    )


def _columns() -> dict:
    """Heads, formats and meanings."""
    column = st.column_config
    return {
        "first": column.TextColumn("First"),
        "second": column.TextColumn("Second"),
        "difference": column.NumberColumn("Difference", format="%+.4f", help="Mean of the first minus the second."),
        "low": column.NumberColumn("from", format="%+.4f", help="95 % interval of the difference, lower end."),
        "high": column.NumberColumn("to", format="%+.4f", help="95 % interval of the difference, upper end."),
        "p": column.NumberColumn("p (Holm)", format="%.4f", help="Permutation test, after Holm over these rows."),
        "verdict": column.TextColumn("Verdict"),
        "higher": column.NumberColumn("First ahead", format="%.1f %%", help="Share of users."),
        "lower": column.NumberColumn("Second ahead", format="%.1f %%", help="Share of users."),
        "n": column.NumberColumn("Users", help="For whom both have the metric."),
    }


def _follow(key: str, metric: str, found: list[Comparison]) -> None:
    """A row leads to the users on whom its two differ."""
    if chosen := st.session_state[key].selection.rows:
        one = found[chosen[0]]
        state.show({"metric": metric, "a": one.a, "b": one.b, "range": "", "group": ""})
        state.session().going = "segments"


def _word(one: Comparison) -> str:
    if one.n < MIN_USERS:
        return "too few users"
    return "told apart" if one.distinguishable else "not told apart"
