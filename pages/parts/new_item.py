"""An item that nobody has chosen yet: described in a form, placed by the models that read what an item is."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import polars as pl
import streamlit as st

from pages.parts import cached, picture, state
from pages.parts.cached import Entry
from pages.parts.items import Labels, genre_text
from zoo.catalogue import Catalogue
from zoo.content import Pictures
from zoo.dataset import Dataset
from zoo.ids import id_text
from zoo.items import described
from zoo.new_items import new_items

TITLE, TEXT = 300, 2000  # letters
YEARS = (-3000, 2100)


@dataclass(frozen=True, eq=False)
class Draft:
    """What was said of the item."""

    title: str
    description: str = ""
    by: str = ""
    genres: tuple[str, ...] = ()
    year: int | None = None
    pixels: np.ndarray | None = None  # uint8 [96, 64, 3]
    vectors: dict[str, np.ndarray] = field(default_factory=dict)  # float32 [K] by the checksum of the model

    def table(self, data: Dataset) -> pl.DataFrame:
        """One row, under an id that the catalogue does not have; what was not said is not in it."""
        number, ids = 1, set(id_text(data.catalogue.items["item_id"]))
        while f"new-{number}" in ids:
            number += 1
        said = {"description": self.description, "year": self.year}
        row = {"item_id": [f"new-{number}"], "title": [self.title]} | {
            name: [value] for name, value in said.items() if value
        }
        if self.genres:
            row["genres"] = [list(self.genres)]
        if self.by and data.catalogue.people_columns:
            row[data.catalogue.people_columns[0]] = [[name.strip() for name in self.by.split(",") if name.strip()]]
        return pl.DataFrame(row)

    def card(self, data: Dataset) -> dict:
        """As the cards of the catalogue show theirs; its poster is drawn among them."""
        ids = id_text(data.catalogue.items["item_id"]).alias("item_id")
        item = described(self.table(data)).with_columns(n_users=pl.lit(0, pl.Int64))
        everything = pl.concat([data.catalogue.items.with_columns(ids), item], how="diagonal_relaxed")
        return Labels(Catalogue(everything)).card(len(data.catalogue)) | {"id": -1}


def drafted(data: Dataset) -> Draft | None:
    return state.kept(f"draft-{data.info.fingerprint}")


def form(data: Dataset, who: Sequence[Entry]) -> None:
    """What is known of it. Only what some model reads is asked for."""
    read = {column for entry in who for column in entry.card.item_tower.text}
    held = drafted(data) or Draft("")
    turn = f"{data.info.fingerprint[:8]}-{state.kept('forgotten-draft', 0)}"
    with st.form(f"draft-{turn}"):
        title = st.text_input("Title", held.title, max_chars=TITLE, key=f"draft-title-{turn}")
        description = by = ""
        if "description" in read:
            description = st.text_area(
                "Description", held.description, max_chars=TEXT, height=90, key=f"draft-text-{turn}"
            )
        with st.container(horizontal=True, vertical_alignment="bottom"):
            genres = _genres(data, held, turn)
            if people := [name for name in data.catalogue.people_columns[:1] if name in read]:
                by = st.text_input(f"{genre_text(people[0])} (commas between)", held.by, key=f"draft-by-{turn}")
            year = st.number_input(
                "Year", *YEARS, value=held.year, step=1, format="%d", key=f"draft-year-{turn}", width=140
            )
        pixels = None
        if any(entry.card.reads_pictures for entry in who):
            pixels = picture.ask("A picture (without one, a poster is drawn)", "draft")
        if st.form_submit_button("Place it in the catalogue", type="primary"):
            if title.strip():
                made = Draft(title.strip(), description.strip(), by.strip(), tuple(genres), year, pixels)
                state.keep(f"draft-{data.info.fingerprint}", made)
                st.rerun()  # the form folds itself up
            else:
                st.error("Give it a title: the models have to know something of it.")


def _genres(data: Dataset, held: Draft, turn: str) -> list[str]:
    known = data.catalogue.genres()
    if not known:
        return []
    return st.multiselect("Genres", known, list(held.genres), format_func=genre_text, key=f"draft-genres-{turn}")


def forget(data: Dataset) -> None:
    state.keep(f"draft-{data.info.fingerprint}", None)
    state.keep("forgotten-draft", state.kept("forgotten-draft", 0) + 1)
    picture.forget("draft")


def embedded(data: Dataset, entry: Entry, draft: Draft) -> np.ndarray:
    """The item as one model reads it, float32 [K]; read once."""
    if entry.checksum not in draft.vectors:
        looks = None if draft.pixels is None else Pictures(draft.pixels[None], np.ones(1, dtype=bool))
        found = new_items(draft.table(data), cached.model(data, entry), data.catalogue, looks, called="The form")
        draft.vectors[entry.checksum] = found.embeddings[0]
    return draft.vectors[entry.checksum]
