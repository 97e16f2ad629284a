"""Choosing who answers: one model, or several, as chips in their colours."""

import streamlit as st

from pages.parts import cached, state
from pages.parts.cached import Entry
from pages.parts.component import component
from zoo.dataset import Dataset

_chips = component("models")
DECIDES = "ndcg_at_100"  # the model that is best by this one is shown first


def pick_one(data: Dataset) -> Entry | None:
    """The model that answers; None where not a single one can be used."""
    usable = [entry for entry in _show(data, "model", "Model", most=1) if entry.card]
    return usable[0] if usable else None


def pick_several(data: Dataset, most: int) -> list[Entry]:
    """The models to compare, in the order of the chips."""
    return _show(data, "models", f"Models (2 to {most})", most)


def _show(data: Dataset, name: str, label: str, most: int) -> list[Entry]:
    entries = cached.entries(data)
    known = [entry.name for entry in entries if entry.card]
    chosen = [model for model in state.kept(name, []) if model in known] or _first_choice(entries, most)
    key = f"{state.kept('page')}-{name}"
    _chips(
        key=key,
        data={"models": [entry.chip() for entry in entries], "chosen": chosen, "most": most, "label": label},
        on_chosen_change=lambda: state.keep(name, list(st.session_state[key].chosen)),
    )
    return [entry for entry in entries if entry.name in chosen]


def _first_choice(entries: list[Entry], most: int) -> list[str]:
    """The best one that reads new profiles; of several, one of each family."""
    ready = [entry for entry in entries if entry.card and entry.card.about.serves_new_profiles]
    ready = ready or [entry for entry in entries if entry.card]
    if most == 1:
        return [entry.name for entry in sorted(ready, key=quality, reverse=True)[:1]]
    families = {entry.card.about.family: entry.name for entry in sorted(ready, key=quality)}  # the best comes last
    return [entry.name for entry in ready if entry.name in families.values()][:most]


def quality(entry: Entry) -> float:
    """How good a model is by the metric that decides; below all others where it was not measured."""
    metrics = entry.card.metrics or {}
    return metrics[DECIDES].mean if DECIDES in metrics else -1.0
