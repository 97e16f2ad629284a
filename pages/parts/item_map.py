"""All items, or people, on one map of a model: like lies beside like, and a box drawn on it tells who is in there."""

import re
from dataclasses import dataclass

import numpy as np
import streamlit as st

from pages.parts import cached, charts, in_box, map_colours, similar, state, view
from pages.parts.items import readable
from pages.parts.map_colours import Colours, Group
from pages.parts.similar import Source
from zoo.dataset import Dataset
from zoo.item_map import neighbour_map

LAYOUTS = {"axes": "Principal axes", "near": "Neighbours"}
DOTS = {"items": "Items", "people": "People"}
MOST_PEOPLE = 2000  # on one map
AT_ONCE = 256  # people whose answers are held at a time
STEP = 0.05  # of the sliders
REACH = 1.05  # of both axes, from the middle
NUMBER = r"-?\d\.\d{1,3}"
BOX = re.compile(rf"({NUMBER})~({NUMBER})~({NUMBER})~({NUMBER})", re.ASCII)
Box = tuple[float, float, float, float]  # x from, to, y from, to


@dataclass(frozen=True, eq=False)
class Dots:
    """What is drawn: items by their columns, or people by their rows of the test fold."""

    what: str  # "items", "people"
    who: np.ndarray  # int64 [n]
    places: np.ndarray  # float32 [n, 2] in -1..1 or a little beyond
    texts: list[str]  # what each is called


def show(data: Dataset) -> None:
    with st.container(horizontal=True, vertical_alignment="bottom", gap="medium"):
        of = similar.pick_one(data)
        if of is None or data.info.n_items < 3:
            st.info("A map needs three items or more, and a model that ties them.")
            return
        layout = view.one("layout", "Drawn by", LAYOUTS, "axes", segments=True)
        options = DOTS if layout == "axes" and _has_people(data, of) else {"items": "Items"}
        what = view.one("dots", "Dots", options, "items", segments=True) if len(options) > 1 else "items"
    with st.container(horizontal=True, vertical_alignment="bottom", gap="medium"):
        colours = map_colours.pick(data, what)
    _forget_box_of_others((data.info.fingerprint, of.entry.name, of.way, layout, what))
    items, explained = _items(data, of, layout)
    dots = _people(data, of) if what == "people" else items
    box = _box()
    _draw(data, of, dots, items, colours, box)
    st.caption(_sentence(data, of, dots, layout, explained))
    box = _sliders(box)
    if box is not None:
        st.button("No box", on_click=lambda: state.show({"box": ""}), icon=":material/undo:")
        in_box.show(data, dots.what, dots.who, inside(dots.places, box))


def inside(places: np.ndarray, box: Box) -> np.ndarray:
    """bool [n], who lies in it, edges included."""
    x, y = places[:, 0], places[:, 1]
    return (x >= box[0]) & (x <= box[1]) & (y >= box[2]) & (y <= box[3])


def _has_people(data: Dataset, of: Source) -> bool:
    return len(data.test) > 0 and of.entry.card.about.serves_new_profiles


def _items(data: Dataset, of: Source, layout: str) -> tuple[Dots, float]:
    """Every item, and the share of the distances that the map shows (of principal axes)."""
    kept = similar.similar(data, of)
    if layout == "near":
        places = _neighbours(str(data.path), data.info.fingerprint, of.entry.checksum, of.way, data, of)
    else:
        places = kept.places / _scale(kept.places)
    texts = _names(str(data.path), cached.described(data), data)
    return Dots("items", np.arange(data.info.n_items), places, texts), kept.explained


@st.cache_resource(show_spinner=False, max_entries=8)
def _names(path: str, fingerprint: str, _data: Dataset) -> list[str]:
    items = _data.catalogue.items.select("item_id", "title").rows()
    return [charts.plain(f"Item {one}" if title == str(one) else readable(title)[0]) for one, title in items]


@st.cache_resource(show_spinner="Drawing the map; once for all visitors …", max_entries=32)
def _neighbours(path: str, fingerprint: str, checksum: str, way: str, _data: Dataset, _of: Source) -> np.ndarray:
    return neighbour_map(similar.similar(_data, _of).leads_to)


def _people(data: Dataset, of: Source) -> Dots:
    who, places = _people_places(str(data.path), data.info.fingerprint, of.entry.checksum, of.way, data, of)
    ids = data.users["user_id"].gather(data.test.user_idx[who]).to_list()
    name = "Simulated viewer" if data.info.simulated else "User"
    return Dots("people", who, places, [charts.plain(f"{name} {one}") for one in ids])


@st.cache_resource(show_spinner="Placing people on the map; once for all visitors …", max_entries=32)
def _people_places(
    path: str, fingerprint: str, checksum: str, way: str, _data: Dataset, _of: Source
) -> tuple[np.ndarray, np.ndarray]:
    """Rows of the test fold, and where they lie among the items: by the answer to their fold-in."""
    kept, asked, fold = similar.similar(_data, _of), similar.likeness(_data, _of), _data.test
    who = np.sort(np.random.default_rng(0).permutation(len(fold))[:MOST_PEOPLE])
    parts = [who[start : start + AT_ONCE] for start in range(0, len(who), AT_ONCE)]
    places = np.concatenate([kept.place(asked.of_people(fold.fold_in[rows])) for rows in parts])
    return who, places / _scale(kept.places)


def _scale(places: np.ndarray) -> float:
    """Both axes by the same, so that distances stay what they are."""
    return float(np.abs(places).max(initial=0.0)) or 1.0


def _draw(data: Dataset, of: Source, dots: Dots, items: Dots, colours: Colours, box: Box | None) -> None:
    traces = [_behind(items)] if dots.what == "people" else []
    for group in colours.groups:
        rows = np.flatnonzero(group.of(dots.who))
        if len(rows):
            traces.append(_marks(dots, rows, group, colours))
    axis = {"showticklabels": False, "showgrid": False, "zeroline": True, "range": [-REACH, REACH]}
    layout = {
        "xaxis": charts.axis("", **axis),
        "yaxis": charts.axis("", **axis),
        "showlegend": len(colours.groups) > 1,
        "selectdirection": "any",
        "shapes": [] if box is None else [_outline(box)],
        "newselection": {"line": {"color": charts.of_theme(charts.TEXT), "width": 1, "dash": "dot"}},
    }
    key = f"map-{view.key_of('box')}"
    alt = f"Map of {len(dots.who):,} {dots.what} under {of.entry.title}, coloured by {colours.title}"
    charts.show(key, traces, layout, height=620, alt=alt, select="box", on_select=lambda: _choose(key))


def _behind(items: Dots) -> charts.Trace:
    """Where the items lie, in grey behind people."""
    x, y = items.places.T.round(4).tolist()
    grey = {"color": charts.of_theme(charts.MUTED), "size": 3, "opacity": 0.25}
    dots = {"type": "scattergl", "mode": "markers", "x": x, "y": y, "marker": grey}
    return dots | {"hoverinfo": "skip", "name": "items"}


def _marks(dots: Dots, rows: np.ndarray, group: Group, colours: Colours) -> charts.Trace:
    """Those of one colour. rows : int64, of `dots`"""
    x, y = dots.places[rows].T.round(4).tolist()
    told = colours.told(dots.who[rows])
    size = 4 if len(dots.who) > 4000 else 6
    return {
        "type": "scattergl",
        "mode": "markers",
        "name": group.name,
        "x": x,
        "y": y,
        "customdata": [[dots.texts[row], text] for row, text in zip(rows.tolist(), told, strict=True)],
        "hovertemplate": "%{customdata[0]}<br>%{customdata[1]}<extra></extra>",
        "marker": {"size": size, "opacity": 0.8} | group.marker(dots.who[rows]),
        "unselected": {"marker": {"opacity": 0.8}},
    }


def _outline(box: Box) -> dict:
    line = {"color": charts.of_theme(charts.TEXT), "width": 1.5}
    return {"type": "rect", "x0": box[0], "x1": box[1], "y0": box[2], "y1": box[3], "line": line}


def _sentence(data: Dataset, of: Source, dots: Dots, layout: str, explained: float) -> str:
    what = f"{len(dots.who):,} {dots.what}"
    if dots.what == "people" and len(dots.who) < len(data.test):
        what = f"{len(dots.who):,} of {len(data.test):,} test users, drawn by chance"
    if layout == "near":
        how = "Items that lead to each other are near; distances further off mean little."
    else:
        share = f"{100 * explained:.0f} % of all differences"
        how = f"The two directions in which {of.entry.title}'s answers differ most: {share}."
        if dots.what == "people":
            how += " A person lies where the answer to their history points; the items are grey."
    return f"{similar.escape(what)}. {similar.escape(how)} Drag a box over the map: what is in there?"


def _box() -> Box | None:
    """The box of the address; None without one, or where it is none."""
    text = view.get("box")
    found = BOX.fullmatch(text)
    box = tuple(float(one) for one in found.groups()) if found else None
    if text and (box is None or not (box[0] < box[1] and box[2] < box[3])):
        view.misfit("box")
        return None
    return box


def _forget_box_of_others(drawn_on: tuple[str, ...]) -> None:
    """A box belongs to the map that it was drawn on: on another one, other things lie there."""
    before = state.kept("box-of")
    if view.get("box") and before not in (None, drawn_on) and not state.session().linked:
        state.show({"box": ""})
    state.keep("box-of", drawn_on)


def _choose(key: str) -> None:
    """What was dragged over becomes the box; a click beside it takes it back."""
    boxes = st.session_state[key].selection.box
    state.show({"box": _text(*sorted(boxes[0]["x"]), *sorted(boxes[0]["y"])) if boxes else ""})


def _text(*ends: float) -> str:
    """
    >>> _text(-0.25, 0.5, -2.0, 1.0)
    '-0.250~0.500~-1.050~1.000'
    """
    return "~".join(f"{min(max(end, -REACH), REACH):.3f}" for end in ends)


def _sliders(box: Box | None) -> Box | None:
    """The same box by keyboard and thumb."""
    now = box or (-REACH, REACH, -REACH, REACH)
    with st.expander("Set the box without dragging"):
        keys = [f"{axis}-{view.key_of('box')}" for axis in "xy"]

        def move() -> None:
            (left, right), (low, high) = (st.session_state[key] for key in keys)
            whole = max(left, low) <= -REACH and min(right, high) >= REACH
            state.show({"box": "" if whole or left >= right or low >= high else _text(left, right, low, high)})

        names = ("Left to right", "Bottom to top")
        for name, key, ends in zip(names, keys, (now[:2], now[2:]), strict=True):
            st.slider(name, -REACH, REACH, ends, STEP, format="%.2f", key=key, on_change=move)
    return box
