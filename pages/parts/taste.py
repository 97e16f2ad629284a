"""The taste that every list is about: found by title, judged on cards, or borrowed from somebody in the data."""

import streamlit as st

from pages.parts import cached, state
from pages.parts.component import component
from pages.parts.state import Visit
from zoo.dataset import Dataset
from zoo.recommend import Taste, taste_of

SHOWN = 40  # chips of one kind; a long history is told by its count
FOUND = 12  # suggestions
_bar = component("taste", "poster", "combobox")


def current(data: Dataset) -> Taste:
    """The taste that lists answer: the visitor's own, or that of the person looked at (empty until somebody is)."""
    visit = state.visit(data.info.fingerprint)
    if not visit.looking:
        return visit.own
    return Taste() if visit.user_idx is None else taste_of(data, visit.user_idx)


def hidden_choices(data: Dataset) -> set[int]:
    """What the person looked at chose behind the models' backs; empty for one's own taste."""
    visit = state.visit(data.info.fingerprint)
    return set(data.hidden_choices(visit.user_idx).tolist()) if visit.looking and visit.user_idx is not None else set()


@st.fragment
def bar(data: Dataset) -> None:
    """Search box and chips. Typing reruns this fragment alone; a choice is told elsewhere (clicks.py)."""
    visit = state.visit(data.info.fingerprint)
    who = "somebody" if visit.looking else "mine"
    asked = (st.session_state.get("taste") or {}).get("query") or {}
    query = asked.get("text", "") if asked.get("who") == who else ""
    found = _people(data, query) if visit.looking else _items(data, query, visit)
    head = {"of": data.info.fingerprint, "who": who, "query": query, "options": found}
    _bar(key="taste", data=head | _held(data, visit) | _words(data), on_query_change=lambda: None)


def _items(data: Dataset, query: str, visit: Visit) -> list[dict]:
    labels = cached.labels(data)
    return [labels.card(idx) | {"verdict": visit.verdict(idx)} for idx in data.catalogue.search(query, FOUND)]


def _people(data: Dataset, query: str) -> list[dict]:
    return [person(data, row) for row in data.find_users(query, FOUND).iter_rows(named=True)]


def person(data: Dataset, row: dict) -> dict:
    """{"id", "title", "note"} of a row of `users`."""
    hidden = "unknown to the models" if data.info.split.startswith("strong:") else "with hidden choices"
    roles = {"train": "models learned from them", "validation": hidden, "test": hidden}
    return {
        "id": row["user_idx"],
        "title": called(data, row["user_id"]),
        "note": f"{row['n_items']:,} items · {roles[row['role']]}",
    }


def welcome(data: Dataset) -> None:
    """The way through the pages, for whoever has no taste yet."""
    n = sum(entry.card is not None for entry in cached.entries(data))
    models = "one model" if n == 1 else f"{n} models"
    st.markdown(
        f"**New here?** Say what you like, or press a card below: {models} learned from this data what goes together, "
        "and answer at once. *Compare* sets their lists side by side; *Leaderboard* says which model is best, and how "
        "sure that is."
    )


def called(data: Dataset, user_id: object) -> str:
    """What a person from the data is called on a page."""
    return f"{'Simulated viewer' if data.info.simulated else 'User'} {user_id}"


def _held(data: Dataset, visit: Visit) -> dict:
    """The chips: one's own, the latest first, so that what was just chosen is in sight; others', the best known."""
    labels = cached.labels(data)
    somebody = visit.looking and visit.user_idx is not None
    if visit.looking:
        likes = labels.best_known(data.history(visit.user_idx).tolist()) if somebody else []
        dislikes: list[int] = []
    else:
        likes, dislikes = list(visit.likes[::-1]), list(visit.dislikes[::-1])
    return {
        "person": person(data, data.users.row(visit.user_idx, named=True)) if somebody else None,
        "n_likes": len(likes),
        "n_dislikes": len(dislikes),
        "likes": [labels.card(idx) for idx in likes[:SHOWN]],
        "dislikes": [labels.card(idx) for idx in dislikes[:SHOWN]],
    }


def _words(data: Dataset) -> dict:
    people = "simulated viewers" if data.info.simulated else "people"
    by = "title" if cached.labels(data).named else "id"
    makers = [f" or {name.removesuffix('s')}" for name in data.catalogue.people_columns[:1]]
    return {
        "hint": f"Search {data.info.n_items:,} items by {by}{''.join(makers)}",
        "hint_people": f"Search {data.info.n_users:,} {people} by id",
        "invite": "Nothing yet. Search for something you like, or begin with the cards below.",
        "invite_people": "or search for an id. Of people held out, the lists show which items they really chose.",
    }
