"""What somebody asks for in words or by a picture, and who can answer it."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256

import numpy as np
import streamlit as st

from pages.parts import cached, filters, models, phrases, picture, state, view
from pages.parts.cached import Entry
from pages.parts.frame import escape
from pages.parts.link import MOST_LETTERS as LINK_LETTERS
from zoo.dataset import Dataset
from zoo.prompt import kinds
from zoo.vocabulary import MOST_LETTERS, Reading, read

LONG = re.compile("~[0-9a-f]{8}")  # stands in the address for a text that is too long for it
SHOWN = 5  # unknown words that are named


@dataclass(frozen=True, eq=False)
class Prompt:
    """What was asked, and what of it each model can read."""

    typed: str
    reading: Reading
    pixels: np.ndarray | None  # uint8 [96, 64, 3]

    @property
    def kinds(self) -> frozenset[str]:
        return frozenset({"text"} if self.reading.text else ()) | ({"picture"} if self.pixels is not None else set())

    @property
    def name(self) -> str:
        """What the columns call it."""
        return {"text": "words", "picture": "picture"}.get("".join(self.kinds), "words and picture")


def readers(data: Dataset) -> list[Entry]:
    """Models that read what an item is, the best first."""
    found = [entry for entry in cached.entries(data) if entry.card and entry.card.item_tower]
    return sorted(found, key=models.quality, reverse=True)


def nobody(data: Dataset) -> None:
    """The empty state: no model of this data set reads what can be asked."""
    with st.container(border=True):
        st.markdown(
            "### No model here reads what an item is.\n\nA model that knows an item by who chose it can answer a "
            "taste, but neither words nor a picture. Train one that reads the titles:"
        )
        st.code("menagerie train two_tower_text --data FILE --items FILE --out ZOO", language="sh")


def ask(data: Dataset, who: Sequence[Entry]) -> Prompt:
    """The box for words and the one for a picture, where somebody reads them, and what was made of the words."""
    recipe = next((entry.card.item_tower for entry in who if "text" in kinds(entry.card)), None)
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
        typed = _words(data) if recipe else ""
        pixels = None
        if any("picture" in kinds(entry.card) for entry in who):
            with st.popover("Show a picture", icon=":material/image:"):
                pixels = picture.ask("A picture", "prompt")
    reading = read(typed, cached.vocabulary(data, recipe)) if recipe else Reading("")
    found = Prompt(typed, reading, pixels)
    if said := remarks(found):
        st.caption("  \n".join(map(escape, said)))
    if pixels is not None:
        _looked_at(pixels, who)
    return found


def _words(data: Dataset) -> str:
    text = view.get("words")
    if LONG.fullmatch(text):
        long = state.kept(f"words-{text}", "")
        if not long:
            view.misfit("the words, which were too many for an address,")
        text = long
    key = view.key_of("words")
    start = st.session_state.setdefault(f"start-{key}", text)
    typed = st.text_input(
        "Say what you are looking for",
        start,
        key=key,
        placeholder="In words: " + (examples(data) or ["what it is about"])[0],
        icon=":material/search:",
    )[: MOST_LETTERS + 1]
    name = typed
    if len(typed) > LINK_LETTERS:
        name = f"~{sha256(typed.encode()).hexdigest()[:8]}"
        state.keep(f"words-{name}", typed)
    view.put("words", name)
    return typed


def remarks(asked: Prompt) -> list[str]:
    """What was not read as it was typed, a sentence each."""
    reading = asked.reading
    found = [
        f"‘{_short(typed)}’ is in no text of this catalogue; read as ‘{near}’."
        for typed, near in reading.mended[:SHOWN]
    ]
    if len(reading.mended) > SHOWN:
        found.append(f"So are {len(reading.mended) - SHOWN:,} other words, each read as the one spelled most like it.")
    if reading.unknown:
        named = ", ".join(f"‘{_short(word)}’" for word in reading.unknown[:SHOWN])
        rest = len(reading.unknown) - SHOWN
        more = f" and {rest:,} others" if rest > 0 else ""
        verb = "is" if len(reading.unknown) == 1 else "are"
        found.append(f"{named}{more} {verb} in no text of this catalogue, and nothing is spelled like that: left out.")
    if reading.cut:
        found.append(f"Only the first {MOST_LETTERS:,} letters are read.")
    if len(asked.typed) > LINK_LETTERS:
        found.append(f"The link of this view leaves these words out: an address holds {LINK_LETTERS} letters of them.")
    if asked.typed.strip() and not reading.text and not reading.unknown and not reading.years:
        found.append("There are no words in it.")
    if reading.years and not reading.text:
        found.append("It names years alone, and models that read words know none: add a word, such as a genre.")
    return found


def _short(word: str) -> str:
    return word if len(word) <= 30 else word[:29] + "…"


def _looked_at(pixels: np.ndarray, who: Sequence[Entry]) -> None:
    """The picture as models see it, and what they learned to see."""
    learned = next(entry.card.details["pictures"] for entry in who if "picture" in kinds(entry.card))
    look, said = st.columns([1, 9], vertical_alignment="center")
    look.image(pixels, width=64)
    with said:
        st.caption(
            f"{picture.SEEN} They learned from pictures {escape(str(learned))}: a photograph is read as if it were one."
        )
        st.button("Take it away", type="tertiary", on_click=picture.forget, args=("prompt",))


def examples(data: Dataset) -> list[str]:
    """Prompts in the catalogue's own words."""
    memory = cached.memory(data, (("phrases", ""),))
    if "phrases" not in memory:
        tastes = [sample.title for sample in cached.samples(data)]
        memory["phrases"] = phrases.phrases(data.catalogue, tastes)
    return memory["phrases"]


def limited(data: Dataset, page: filters.Filters, reading: Reading) -> filters.Filters:
    """The filters of the page, and the years that the words name, unless somebody wants any year."""
    if reading.years is None or data.catalogue.years() is None:
        return page
    years = filters.span_text(reading.years)
    with st.container(horizontal=True, vertical_alignment="center", gap="medium"):
        st.caption(f"‘{escape(reading.said)}’ is read as years, and the lists keep to {years}.", width="content")
        anyway = view.switch("anyyear", "Any year", help="Models that read words know no years.")
    return page if anyway else filters.with_own(data, page, None, None, None, reading.years)


def of(data: Dataset, reader: Entry, typed: str) -> Prompt:
    """A prompt that nobody typed."""
    return Prompt(typed, read(typed, cached.vocabulary(data, reader.card.item_tower)), None)
