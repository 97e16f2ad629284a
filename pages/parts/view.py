"""What a page under Measure shows: each setting is a widget, and part of the address.

A setting is a text under a name of `link.VIEW`; the usual one is not written down. A click in a component changes it
too (`state.show`): its widget is made anew then, because Streamlit's would say its old value again.
"""

import re
from collections.abc import Callable, Mapping, Sequence

import streamlit as st

from pages.parts import state

NUMBER = re.compile(r"\d{1,3}(\.\d{1,4})?", re.ASCII)  # as an address may hold it


def get(name: str) -> str:
    """What is set, "" for the usual."""
    mine = state.session()
    mine.viewed.add(name)
    return mine.view.get(name, "")


def put(name: str, text: str) -> None:
    """Sets it for this run and those that follow; "" is the usual. The widget that was asked keeps its place."""
    mine = state.session()
    mine.viewed.add(name)
    mine.view[name] = text
    mine.view = {name: text for name, text in mine.view.items() if text}


def one(
    name: str,
    label: str,
    options: Mapping[str, str],
    usual: str,
    *,
    segments: bool = False,
    help: str | None = None,
) -> str:
    """One of several; options : what it is in the address -> what stands in the widget."""
    values = list(options)

    def widget(value: str, key: str) -> str:
        if segments:
            return st.segmented_control(
                label, values, default=value, required=True, format_func=options.__getitem__, key=key, help=help
            )
        return st.selectbox(
            label, values, values.index(value), format_func=lambda one: options.get(one, one), key=key, help=help
        )

    return _kept(name, usual, lambda text: text in options, widget)


def several(
    name: str, label: str, options: Mapping[str, str], usual: Sequence[str], *, most: int | None = None
) -> list[str]:
    """Some of several, at least one; in the order in which they were chosen."""
    values = list(options)

    def widget(text: str, key: str) -> str:
        chosen = [one for one in text.split(",") if one in options]
        return ",".join(
            st.multiselect(
                label, values, chosen, format_func=lambda one: options.get(one, one), key=key, max_selections=most
            )
        )

    def fits(text: str) -> bool:
        chosen = text.split(",")
        return all(one in options for one in chosen) and (most is None or len(chosen) <= most)

    return _kept(name, ",".join(usual), fits, widget).split(",")


def ladder(name: str, label: str, options: Mapping[str, str], usual: str, *, help: str | None = None) -> str:
    """One of several that have an order, as a slider; options : what it is in the address -> what stands there."""

    def widget(value: str, key: str) -> str:
        return st.select_slider(
            label, list(options), value, format_func=lambda one: options.get(one, one), key=key, help=help
        )

    return _kept(name, usual, lambda text: text in options, widget)


def switch(name: str, label: str, help: str | None = None) -> bool:
    """On or off; usually off."""
    on = _kept(
        name,
        "off",
        lambda text: text in ("on", "off"),
        lambda text, key: "on" if st.toggle(label, text == "on", key=key, help=help) else "off",
    )
    return on == "on"


def slider(
    name: str,
    label: str,
    usual: float = 0.0,
    *,
    high: float = 1.0,
    step: float = 0.05,
    help: str | None = None,
    on_change: Callable[[], None] | None = None,
) -> float:
    """A number from 0 to `high`, in steps; `on_change` is called when it was moved."""

    def widget(text: str, key: str) -> str:
        return _number(
            st.slider(label, 0.0, high, float(text), step, format="%.2f", key=key, help=help, on_change=on_change)
        )

    def fits(text: str) -> bool:
        if not NUMBER.fullmatch(text):
            return False
        steps = float(text) / step
        return float(text) <= high and abs(steps - round(steps)) < 1e-6

    return float(_kept(name, _number(usual), fits, widget))


def _number(value: float) -> str:
    """
    >>> _number(0.30000000000000004), _number(0.0), _number(1.0)
    ('0.3', '0', '1')
    """
    return f"{value:.4g}"


def misfit(name: str) -> None:
    """Says, where a link brought it, that something of it is not here."""
    if state.session().linked:
        st.info(
            f"Not everything in this link could be used: {name} did not fit this data set.", icon=":material/link_off:"
        )


def key_of(name: str) -> str:
    """The key of the widget of this setting: another one after a click, and for another data set."""
    mine = state.session()
    turn = mine.turns + mine.view_turns.get(name, 0)
    return f"{state.kept('page')}-view-{state.kept('dataset')}-{name}-{turn}"


def _kept(name: str, usual: str, fits: Callable[[str], bool], widget: Callable[[str, str], str]) -> str:
    text = get(name)
    if text and not fits(text):
        misfit(name)
        text = ""
    key = key_of(name)
    if key not in st.session_state:
        st.session_state[f"start-{key}"] = text or usual
    start = st.session_state.get(f"start-{key}", usual)
    found = widget(start if fits(start) else usual, key)
    found = found if found and fits(found) else usual
    put(name, "" if found == usual else found)
    return found
