"""What a memo holds, gathered from what pages already know. Nothing here asks the session."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from importlib.metadata import version
from platform import python_version

import numpy as np

from pages.parts import advice, cached, differ, leaderboard, lists, measured, protocol
from pages.parts.cached import Entry
from pages.parts.models import DECIDES
from pages.parts.panels import Panel
from pages.parts.reasons import named, parts_texts
from pages.parts.shown import Shown
from pages.parts.standing import ahead, level, place_text, places, sentence
from zoo.board import turned
from zoo.dataset import Dataset
from zoo.differing import listed
from zoo.errors import ZooError
from zoo.memo import Figures, Line, Memo, Ranked, Trained
from zoo.recommend import Lists, Taste
from zoo.significance import Comparison
from zoo.verdict import CLOSING

SHOWN_WITH = ("streamlit", "onnxruntime", "numpy", "polars")
MOST_TITLES = 60  # of each kind; a longer taste is told by its count
REASONS = 2  # of an item
ONE_TASTE = (
    "Lists answer one taste. That one list looks better than another says little; the figures over test users say more."
)
ONE_SPLIT = "All figures come from one split of this data. Another split would move them, and perhaps their order."
OWN = "Without figures in this memo: {title}, which was brought for one session. The leaderboard there measures it."
SCORES = "Every model has a scale of its own: scores are compared within one list only."


@dataclass(frozen=True)
class View:
    """What only the session knows of the page: the way back to it, and whose taste it is about."""

    link: str | None
    note: str | None
    whose: str = ""
    likes: tuple[int, ...] = ()
    dislikes: tuple[int, ...] = ()
    hidden: frozenset[int] = frozenset()  # what a test user chose behind the models' backs


def of_lists(data: Dataset, view: View, panels: Sequence[Panel], asked: Taste, answers: Sequence[Lists | str]) -> Memo:
    """The memo of a page with lists; needs no session."""
    entries = list({panel.entry.name: panel.entry for panel in panels}.values())
    found = differ.between(data, panels, answers, set(view.hidden))
    both = zip(panels, answers, strict=True)
    verdict, pairs = _standing(data, entries)
    own = [OWN.format(title=entry.title) for entry in entries if entry.loaded]
    return replace(
        _base(data, view, entries),
        title=f"{listed([panel.title for panel in panels])} on one taste",
        whose=view.whose or None,
        likes=_titles(data, view.likes),
        n_likes=len(view.likes),
        dislikes=_titles(data, view.dislikes),
        n_dislikes=len(view.dislikes),
        summary=found.sentence if found else None,
        lists=[_ranked(data, panel, asked, answer, view.hidden) for panel, answer in both],
        figures=_figures(data, entries),
        verdict=verdict,
        pairs=pairs,
        pairs_by=measured.named(DECIDES).title,
        caveats=[*_caveats(data), *own, ONE_TASTE, SCORES],
    )


def of_board(data: Dataset, view: View, shown: Shown) -> Memo:
    """The memo of the leaderboard; needs no session."""
    board, titles = shown.board, shown.titles
    figures = [
        Figures(
            metric.title, metric.definition, {titles[row.name]: of[row.name] for row in shown.rows if row.name in of}
        )
        for name, metric in board.metrics.items()
        if (of := board.figures[name])
    ]
    metric = shown.decides
    return replace(
        _base(data, view, [row.entry for row in shown.rows if row.entry]),
        title=f"Leaderboard of {data.name}",
        figures=figures,
        verdict=[leaderboard.said(data, shown), *leaderboard.meant(data, shown)],
        pairs=[_titled(one, titles) for one in _with_the_best(shown, metric)] if metric else [],
        pairs_by=board.metrics[metric].title if metric else None,
        caveats=[*_caveats(data), *(caveat for row in shown.rows if row.lists and (caveat := row.lists.caveat()))],
    )


def _with_the_best(shown: Shown, metric: str) -> list[Comparison]:
    """Everybody minus the pinned one; the best minus everybody where nobody is pinned, for every two fill pages."""
    found, best = shown.comparisons(metric), shown.board.best(metric)
    if shown.baseline is not None:
        return found
    return [one if one.a == best else turned(one) for one in found if best in (one.a, one.b)]


def _base(data: Dataset, view: View, entries: Sequence[Entry]) -> Memo:
    """What every memo tells."""
    info = data.info
    people = "simulated viewers" if info.simulated else "people"
    told = {
        "Data": info.name + (f" ({info.licence})" if info.licence else ""),
        "Holds": f"{info.n_users:,} {people}, {info.n_items:,} items, {info.n_interactions:,} choices",
        "Test": protocol.told(data),
        "Fingerprint": info.fingerprint,
    }
    return Memo(
        title="",
        made=f"{datetime.now(UTC):%d %B %Y, %H:%M} UTC".removeprefix("0"),
        data=told,
        models=[_trained(entry) for entry in entries if entry.card],
        versions={"Python": python_version()} | {name: version(name) for name in SHOWN_WITH},
        link=view.link,
        link_note=view.note,
    )


def _trained(entry: Entry) -> Trained:
    card = entry.card
    if entry.loaded is not None:
        return Trained(entry.title, entry.name, "none: brought by whoever made this memo", card.created, card.versions)
    return Trained(entry.title, entry.name, entry.checksum, card.created[:10], card.versions)


def _titles(data: Dataset, items: Sequence[int]) -> list[str]:
    labels = cached.labels(data)
    cards = [labels.card(item) for item in items[:MOST_TITLES]]
    return [f"{card['title']} ({card['year']})" if card["year"] else card["title"] for card in cards]


def _ranked(data: Dataset, panel: Panel, asked: Taste, answer: Lists | str, hidden: frozenset[int]) -> Ranked:
    chip = panel.chip()
    if isinstance(answer, str):
        return Ranked(panel.title, chip["colour"][0], problem=answer)
    items, labels = lists.columns(answer), cached.labels(data)
    scores, reasons = lists.score_texts(answer.scores[0]), _reasons(data, panel, asked, items)
    cards = [labels.card(item) for item in items]
    lines = [
        Line(rank, card["title"], card["year"], scores[rank - 1], item in hidden, reasons.get(item), card["art"])
        for rank, (item, card) in enumerate(zip(items, cards, strict=True), 1)
    ]
    provider = lists.PROVIDERS.get(answer.provider, answer.provider)
    limits = f"only {panel.filters.words}" if panel.filters.words else None
    known = None if panel.filters.hide_seen else "known items too"
    note = " · ".join(filter(None, [f"{len(items)} {'item' if len(items) == 1 else 'items'}", limits, known, provider]))
    return Ranked(panel.title, chip["colour"][0], note, lines)


def _reasons(data: Dataset, panel: Panel, asked: Taste, items: list[int]) -> dict[int, str]:
    """What speaks most for each item; {} where the model reads no history, or cannot be asked."""
    try:
        found = cached.explanation(data, panel.entry, asked, items)
    except ZooError:
        return {}
    names = cached.labels(data).title_and_year
    rows = [(item, row, place) for place, item in enumerate(items) for row in found.reasons(place, REASONS)]
    amounts = parts_texts(np.array([found.contributions[row, place] for _, row, place in rows]))
    told: dict[int, list[str]] = {}
    for (item, row, _), amount in zip(rows, amounts, strict=True):
        if float(amount):  # what rounds to nothing beside the others is no reason
            told.setdefault(item, []).append(f"{named(found, row, lambda one: names(one)[0])} ({amount})")
    return {item: f"because of {', '.join(parts)}" for item, parts in told.items()}


def _figures(data: Dataset, entries: Sequence[Entry]) -> list[Figures]:
    """The usual metrics of these models."""
    known = {row.name: row for row in measured.models(data)}
    rows = [known[entry.name] for entry in entries if entry.name in known]
    found = {metric: measured.figures(data, rows, metric) for metric in measured.metrics(measured.USUAL, None).values()}
    titles = {row.name: row.title for row in rows}
    return [
        Figures(metric.title, metric.definition, {titles[name]: interval for name, interval in of.items()})
        for metric, of in found.items()
        if of
    ]


def _standing(data: Dataset, entries: Sequence[Entry]) -> tuple[list[str], list[Comparison]]:
    """What may be said of these models by the metric that decides, among all of the zoo; and every two of them."""
    rows, metric = measured.models(data), measured.named(DECIDES)
    if not rows:
        return [], []
    compared = measured.of_models(data, DECIDES)
    titles, pairs = {row.name: row.title for row in rows}, ahead(compared)
    shown = [entry.name for entry in entries if entry.name in titles]
    figures = measured.figures(data, rows, metric)
    said = [sentence(figures, pairs, titles, metric.title), *advice.of(data, rows, level(figures, pairs))]
    place = places(list(titles), pairs)
    said += [f"{titles[name]}: place {place_text(place[name])} of {len(rows)}." for name in shown]
    return said, [_titled(one, titles) for one in compared if one.a in shown and one.b in shown]


def _titled(one: Comparison, titles: Mapping[str, str]) -> Comparison:
    return replace(one, a=titles[one.a], b=titles[one.b])


def _caveats(data: Dataset) -> list[str]:
    simulated = [data.info.notice or "The people and their choices are simulated."] if data.info.simulated else []
    left_out = [f"Without figures: {title}. {why}" for title, why in measured.left_out(data)]
    return [*simulated, protocol.told(data), ONE_SPLIT, CLOSING.format(these="these trained models"), *left_out]
