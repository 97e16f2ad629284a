"""Where an item that nobody has chosen would stand: in one's own list, in whose lists else, and beside what."""

from collections.abc import Mapping, Sequence

import numpy as np
import polars as pl
import streamlit as st

from pages.parts import cached, downloads, lists, new_item, taste, view
from pages.parts.cached import Entry
from pages.parts.component import component
from pages.parts.frame import escape
from pages.parts.new_item import Draft, embedded
from pages.parts.workings import SCROLLING
from zoo.dataset import Dataset
from zoo.differing import listed
from zoo.new_items import Standing, standing
from zoo.prompt import everything, kinds
from zoo.recommend import Taste, why_not

_shelf = component("shelf", "poster")
EQUATION = r"s_{ui} = e_u^\top f(\text{text}_i, \text{picture}_i, \text{features}_i)"
AROUND = 3  # neighbours above, and below
FIRST = (10, 20)  # places of a list
PEOPLE = 12
NEAREST = 12  # items
NEW = {"kind": "new", "text": "new", "why": "The item that was described above."}


def show(data: Dataset, who: Sequence[Entry]) -> None:
    """The form; and where the item would stand, for whom, and beside what."""
    draft = new_item.drafted(data)
    with st.expander("Describe an item", expanded=draft is None):
        new_item.form(data, who)
    draft = new_item.drafted(data)
    if draft is None:
        st.caption("It stays in this session; it is not stored or logged.")
        return
    with st.container(horizontal=True, vertical_alignment="center"):
        if draft.pixels is not None:
            st.image(draft.pixels, width=64)
        st.markdown(f"**{escape(draft.title)}** is in no catalogue yet, and nobody has chosen it.", width="content")
        st.button("Forget it", icon=":material/delete:", on_click=new_item.forget, args=(data,))
    taste.bar(data)
    _placed(data, who, draft)
    _explain()


def _explain() -> None:
    """What is computed, behind a fold."""
    with st.expander("How it is placed"):
        st.html(f"<style>{SCROLLING}</style>")
        st.markdown(
            "The tower that learned from the items of the catalogue turns this one's words, picture and facts into a "
            "list of numbers $e_i$, as long as the list $e_u$ that it makes of a taste. Its score is how far the two "
            "point the same way, on the scale of all other items' scores; among equals it comes last."
        )
        st.latex(EQUATION)
        st.markdown(
            "Test users are read from the choices that the model was shown. Items are alike by the cosine of their "
            "embeddings, after the mean of all items is taken away and directions in which all differ are shortened, "
            "as under “Find items”."
        )


def _placed(data: Dataset, who: Sequence[Entry], draft: Draft) -> None:
    vectors = {entry.name: embedded(data, entry, draft) for entry in who}
    mine = taste.current(data)
    st.markdown("## Where it would stand for this taste")
    if mine:
        _own(data, [entry for entry in who if not why_not(entry.card, mine)], draft, vectors, mine)
    else:
        st.info("Say above what you like, or look at somebody, and it is placed in that list.")
    if said := looks(who, draft):
        st.caption(escape(said))
    _cannot(data)
    st.markdown("## For whom")
    if not data.info.n_test_users:
        st.info("This data set has no test users.")
    else:
        _for_whom(data, who, vectors)
    names = {entry.name: entry.title for entry in who}
    name = view.one("under", "Under", names, who[0].name, segments=True) if len(who) > 1 else who[0].name
    entry = next(entry for entry in who if entry.name == name)
    if data.info.n_test_users:
        _people(data, entry, vectors[name])
    _nearest(data, entry, vectors[name])


def _own(data: Dataset, who: Sequence[Entry], draft: Draft, vectors: Mapping[str, np.ndarray], mine: Taste) -> None:
    """A column per model: the item between its neighbours in the whole list."""
    card = draft.card(data)
    places = [standing(cached.model(data, entry), mine, vectors[entry.name], AROUND) for entry in who]
    columns = [_column(data, entry, place, card) for entry, place in zip(who, places, strict=True)]
    lists.mount(data, {"layout": "columns", "lists": columns, "build": None}, judge=False)
    table = {"model": [entry.name for entry in who], "rank": [place.rank for place in places]}
    table |= {"of": [place.n for place in places], "score": [place.score for place in places]}
    downloads.take_home(lambda: pl.DataFrame(table), f"{data.name}-new-item")


def _column(data: Dataset, entry: Entry, place: Standing, card: dict) -> dict:
    labels = cached.labels(data)
    plain = {"score": None, "verdict": None, "chosen": False, "common": False, "also": []}
    first = place.rank - len(place.above)
    cards = [labels.card(item) | plain | {"rank": first + at} for at, item in enumerate(place.above)]
    cards.append(card | plain | {"rank": place.rank, "move": NEW})
    cards += [labels.card(item) | plain | {"rank": place.rank + 1 + at} for at, item in enumerate(place.below)]
    why = "Its place among everything that the taste does not hold, by this model's score."
    facts = [{"text": f"rank {place.rank:,} of {place.n:,}", "why": why}]
    return entry.chip() | {"facts": facts, "cards": cards, "problem": None, "note": None, "own": {}, "empty": ""}


def looks(who: Sequence[Entry], draft: Draft) -> str | None:
    """What models that read pictures see of an item that came without one."""
    seers = [entry.title for entry in who if entry.card.reads_pictures]
    if draft.pixels is not None or not seers:
        return None
    facts = listed([name for name, known in (("genres", draft.genres), ("year", draft.year)) if known])
    from_what = f" from its {facts}" if facts else "; without genres and a year there is hardly anything on it"
    return f"No picture was given: {listed(seers)} read{'s' * (len(seers) == 1)} a poster that was drawn{from_what}."


def _cannot(data: Dataset) -> None:
    """Models that know an item by who chose it."""
    names = [entry.title for entry in cached.entries(data) if entry.card and entry.card.item_tower is None]
    if names:
        verb = "knows" if len(names) == 1 else "know"
        cannot = f"{', '.join(names)} {verb} an item by who chose it, and nobody has chosen this one: no place there."
        st.caption(escape(cannot))


def _for_whom(data: Dataset, who: Sequence[Entry], vectors: Mapping[str, np.ndarray]) -> None:
    """In how many test users' first ten and twenty it would stand, and at which ranks."""
    rows, table = [], []
    n = data.info.n_test_users
    for entry in who:
        ranks = cached.audience(data, entry).ranks(vectors[entry.name])
        counts = [int((ranks <= first).sum()) for first in FIRST]
        at = np.bincount(ranks[ranks <= FIRST[-1]] - 1, minlength=FIRST[-1])
        values = [f"{count:,} ({100 * count / n:.1f} %)" for count in counts]
        told = {"values": values, "strip": (at / max(1, at.max())).tolist(), "note": None}
        rows.append(entry.chip() | told | {"event": {"kind": "view", "set": {"under": entry.name}}})
        table.append({"model": entry.name, "users": n} | {f"first_{k}": c for k, c in zip(FIRST, counts, strict=True)})
    people = "simulated viewers" if data.info.simulated else "people"
    st.markdown(f"*Of {n:,} test users ({people} whom no model was told all of): in whose lists it would stand.*")
    heads = [f"In the first {first}" for first in FIRST]
    _shelf(key="for-whom", data={"of": data.info.fingerprint, "rows": rows, "heads": heads, "k": FIRST[-1]})
    downloads.take_home(lambda: pl.DataFrame(table), f"{data.name}-new-item-for-whom")


def _people(data: Dataset, entry: Entry, vector: np.ndarray) -> None:
    """Those in whose lists it would stand highest; each leads to history and lists."""
    audience = cached.audience(data, entry)
    rows, ranks = audience.nearest(vector, PEOPLE), audience.ranks(vector)
    depth = audience.ladder.shape[1]
    if not len(rows):
        st.info(f"{entry.title} puts it into nobody's first {depth}.")
        return
    st.markdown(f"### Highest with them, under {escape(entry.title)}")
    ids = data.users["user_id"].cast(pl.String)
    people = []
    for row in rows.tolist():
        user_idx = int(data.test.user_idx[row])
        name = str(ids[user_idx])
        event = {"kind": "view", "go": "segments", "set": {"person": name, "a": entry.name, "b": "", "range": ""}}
        note = f"rank {ranks[row]} · {len(data.history(user_idx)):,} items"
        people.append({"id": name, "title": taste.called(data, name), "note": note, "event": event})
    _shelf(key="new-people", data={"of": data.info.fingerprint, "people": people})


def _nearest(data: Dataset, entry: Entry, vector: np.ndarray) -> None:
    """The items of the catalogue that this model finds most alike."""
    if entry.card.reads_pictures and "picture" not in kinds(entry.card):
        return
    alike = cached.space(data, entry, everything(entry.card)).whole.similarities(vector[None])[0]
    items = np.argsort(-alike, kind="stable")[:NEAREST].tolist()
    labels, ids = cached.labels(data), data.catalogue.items["item_id"]
    go = {"kind": "view", "go": "catalogue"}
    cards = [
        labels.card(item)
        | {"note": f"{alike[item]:.2f}", "event": go | {"set": {"of": "item", "item": str(ids[item])}}}
        for item in items
    ]
    st.markdown(f"### Most like it, under {escape(entry.title)}")
    _shelf(key="new-nearest", data={"of": data.info.fingerprint, "cards": cards})
    st.caption("Below each: the cosine of the two embeddings, 1 at most. “How it is placed” explains it.")
