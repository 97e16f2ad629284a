"""Why an item stands in a list: a line on each card, which comes after the lists, and a dialog with all of it.

The dialog is part of the address: `why` names the item, `whose` the list, `turn` whether it was asked what would change
it. Back closes it, and so does its cross.
"""

from zlib import crc32

import numpy as np
import polars as pl
import streamlit as st

from pages.parts import cached, charts, downloads, lists, reasons, state, view
from pages.parts.component import component
from pages.parts.frame import escape
from pages.parts.panels import Panel
from zoo.counterfactual import fidelity, turn
from zoo.dataset import Dataset
from zoo.errors import ZooError
from zoo.explain import Explanation
from zoo.recommend import Lists, Taste

_reasons = component("reasons")
BARS = 8  # things in a history with a bar of their own
MOST_LETTERS = 20  # of a title beside a bar: a phone has room for no more
LONG = 1000  # things in a history: of longer ones a card says nothing until it is asked
FIRST = 10  # what an item enters or leaves


def known_by(data: Dataset, panels: list[Panel], asked: Taste, answers: list[Lists | str]) -> str:
    """What tells the reasons for these lists from those for any others."""
    shown = [[] if isinstance(answer, str) else lists.columns(answer) for answer in answers]
    return f"{crc32(repr((data.info.fingerprint, [p.entry.checksum for p in panels], asked, shown)).encode()):08x}"


def show(data: Dataset, panels: list[Panel], asked: Taste, answers: list[Lists | str]) -> None:
    """After the lists: the dialog, where it is open, then the lines of all cards."""
    answered = [
        (at, panel, answer)
        for at, (panel, answer) in enumerate(zip(panels, answers, strict=True))
        if isinstance(answer, Lists)
    ]
    _open(data, [panel for _, panel, _ in answered], asked)
    lines: dict[str, dict] = {}
    own, name = not state.visit(data.info.fingerprint).looking, _names(data)
    brief = len(asked.likes) + len(asked.dislikes) <= LONG
    for at, panel, answer in answered if brief else ():
        items = lists.columns(answer)
        try:
            found = cached.explanation(data, panel.entry, asked, items)
        except ZooError:  # its list says what is wrong with it
            continue
        lines |= {f"{at}-{item}": reasons.line(found, place, name, own) for place, item in enumerate(items)}
    _reasons(key="reasons", data={"of": known_by(data, panels, asked, answers), "lines": lines})


def _names(data: Dataset) -> reasons.Name:
    labels = cached.labels(data)
    return lambda item: labels.title_and_year(item)[0]


def _open(data: Dataset, panels: list[Panel], asked: Taste) -> None:
    """The dialog that the address asks for, if the item and the list are there."""
    why, whose, _ = (view.get(name) for name in ("why", "whose", "turn"))
    if not why:
        return
    item = int(data.catalogue.columns_of([why])[0])
    panel = next((panel for panel in panels if whose in ("", panel.name)), None)
    panel = panel or next((panel for panel in panels if panel.entry.name == whose), None)
    if item < 0 or panel is None:
        view.misfit("the item or the list whose reasons were asked for")
        _close()
        return
    title = f"Why {escape(_names(data)(item))}?"
    st.dialog(title, width="medium", on_dismiss=_close)(_dialog)(data, panel, asked, item)


def _close() -> None:
    state.show({"why": "", "whose": "", "turn": ""})


def _dialog(data: Dataset, panel: Panel, asked: Taste, item: int) -> None:
    try:
        found = cached.explanation(data, panel.entry, asked, [item])
        _explained(data, panel, asked, item, found)
    except ZooError as error:
        st.error(escape(str(error)), title="This did not work")


def _explained(data: Dataset, panel: Panel, asked: Taste, item: int, found: Explanation) -> None:
    name, model = _names(data), cached.model(data, panel.entry)
    limits = {"candidates": panel.filters.candidates, "hide_seen": panel.filters.hide_seen}
    rows = found.reasons(0, reasons.TESTED)
    taken = [(int(found.history[row]), bool(found.disliked[row])) for row in rows]
    ranks = fidelity(model, asked, item, taken, **limits)
    marked = lambda idx: escape(name(idx))  # noqa: E731 - a title inside markdown
    st.markdown(
        f"{reasons.standing(escape(panel.title), ranks[0], _n_open(data, panel, asked), float(found.scores[0]))} "
        + (reasons.strongest(found, marked) if found.history.size and not _silent(found) else "")
    )
    if not _silent(found):
        _chart(panel, found, name)
    st.caption(_method(found))
    if told := reasons.held(ranks, [reasons.named(found, row, marked) for row in rows], panel.filters.k):
        st.markdown(f"**Does it hold?** {told}")
    with st.container(horizontal=True):
        _turn(data, panel, asked, item, ranks[0])
        if not _silent(found):
            downloads.take_home(lambda: table(data, found), f"{data.name}-{panel.entry.name}-reasons")


def _silent(found: Explanation) -> bool:
    """Whether nobody's history counts, or there is none."""
    return found.method in ("same for all", "own vector") or not len(found.history)


def _n_open(data: Dataset, panel: Panel, asked: Taste) -> int:
    """Items that this list may hold."""
    candidates = panel.filters.candidates
    allowed = np.ones(data.info.n_items, dtype=bool) if candidates is None else candidates.copy()
    allowed[[*asked.dislikes, *(asked.likes if panel.filters.hide_seen else ())]] = False
    return int(allowed.sum())


def _method(found: Explanation) -> str:
    told = reasons.METHODS[found.method] if len(found.history) else "There is nothing in this taste that could speak."
    n, all_of_it = int(found.asked.sum()), len(found.asked)
    if n < all_of_it:
        told += (
            f" Only {n:,} of the {all_of_it:,} were left out: those that speak loudest for it when the model is told "
            "of nothing else."
        )
    return told


def _chart(panel: Panel, found: Explanation, name: reasons.Name) -> None:
    """A bar for each of the strongest, the others together, and what nobody's history adds."""
    parts = found.contributions[:, 0]
    order = np.argsort(-np.abs(parts), kind="stable")
    top = sorted(order[:BARS].tolist(), key=lambda row: -parts[row])
    bars = [(reasons.named(found, row, name), float(parts[row]), True) for row in top]
    if found.adds_up:
        rest = order[BARS:]
        bars += [(f"{len(rest):,} others together", float(parts[rest].sum()), False)] if len(rest) else []
        bars += [("before any taste", float(found.base[0]), False)] if found.base[0] else []
    bars = bars[::-1]  # the first on top
    texts = reasons.parts_texts(np.array([value for _, value, _ in bars]))
    colour = charts.look(panel.chip())[0]
    muted = charts.of_theme(charts.MUTED)
    trace = {
        "type": "bar",
        "orientation": "h",
        "x": [value for _, value, _ in bars],
        "y": list(range(len(bars))),
        "text": texts,
        "textposition": "outside",
        "cliponaxis": False,
        "marker": {
            "color": [
                colour if value > 0 and own else "rgba(0,0,0,0)" if value <= 0 else muted for _, value, own in bars
            ],
            "line": {"width": 1.5, "color": [colour if own else muted for *_, own in bars]},
        },
        "customdata": [charts.plain(label) for label, *_ in bars],
        "hovertemplate": "%{customdata}: %{text}<extra></extra>",
    }
    labels = [charts.plain(_short(label)) for label, *_ in bars]
    values = [value for _, value, _ in bars] + [0.0]
    span = max(values) - min(values)  # and room for the figures beside the bars; on the left labels come next
    ends = [min(values) - (0.6 * span if min(values) < 0 else 0.0), max(values) + 0.34 * span]
    layout = {
        "xaxis": charts.axis("What it adds to the score", range=ends, zeroline=True),
        "yaxis": charts.axis(
            "", tickmode="array", tickvals=trace["y"], ticktext=labels, showgrid=False, zeroline=False
        ),
        "bargap": 0.35,
    }
    told = ", ".join(f"{label} {text}" for (label, *_), text in zip(bars[::-1], texts[::-1], strict=True))
    charts.show("why-bars", [trace], layout, height=90 + 30 * len(bars), alt=f"What each adds to the score: {told}.")


def _short(label: str) -> str:
    return label if len(label) <= MOST_LETTERS else label[: MOST_LETTERS - 1].rstrip() + "…"


def _turn(data: Dataset, panel: Panel, asked: Taste, item: int, rank: int) -> None:
    """What would change it, when that is asked."""
    goal = "leave" if 1 <= rank <= FIRST else "enter"
    if view.get("turn") != "on":
        label = f"What would let it {goal} the first {FIRST}?"
        if st.button(label, key="why-turn", help="Tries changes of this taste, and asks the model each time."):
            state.show({"turn": "on"})
            st.rerun()
        return
    limits = {"candidates": panel.filters.candidates, "hide_seen": panel.filters.hide_seen}
    with st.spinner("Asking about other tastes …"):
        found = turn(cached.model(data, panel.entry), asked, item, k=FIRST, **limits)
    name = _names(data)
    st.markdown(f"**What would change it?** {reasons.turned(found, lambda idx: escape(name(idx)))}")


def table(data: Dataset, found: Explanation) -> pl.DataFrame:
    """One row per thing in the history."""
    items = data.catalogue.items
    columns = {
        "item_id": items["item_id"].gather(found.history),
        "title": items["title"].gather(found.history),
        "disliked": found.disliked,
        "asked": found.asked,
        "contribution": found.contributions[:, 0],
    }
    return pl.DataFrame(columns).sort("contribution", descending=True, maintain_order=True)
