"""A zoo that lies elsewhere, as a page sees it: the folder where it is kept, and what there is to say of it."""

import threading
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

import streamlit as st

from zoo.settings import Settings

if TYPE_CHECKING:  # at run time only where there is an address: it loads what speaks to web servers
    from zoo.remote.mirror import Mirror

_starting = threading.Lock()


def place(settings: Settings) -> Path:
    """The folder of the zoo that the settings name; one that lies elsewhere is followed from the first call on."""
    return settings.zoo if isinstance(settings.zoo, Path) else mirror(settings).root


def mirror(settings: Settings) -> "Mirror":
    with _starting:
        found = _mirror(settings)
        found.follow()
    return found


@lru_cache(maxsize=1)
def _mirror(settings: Settings) -> "Mirror":
    from zoo.remote.mirror import Mirror

    return Mirror(settings)


def sentence(settings: Settings) -> str | None:
    """What visitors should know: what is on its way, or that the address does not answer; None where all is well."""
    if isinstance(settings.zoo, Path):
        return None
    status = mirror(settings).status
    if status.problem:
        return "The zoo does not answer where it lies. What was fetched and checked before is shown."
    if status.waiting:
        return f"{status.waiting} more of the zoo on the way: they appear as they arrive."
    return None


def empty(settings: Settings, why: str) -> bool:
    """Draws the place of a zoo of which nothing has come yet; whether it is one that lies elsewhere.

    why : markdown for whoever can mend it; "" for others
    """
    if isinstance(settings.zoo, Path):
        return False
    status = mirror(settings).status
    with st.container(border=True):
        if status.problem:
            st.markdown("## The zoo does not answer.\n\nNothing was fetched before. It is asked every minute.")
        else:
            st.markdown("## The zoo is on its way.\n\nThe first models appear here in a moment.")
        if why:
            st.caption(why)
        st.button("Look again", icon=":material/refresh:")
    return True


def details(settings: Settings) -> list[str]:
    """What an operator should know: why the address could not be followed, and what was refused."""
    if isinstance(settings.zoo, Path):
        return []
    status = mirror(settings).status
    refused = [f"{what} was refused: {why}" for what, why in sorted(status.refused.items())]
    return ([status.problem] if status.problem else []) + refused
