"""The address of the browser shows the same view to whoever opens it, and Back undoes the last step.

It is read when a session begins and when the visitor goes back or forward. Each thing that the visitor did is noted as
a step when it is done; the browser is given the latest steps after every run, and enters those that it has not had: so
runs that are broken off, and answers that overtake each other, cost no step. A component of our own writes them,
because only so a change of page makes one entry of the history and not two.
"""

import time
from dataclasses import replace

import polars as pl
import streamlit as st
from streamlit.runtime.scriptrunner import get_script_run_ctx

from pages.parts import access, cached, own, own_model, state
from pages.parts.columns import Column
from pages.parts.component import component
from pages.parts.link import VIEW, Link, fitting
from pages.parts.link import read as read_link
from pages.parts.state import Step, Visit
from zoo.dataset import Dataset

_address = component("address")
NOTICE = "link-notice"
STEPS = 30  # that one run may bring: more than anybody does before the server answers
K = 20  # items of a list, where nobody asked for another number
HELD_BACK = (
    "It leaves out a taste that came from a file: that lives only in the open page, unless “Copy link” was pressed "
    "there, and a reload ends it. Bring the file again."
)
CUT = "It holds {n:,} items; the rest of that taste did not fit into an address, or was kept out of it."


def read() -> None:
    """Takes over what the address says, where it speaks first."""
    if state.session().steps and not went_back():
        return
    query = st.query_params.to_dict()
    if not query:  # says nothing; Streamlit leaves such steps in the history when a page sends its visitor to another
        return
    link, sentences = read_link(query)
    lost = own.take_up(link.job) if access.may_open("train") else len(link.job)
    names = cached.zoo().datasets()
    if link.data is not None and link.data not in names:
        sentences = ["It is about a data set that is not here."]
    elif names:
        sentences += _take_over(cached.dataset(link.data or state.kept("dataset") or names[0]), link)
    if lost:
        sentences.append("The training that it names is not there any more.")
    state.keep(NOTICE, " ".join(["Not everything in this link could be used.", *sentences]) if sentences else None)


def went_back() -> bool:
    """Whether this run answers Back or Forward of the browser."""
    context = get_script_run_ctx()
    return context is not None and context.is_history_navigation


def notice() -> None:
    """What could not be taken from a link, until the visitor does something."""
    if text := state.kept(NOTICE):
        st.info(text, icon=":material/link_off:")


def note(page: str, follows: bool = False) -> None:
    """What the visitor just did on this page becomes a step, if it changed the view; not what `follows` from a step."""
    link, words = current(), own.words()
    if link is None and not words:
        return
    mine, query = state.session(), replace(link or Link(), job=words).query()
    before = mine.steps[-1] if mine.steps else None
    if before and (before.page, before.query) == (page, query):
        return
    fresh = before is None or before.page != page or went_back()
    push = not fresh and not follows
    if push:
        state.keep(NOTICE, None)
    number = max(time.time_ns() // 1_000_000, before.number + 1 if before else 0)
    mine.steps = [*([] if fresh else mine.steps), Step(number, page, query, push)][-STEPS:]


def write(page: str, key: str) -> None:
    """Gives the browser the steps that were taken on this page.

    Without any, too: an element that came later would shift those below it, and Streamlit would make them anew.
    """
    steps = [step for step in state.session().steps if step.page == page]
    told = [{"number": step.number, "query": step.query, "push": step.push} for step in steps]
    _address(key=key, data={"steps": told})


def current() -> Link | None:
    """The view as a link; None where there is no data set to look at."""
    name = state.kept("dataset")
    if name not in cached.zoo().datasets():
        return None
    data = cached.dataset(name)
    of, span = data.info.fingerprint[:8], data.catalogue.years()
    years, k, names = state.kept(f"years-{of}"), state.kept("k", K), own_model.names(data)
    model, models = (
        [text for text in state.kept(f"shown-{which}") or state.kept(which) or () if _model(text) in names]
        for which in ("model", "models")
    )
    settings = {
        "model": model[0] if model else None,
        "models": tuple(models),
        "k": None if k == K else k,
        "known": None if state.kept("hide-seen", True) else False,
        "genres": tuple(state.kept(f"genres-{of}") or ()),
        "years": None if years is None or span is None or tuple(years) == span else (int(years[0]), int(years[1])),
    }
    mine = state.session()
    view = tuple((what, mine.view[what]) for what in VIEW if what in mine.viewed and what in mine.view)
    return Link(data=name, view=view, **_taste(data), **settings)


def of_taste(data: Dataset, visit: Visit) -> tuple[Link, bool]:
    """A link that tells nothing but this taste, and whether it had to leave something out."""
    whole = tuple(_outside(data, items) for items in (visit.likes, visit.dislikes, visit.seen))
    like, dislike, seen = shown = fitting(*whole)
    return Link(like=tuple(like), dislike=tuple(dislike), seen=tuple(seen)), shown != whole


def _taste(data: Dataset) -> dict:
    visit = state.visit(data.info.fingerprint)
    link, cut = of_taste(data, visit)
    who = None
    if visit.looking:
        who = "" if visit.user_idx is None else str(data.users["user_id"][visit.user_idx])
    held_back = bool(visit.own) and (visit.private or cut)
    private = bool(visit.own) and visit.private
    return {
        "like": () if private else link.like,
        "dislike": () if private else link.dislike,
        "seen": () if private else link.seen,
        "taste": state.stash(data.info.fingerprint, _own(visit)) if held_back else None,
        "who": who,
    }


def _model(text: str) -> str:
    return Column.read(text).model


def _own(visit: Visit) -> Visit:
    return Visit(visit.likes, visit.dislikes, private=visit.private, seen=visit.seen)


def _outside(data: Dataset, items: tuple[int, ...]) -> list[str]:
    return [str(one) for one in data.catalogue.items["item_id"].gather(list(items)).to_list()]


def _take_over(data: Dataset, link: Link) -> list[str]:
    """What a link says of this data set becomes the state of the session; returns what could not be taken."""
    visit, sentences = _visit(data, link)
    state.remember(data.info.fingerprint, visit)
    settings, more = _settings(data, link)
    state.take_over({"dataset": data.name} | settings)
    state.session().view = dict(link.view)
    state.session().linked = bool(link.view)
    return sentences + more


def _visit(data: Dataset, link: Link) -> tuple[Visit, list[str]]:
    sentences = []
    known = state.stashed(data.info.fingerprint, link.taste) if link.taste else None
    if link.taste and known is None:
        sentences.append(
            CUT.format(n=len(link.like + link.dislike + link.seen)) if link.like or link.dislike else HELD_BACK
        )
    if known is None:
        likes, dislikes, seen = (_columns(data, ids) for ids in (link.like, link.dislike, link.seen))
        unknown = len({*link.like, *link.dislike, *link.seen}) - len({*likes, *dislikes, *seen})
        if unknown > 0:
            sentences.append(f"Items that this catalogue does not have were left out: {unknown:,}.")
        dislikes = tuple(item for item in dislikes if item not in set(likes))
        known = Visit(likes, dislikes, seen=tuple(item for item in seen if item not in {*likes, *dislikes}))
    if link.who is None:
        return known, sentences
    person = data.users["user_id"].cast(pl.String).index_of(link.who) if link.who else None
    if link.who and person is None:
        sentences.append("The person whom it looks at is not in this data.")
    return Visit(
        known.likes, known.dislikes, looking=True, user_idx=person, private=known.private, seen=known.seen
    ), sentences


def _columns(data: Dataset, ids: tuple[str, ...]) -> tuple[int, ...]:
    """Known items once each; where one is named twice, the last time counts."""
    found = [item for item in data.catalogue.columns_of(ids).tolist() if item >= 0] if ids else []
    return tuple(dict.fromkeys(reversed(found)))[::-1]


def _settings(data: Dataset, link: Link) -> tuple[dict, list[str]]:
    names, of = own_model.names(data), data.info.fingerprint[:8]
    genres, span = data.catalogue.genres(), data.catalogue.years()
    models = [text for text in link.models if _model(text) in names]
    picked = [genre for genre in link.genres if genre in genres]
    years, asked = span, link.years
    if asked and span and span[0] <= asked[0] <= asked[1] <= span[1]:
        years = asked
    k = link.k if link.k is not None and 5 <= link.k <= 50 and link.k % 5 == 0 else K
    odd = len(link.models) - len(models) + (link.model is not None and link.model not in names)
    lost = len(link.genres) - len(picked) + (asked is not None and years != asked) + (link.k not in (None, k))
    sentences = [f"Models that are not here were left out: {odd}."] if odd else []
    sentences += [f"Filters that do not fit this data were left out: {lost}."] if lost else []
    settings = {
        "model": [link.model] if link.model in names else None,
        "models": models or None,
        "shown-model": None,
        "shown-models": None,
        "k": k,
        "hide-seen": link.known is not False,
        f"genres-{of}": picked,
        f"years-{of}": years,
    }
    return settings, sentences
