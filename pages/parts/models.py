"""Choosing who answers: one model, or the columns of a comparison, as chips in their colours."""

from pages.parts import cached, own_model, state
from pages.parts.cached import Entry
from pages.parts.columns import MOST, Column
from pages.parts.component import component
from zoo.dataset import Dataset

_chips = component("models")
DECIDES = "ndcg_at_100"  # the model that is best by this one is shown first


def pick_one(data: Dataset) -> Entry | None:
    """The model that answers; None where not a single one can be used."""
    columns = _show(data, "model", "Model", most=1)
    return next((entry for entry in everybody(data) if entry.card and entry.name == columns[0].model), None)


def pick_several(data: Dataset, own: bool = True) -> list[Column]:
    """The columns to compare, from left to right. own : whether this session's own models are offered, too"""
    return _show(data, "models", f"Models (up to {MOST})", MOST, own)


def everybody(data: Dataset) -> list[Entry]:
    """The models of the zoo, then this session's own."""
    return [*cached.entries(data), *own_model.entries(data)]


def _show(data: Dataset, name: str, label: str, most: int, own: bool = True) -> list[Column]:
    entries = everybody(data) if own else cached.entries(data)
    known = [entry.name for entry in entries if entry.card]
    columns = [column for text in state.kept(name) or [] if (column := Column.read(text)).model in known][:most]
    columns = columns or [Column(model) for model in _first_choice(entries, most)]
    state.keep(f"shown-{name}", [column.text for column in columns])
    told = {"of": data.info.fingerprint, "which": name, "chosen": [column.model for column in columns]}
    offered = {"models": [entry.chip() for entry in entries], "most": most, "label": label}
    _chips(key=f"{state.kept('page')}-{name}", data=told | offered)
    return columns


def _first_choice(entries: list[Entry], most: int) -> list[str]:
    """The best one that reads new profiles; of several, one of each family."""
    usable = [entry for entry in entries if entry.card and entry.loaded is None]
    ready = [entry for entry in usable if entry.card.about.serves_new_profiles] or usable
    if most == 1:
        return [entry.name for entry in sorted(ready, key=quality, reverse=True)[:1]]
    families = {entry.card.about.family: entry.name for entry in sorted(ready, key=quality)}  # the best comes last
    return [entry.name for entry in ready if entry.name in families.values()][:most]


def quality(entry: Entry) -> float:
    """How good a model is by the metric that decides; below all others where it was not measured."""
    metrics = (entry.card.metrics if entry.card else None) or {}
    return metrics[DECIDES].mean if DECIDES in metrics else -1.0
