"""What visitors do in our components: each thing once, in order, and none lost.

One component, outside every fragment, brings it all (web/clicks.js). Streamlit keeps only the last message that waits
for a busy server; so a message repeats what was not acknowledged, and serial numbers keep anything from being done
twice.
"""

import random
from dataclasses import replace

import streamlit as st

from pages.parts import address, cached, state
from pages.parts.columns import Column, changed, chosen
from pages.parts.component import component
from pages.parts.link import VIEW
from pages.parts.state import Visit
from zoo.dataset import Dataset

_clicks = component("clicks")
ONE_MODEL = ("recommend", "what if")  # pages on which a single model answers


def listen() -> None:
    """Once on every page."""
    _clicks(key="clicks", data={"heard": state.session().heard}, on_events_change=_hear)


def _hear() -> None:
    events = st.session_state["clicks"].events
    for event in events:
        hear(event)


def hear(event: dict) -> None:
    """Does what one message tells, unless it was done already; it speaks of the data set whose fingerprint is "of"."""
    mine = state.session()
    if event["serial"] <= mine.heard:
        return
    mine.heard = event["serial"]
    name = state.kept("dataset")
    data = cached.dataset(name) if name in cached.zoo().datasets() else None
    if data is not None and event["of"] == data.info.fingerprint:
        apply(data, event)
        mine.going = event.get("go")
        if not mine.going:  # whoever is sent to another page takes the step there
            address.note(state.kept("path"))
        mine.answering = True


def apply(data: Dataset, event: dict) -> None:
    """What a click in any component does to the taste, or to the chosen models."""
    key = data.info.fingerprint
    visit = state.visit(key)
    match event:
        case {"kind": "like" | "dislike" | "forget" as verdict, "id": item}:
            visit = replace(visit.judged(int(item), verdict), looking=False)
        case {"kind": "clear"}:
            visit = Visit()
        case {"kind": "mine"}:
            visit = replace(visit, looking=False)
        case {"kind": "somebody"}:
            visit = replace(visit, looking=True)
        case {"kind": "look", "id": user_idx}:
            visit = replace(visit, looking=True, user_idx=int(user_idx))
        case {"kind": "surprise"}:
            visit = replace(
                visit, looking=True, user_idx=_somebody(data, known=event.get("known") or _asks_for_known(data))
            )
        case {"kind": "adopt"}:
            visit = Visit(likes=tuple(data.history(visit.user_idx).tolist()))
        case {"kind": "sample", "number": number}:
            visit = Visit(likes=cached.samples(data)[int(number)].items)
        case {"kind": "share"}:
            visit = replace(visit, private=False)
        case {"kind": "models", "which": "model" | "models" as which, "chosen": names}:
            _ask(which, chosen(_columns(which), names))
        case {"kind": "column"}:
            _ask("models", changed(_columns("models"), event))
        case {"kind": "view", "set": dict(view)}:
            state.show({name: text for name, text in view.items() if name in VIEW and isinstance(text, str)})
    state.remember(key, visit)


def _columns(which: str) -> list[Column]:
    return [Column.read(text) for text in state.kept(f"shown-{which}") or ()]


def _ask(which: str, columns: list[Column]) -> None:
    for name in (which, f"shown-{which}"):  # as shown, too: the next click may come before the page is drawn again
        state.keep(name, [column.text for column in columns])


def _asks_for_known(data: Dataset) -> bool:
    """Whether the one model on the page can answer only for people whom it learned from."""
    asked = state.kept("shown-model") or () if state.kept("page") in ONE_MODEL else ()
    cards = [entry.card for entry in cached.entries(data) if entry.name in asked]
    return any(card is not None and not card.about.serves_new_profiles for card in cards)


def _somebody(data: Dataset, known: bool) -> int:
    """Anybody with hidden choices; for a model that knows only its own, anybody whom it learned from."""
    held_out = data.test.user_idx
    return int(random.choice(data.training_users() if known or not len(held_out) else held_out))
