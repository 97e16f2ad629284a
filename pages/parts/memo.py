"""Memo: what stands on this page, as one HTML file to hand on (zoo/memo.py).

The button costs the page nothing: what only this session knows is taken when it is drawn, last on the page, when all
settings are known; the file is made when it is pressed, on a thread without a session (pages/parts/memo_content.py).
"""

from collections.abc import Callable, Sequence
from dataclasses import replace

import streamlit as st

from pages.parts import address, cached, memo_content, state, taste
from pages.parts.memo_content import View
from pages.parts.panels import Panel
from pages.parts.shown import Shown
from zoo.dataset import Dataset
from zoo.memo import Memo, html
from zoo.recommend import Lists, Taste

HELP = (
    "One file with this taste, the lists, the figures with their intervals, the caveats, and a link back to this view. "
    "It opens without a network, and prints."
)
PRIVATE = "The taste came from a file, and is not in the link: it opens this view without it."
CUT = "The link holds the latest {fit:,} of {n:,} items of the taste: an address cannot hold more."
BROUGHT = "Lists or models that were brought from a file are not in the link."


def offer(data: Dataset, panels: Sequence[Panel], asked: Taste, answers: Sequence[Lists | str]) -> None:
    """The button of a page with lists."""
    view = _view(data)
    if any(panel.entry.loaded for panel in panels):
        view = replace(view, note=" ".join(filter(None, [view.note, BROUGHT])))
    _button(data, lambda: memo_content.of_lists(data, view, panels, asked, answers))


def offer_board(data: Dataset, shown: Shown) -> None:
    """The button of the leaderboard."""
    link, note = _way_back(data, with_taste=False)
    brought = any(row.lists for row in shown.rows)
    view = View(link, BROUGHT if brought else note)
    _button(data, lambda: memo_content.of_board(data, view, shown))


def _button(data: Dataset, made: Callable[[], Memo]) -> None:
    st.download_button(
        "Memo",
        lambda: html(made()).encode(),
        f"{data.name}-memo.html",
        "text/html",
        on_click="ignore",
        icon=":material/description:",
        key=f"{state.kept('page')}-memo",
        help=HELP,
    )


def _view(data: Dataset) -> View:
    visit = state.visit(data.info.fingerprint)
    hidden = frozenset(taste.hidden_choices(data))
    link, note = _way_back(data, with_taste=True)
    if not visit.looking:
        seen = f"{len(visit.seen):,} more items were known, and only kept out of the lists." if visit.seen else ""
        return View(link, note, seen, visit.likes[::-1], visit.dislikes[::-1])
    history = cached.labels(data).best_known(data.history(visit.user_idx).tolist())
    whose = f"{taste.called(data, data.users['user_id'][visit.user_idx])}, from the data."
    if hidden:
        n = len(hidden)
        whose += f" No model was shown {n:,} more {'choice' if n == 1 else 'choices'} of theirs; the lists mark them."
    return View(link, note, whose, tuple(history), hidden=hidden)


def _way_back(data: Dataset, with_taste: bool) -> tuple[str | None, str | None]:
    """The address of this view, and what it leaves out. A word that stands for a taste means nothing to others."""
    link, visit = address.current(), state.visit(data.info.fingerprint)
    if link is None:
        return None, None
    own = with_taste and not visit.looking
    told = replace(link, taste=None) if own else replace(link, taste=None, like=(), dislike=(), seen=())
    told = told if with_taste else replace(told, who=None)
    way = f"{(st.context.url or '').rstrip('/')}?{told.query()}"
    if not own or link.taste is None:
        return way, None
    if visit.private:
        return way, PRIVATE
    n, fit = len(visit.likes + visit.dislikes + visit.seen), len(link.like + link.dislike + link.seen)
    return way, CUT.format(fit=fit, n=n)
