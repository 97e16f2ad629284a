"""What is known of a model that this session brought, and what is not; and the ways to the pages where it stands."""

import streamlit as st

from pages.parts import cards, measured, own_model, state
from pages.parts.amounts import size
from pages.parts.measured import Row
from pages.parts.own_model import Own
from zoo.card import Interval
from zoo.dataset import Dataset
from zoo.runtime import CPU

GO = (("Recommend", "model", "pages/try/recommend.py"), ("Compare", "models", "pages/try/compare.py"))


def show(data: Dataset, own: Own) -> None:
    """One card, with buttons that lead to it on other pages, and away with it."""
    found = figures(data, own)
    with st.container(border=True):
        cards.show_own(own.entry.chip(), found, _facts(data, own), own_model.UNKNOWN, own.sha256)
        _ways(own)


def figures(data: Dataset, own: Own) -> dict[str, Interval]:
    """The usual metrics of its lists, by name; drawn once."""
    row, wanted = Row(own.lists.name, None, own.lists), measured.metrics(measured.USUAL, None)
    found = {name: measured.figures(data, [row], metric).get(row.name) for name, metric in wanted.items()}
    return {name: interval for name, interval in found.items() if interval is not None}


def _facts(data: Dataset, own: Own) -> list[tuple[str, str, str | None]]:
    found = own.anatomy
    operators = ", ".join(f"{n} {name}" for (_, name), n in found.operators.most_common(8))
    order = "translated from its own order" if own.reordered else "in the order of this data"
    passed = "Everything that docs/contract.md asks of a graph was asked of it when it came."
    where = "On the CPU of this server, apart from it: whatever becomes of that process, the app and the others go on."
    return [
        ("File", f"{own.file}, {size(own.bytes)}", "Kept until you remove it, or your session ends."),
        ("Graph", f"{found.n_nodes:,} operators, opset {found.opsets.get('', 0)}", f"Most of them: {operators}."),
        ("Checks", f"{len(own.checks)} of {len(own.checks)} passed", passed),
        ("Catalogue", f"{data.info.n_items:,} items, {order}", None),
        ("Tested on", f"{data.info.n_test_users:,} test users of this data, live", "As every model of the zoo was."),
        ("Runs on", "CPU, in a process of its own", f"{where} ONNX Runtime's {CPU}."),
        ("Seen by", "you", "It is on no other visitor's pages, and in nothing that outlives your session."),
    ]


def _ways(own: Own) -> None:
    with st.container(horizontal=True):
        for label, which, page in GO:
            if st.button(f"{label} with it", key=f"{own.entry.name}-{label}"):
                chosen = [own.entry.name]
                if which == "models":
                    others = state.kept("shown-models") or state.kept("shown-model") or ()
                    chosen += [name for name in others if name != own.entry.name][:3]
                for name in (which, f"shown-{which}"):
                    state.keep(name, chosen)
                st.switch_page(page)
        if st.button("See it on the Leaderboard", key=f"{own.entry.name}-board"):
            st.switch_page("pages/measure/leaderboard.py")
        st.button(
            "Remove",
            icon=":material/delete:",
            key=f"{own.entry.name}-remove",
            on_click=own_model.remove,
            args=(own.entry.name,),
        )
