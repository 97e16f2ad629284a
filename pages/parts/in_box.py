"""What lies in a box of the map: its genres against those of everything, and the items or people themselves."""

import numpy as np
import polars as pl
import streamlit as st

from pages.parts import cached, downloads, taste
from pages.parts.component import component
from pages.parts.frame import escape
from pages.parts.items import genre_text
from zoo.dataset import Dataset
from zoo.segments import REST

_shelf = component("shelf", "poster")
LISTED = 60  # on the page; the download has all
LEAST = 3  # items or people of a genre that say something
TOLD = 4  # genres in the sentence


def show(data: Dataset, what: str, who: np.ndarray, inside: np.ndarray) -> None:
    """what : "items" or "people"; who : int64 [n], columns or rows of the test fold; inside : bool [n]"""
    found = who[inside]
    st.markdown(f"## In the box: {len(found):,} of {len(who):,} {what}")
    if not len(found):
        st.info("Nothing lies there. Draw the box larger.")
        return
    if more := over_represented(*_genres(data, what, found, who)):
        told = ", ".join(
            f"{genre_text(genre)} {100 * here:.0f} % (of all {100 * all_:.0f} %)" for genre, here, all_ in more
        )
        st.markdown(f"**More than elsewhere:** {escape(told)}")
    if what == "items":
        _items(data, found)
    else:
        _people(data, found)


def over_represented(here: dict[str, float], everywhere: dict[str, float]) -> list[tuple[str, float, float]]:
    """(genre, share here, share of all), those first that exceed their share by most."""
    more = [(genre, share, everywhere[genre]) for genre, share in here.items() if share > everywhere[genre]]
    return sorted(more, key=lambda one: one[2] - one[1])[:TOLD]


def _genres(data: Dataset, what: str, found: np.ndarray, who: np.ndarray) -> tuple[dict[str, float], dict[str, float]]:
    """Share of the items that have a genre, or of the people whose history stands out by it: in the box, and of all."""
    if what == "items":
        counts = [data.catalogue.items["genres"].gather(rows).explode().drop_nulls() for rows in (found, who)]
    elif data.catalogue.genres():
        segments = cached.segments(data, "genres")
        counts = [
            pl.Series([segments.labels[at] for at in segments.of[rows].tolist() if at >= 0]) for rows in (found, who)
        ]
    else:
        return {}, {}
    here, everywhere = (dict(part.alias("genre").value_counts(name="n").rows()) if len(part) else {} for part in counts)
    shares = {genre: n / len(found) for genre, n in here.items() if n >= LEAST and genre != REST}
    return shares, {genre: n / len(who) for genre, n in everywhere.items()}


def _items(data: Dataset, found: np.ndarray) -> None:
    labels, items = cached.labels(data), data.catalogue.items
    known = labels.best_known(found.tolist())
    cards = [
        labels.card(item)
        | {
            "note": f"chosen by {items['n_users'][item]:,}",
            "event": {"kind": "view", "set": {"item": str(items["item_id"][item]), "see": ""}},
        }
        for item in known[:LISTED]
    ]
    _shelf(key="box-items", data={"of": data.info.fingerprint, "cards": cards})
    if len(known) > LISTED:
        st.caption(
            f"The {LISTED} that people chose most; the download has all of them. Press one for its nearest items."
        )
    else:
        st.caption("The most chosen first. Press one for its nearest items.")
    table = items.select("item_id", "title", "year", "n_users")[known]
    downloads.take_home(lambda: table, f"{data.name}-box")


def _people(data: Dataset, found: np.ndarray) -> None:
    fold, users = data.test, data.users
    n_items = np.diff(fold.fold_in.indptr)
    order = found[np.argsort(-n_items[found], kind="stable")]
    ids = users["user_id"].cast(pl.String).gather(fold.user_idx[order]).to_list()
    people = [
        {
            "id": name,
            "title": taste.called(data, name),
            "note": f"{n_items[row]:,} items known",
            "event": {"kind": "look", "id": int(fold.user_idx[row]), "go": "compare"},
        }
        for row, name in zip(order[:LISTED].tolist(), ids, strict=False)
    ]
    _shelf(key="box-people", data={"of": data.info.fingerprint, "people": people})
    st.caption("Who chose most first. Press one to see what each model shows them, on Compare.")
    table = pl.DataFrame({"user_id": users["user_id"].gather(fold.user_idx[order]), "n_items": n_items[order]})
    downloads.take_home(lambda: table, f"{data.name}-box")
