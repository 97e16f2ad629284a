"""What is wished of a list beyond a model's own order: a slider each, all of them in the address."""

from dataclasses import dataclass

import streamlit as st

from pages.parts import cached, models, state, view
from pages.parts.cached import Entry
from pages.parts.frame import escape
from zoo.dataset import Dataset
from zoo.differing import listed
from zoo.errors import ZooError
from zoo.recommend import Taste, why_not
from zoo.rerank import FUSION, POOL, Wishes, knows_genres

NAMES = ("second", "share", "mix", "penalty", "diversity", "calibration", "along")  # in the address
ALIKE = {
    True: "Two items are alike as far as they have the same genres.",
    False: "Two items are alike as far as the same people chose them: few items of this catalogue have genres.",
}
HELP = {
    "diversity": "Takes from an item's worth the more, the more it is like one that stands above it. {alike}",
    "penalty": "Takes from an item's worth the more, the more people chose it.",
    "calibration": "Brings the shares of the genres in the list towards those in the history: who likes two thirds "
    "comedies gets about two thirds.",
    "share": "How much the second model counts. At 0 the first one answers alone, at 1 the second.",
    "mix": f"Scores: both models' scores as 0 to 1 over the candidates, then their mean. Ranks: "
    f"1 / ({FUSION} + rank) of both, which asks nothing of their scales.",
}
LABELS = {
    "diversity": "Diversity",
    "penalty": "Popularity penalty",
    "calibration": "Genre calibration",
    "share": "Share of the second model",
}


@dataclass(frozen=True)
class Wished:
    """What the controls of the page ask for."""

    first: Entry
    second: Entry | None
    wishes: Wishes

    @property
    def models(self) -> list[Entry]:
        return [self.first] if self.second is None else [self.first, self.second]

    @property
    def wishes_set(self) -> list[str]:
        """The names of those that ask for anything, in the order in which they work."""
        return [name for name in ("share", "penalty", "diversity", "calibration") if getattr(self.wishes, name)]

    def _word(self, name: str) -> str:
        weight = getattr(self.wishes, name)
        if name != "share":
            return f"{LABELS[name].lower()} {weight:g}"
        by = " by ranks" if self.wishes.fusion == "ranks" and weight < 1 else ""
        return f"{100 * weight:.0f} % {self.second.title}{by}"

    @property
    def words(self) -> str:
        """Such as "diversity 0.4 and 30 % PureSVD"; "" where nothing is wished."""
        found = [self._word(name) for name in self.wishes_set]
        return listed(found)


def controls(data: Dataset, first: Entry, asked: Taste) -> Wished:
    """The sliders. One that was moved is the one whose cost is drawn (`along`)."""
    genres = knows_genres(data.item_facts)
    diversity = _slider("diversity", HELP["diversity"].format(alike=ALIKE[genres]))
    penalty = _slider("penalty", HELP["penalty"])
    calibration = _slider("calibration", HELP["calibration"]) if genres else 0.0
    second = _second(data, first, asked)
    share, fusion = 0.0, "scores"
    if second is not None:
        share = _slider("share", HELP["share"], 0.5)
        fusion = view.one(
            "mix", "Blend by", {"scores": "Scores", "ranks": "Ranks"}, "scores", segments=True, help=HELP["mix"]
        )
    wished = Wished(first, second, Wishes(share, fusion, penalty, diversity, calibration))
    with st.container(horizontal=True, vertical_alignment="center"):
        st.button(
            "Back to the original",
            on_click=lambda: state.show(dict.fromkeys(NAMES, "")),
            icon=":material/undo:",
            disabled=not wished.words,
            key="what-if-back",
        )
        st.caption(
            f"Chosen anew from {'the best' if second is None else 'each one’s best'} {POOL} of "
            f"{escape(' and '.join(entry.title for entry in wished.models))}."
        )
    return wished


def _slider(name: str, help: str, usual: float = 0.0) -> float:
    return view.slider(name, LABELS[name], usual, help=help, on_change=lambda: state.show({"along": name}))


def _second(data: Dataset, first: Entry, asked: Taste) -> Entry | None:
    """The model that is blended in; None where none is wished for, or it cannot answer this taste."""
    others = {entry.name: entry for entry in models.everybody(data) if entry.card and entry.name != first.name}
    options = {"": "no other model"} | {name: entry.title for name, entry in others.items()}
    chosen = others.get(view.one("second", "Blend with", options, ""))
    if chosen is None:
        return None
    reason = why_not(chosen.card, asked)
    if reason is None:
        try:
            cached.model(data, chosen)
        except ZooError as error:  # one that cannot be loaded leaves the first its list
            reason = str(error)
    if reason:
        st.info(f"Not blended: {escape(reason)}")
        return None
    return chosen
