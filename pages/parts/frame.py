"""What stands around every page: the data set, the headline, the designed empty and error states."""

import logging
import re
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import NoReturn

import streamlit as st
from streamlit.navigation.page import Page
from streamlit.runtime.scriptrunner import RerunException, StopException

from pages.parts import access, address, cached, clicks, elsewhere, held, own, share, state
from pages.parts.component import WEB
from zoo import telemetry
from zoo.dataset import Dataset
from zoo.errors import ZooError
from zoo.roles import NoAccess, Role

requests = logging.getLogger("menagerie.request")
PUNCTUATION = re.compile(r"([!-/:-@\[-`{-~])")  # ASCII's: each may begin markdown, a directive, a formula or a link
PAGES = {  # where a click may lead
    "compare": "pages/try/compare.py",
    "what-if": "pages/try/what_if.py",
    "leaderboard": "pages/measure/leaderboard.py",
    "segments": "pages/measure/segments.py",
    "catalogue": "pages/measure/catalogue.py",
    "similar": "pages/inside/similar.py",
    "latent": "pages/inside/latent.py",
}


class PageEnds(Exception):
    """A page has said all that it has to say."""


def end() -> NoReturn:
    """End a page early. After st.stop() nothing more would be sent, the address neither."""
    raise PageEnds


def run(page: Page) -> None:
    """Run a page between reading and writing the address; what the visitor can mend is shown as its sentence, here."""
    state.keep("page", page.title.lower())
    state.keep("path", page.url_path)
    st.html(WEB / "page.css")
    if access.enter():
        with _watched(page.url_path or "recommend"):
            _draw(page)


def _draw(page: Page) -> None:
    access.who()
    held.leave(page.url_path)
    clicks.listen()
    if going := state.session().going:
        state.session().going = None
        if going in PAGES:
            st.switch_page(PAGES[going])
    state.session().viewed = set()
    with show_errors():
        if not access.may_open(page.url_path):
            st.markdown(f"# {page.title}")
        access.require_page(page.url_path)
        address.read()
        address.write(page.url_path, "address")  # before what was asked for: whoever sees that may go back at once
        address.notice()
        share.button()
        with suppress(PageEnds):  # a page that ends early has an address too
            page.run()
        state.session().linked = False
        address.note(page.url_path, follows=state.session().answering)
        state.session().answering = False
        address.write(page.url_path, "address-after")  # what this page's widgets changed


@contextmanager
def _watched(page: str) -> Iterator[None]:
    """Tells telemetry and the log how long a run took, and how it ended; a fault of ours goes on to Streamlit."""
    began, status = time.perf_counter(), "failed"
    try:
        yield
        status = "ok"
    except (RerunException, StopException):
        status = "broken off"  # by the next click, or for another page
        raise
    finally:
        seconds = time.perf_counter() - began
        telemetry.count("pages", page=page, status=status)
        telemetry.observe("page", seconds, page=page)
        requests.info("drawn", extra={"page": page, "milliseconds": round(seconds * 1000), "status": status})


@contextmanager
def show_errors() -> Iterator[None]:
    try:
        yield
    except NoAccess as refusal:
        telemetry.count("sentences", kind="NoAccess")
        st.info(escape(str(refusal)), title="Not open to you", icon=":material/lock:")
    except ZooError as error:
        telemetry.count("sentences", kind=type(error).__name__)
        st.error(escape(str(error)), title="This did not work")


def escape(text: str) -> str:
    """Text from a file, safe inside markdown.

    >>> escape("**a** :red[b] $c$")
    '\\\\*\\\\*a\\\\*\\\\* \\\\:red\\\\[b\\\\] \\\\$c\\\\$'
    """
    return PUNCTUATION.sub(r"\\\1", " ".join(text.split()))


def title(name: str, lead: str) -> None:
    st.markdown(f"# {name}\n\n{lead}")


def dataset() -> Dataset:
    """The data set chosen in the sidebar; where there is none, the page ends with the way to get one."""
    names = cached.zoo().datasets()
    if not names:
        if elsewhere.empty(cached.settings(), _why()):
            end()
        _empty(
            "The zoo is empty.",
            f"No data set was found in `{cached.settings().zoo}`. Train the models on a file:",
            "all",
        )
    with st.sidebar:
        name = _pick(names)
        data = cached.dataset(name)
        info = data.info
        _elsewhere()
        if own.is_own(data.path):
            st.caption(":material/lock: Yours, this session only")
        people = "simulated viewers" if info.simulated else "people"
        st.caption(
            f"{info.n_users:,} {people} · {info.n_items:,} items · {info.n_interactions:,} choices",
            help="Counted after the rules of the data set were applied (threshold, least activity).",
        )
        if info.notice:
            st.caption(escape(info.notice))
    if info.simulated:
        st.caption(f"{escape(name)} · simulated viewers", help=escape(info.notice) if info.notice else None)
    if not data.model_names():
        if elsewhere.empty(cached.settings(), _why()):
            end()
        _empty(f"{escape(name)} has no models yet.", "The data is there; train models on it:", "all")
    return data


def _elsewhere() -> None:
    """What is to be said of a zoo that lies elsewhere; why, to whoever can mend it."""
    why = _why()
    said = elsewhere.sentence(cached.settings()) or ("Not all of the zoo could be fetched." if why else None)
    if said:
        st.caption(said, help=why or None)


def _why() -> str:
    why = elsewhere.details(cached.settings()) if access.role() == Role.OPERATOR else []
    return "\n\n".join(map(escape, why))


def _pick(names: list[str]) -> str:
    if state.kept("dataset") not in names:
        state.keep("dataset", names[0])
    if len(names) == 1:
        st.markdown(f"**{escape(own.called(names[0]))}**")
        return names[0]
    before = state.kept("dataset")
    name = state.shared(
        "dataset",
        before,
        lambda value, key: st.selectbox("Data set", names, names.index(value), key=key, format_func=own.called),
    )
    if name != before:
        state.leave_view()
        st.toast(f"A taste belongs to one catalogue: you start anew in {escape(name)}. The other one is kept.")
    return name


def _empty(what: str, why: str, models: str) -> None:
    with st.container(border=True):
        st.markdown(f"## {what}\n\n{why}")
        st.code(f"menagerie train {models} --data FILE --out {cached.settings().zoo}", language="sh")
        st.caption(
            "FILE: interactions as CSV, TSV, Parquet or JSON Lines, with a column for the user and one for the item."
        )
    end()
