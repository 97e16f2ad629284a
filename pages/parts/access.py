"""Who the visitor is, what they may open, and the calm pages for whoever may not. The rules are in zoo/roles.py.

access.role()                      the visitor's role; None: they may not come in, or have not signed in yet
access.require(Role.ANALYST)       a `NoAccess` with its sentence, before something is done that the role forbids
"""

import streamlit as st
from streamlit.navigation.page import Page

from pages.parts import cached
from pages.parts.component import component
from zoo.roles import NoAccess, Role, is_closed, role_of

_door = component("door")
LEAST = {"model": Role.ANALYST, "train": Role.ANALYST, "operate": Role.OPERATOR}  # the others: whoever may come in


def page(path: str, title: str, *, url: str | None = None, default: bool = False) -> Page:
    """A page of the navigation; hidden from whom it would refuse. path : "try/compare" for pages/try/compare.py"""
    url = url or path.rpartition("/")[2]
    shown = "visible" if may_open(url) else "hidden"
    return st.Page(f"pages/{path}.py", title=title, url_path=url, default=default, visibility=shown)


def role() -> Role | None:
    return role_of(st.user.to_dict() if _signed_in() else None, cached.settings())


def _signed_in() -> bool:
    return cached.settings().sign_in and st.user.get("is_logged_in") is True


def may_open(url: str) -> bool:
    mine = role()
    return mine is not None and mine >= LEAST.get(url, Role.VIEWER) and not is_closed(url, cached.settings())


def require(least: Role) -> None:
    """Before anything is done, not only before it is drawn: a session may outlive the page that it was offered on.

    Raises
    ------
    NoAccess where the visitor's role does not reach
    """
    mine = role()
    if mine is None:
        raise NoAccess("Sign in first: only people whom this server knows may do this.")
    if mine < least:
        raise NoAccess(f"This needs the role of {_a(least)}; yours is {mine.title}. {_whom_to_ask()}")


def require_page(url: str) -> None:
    """The same for a page, which may be closed to everybody.

    Raises
    ------
    NoAccess
    """
    require(LEAST.get(url, Role.VIEWER))
    if is_closed(url, cached.settings()):
        raise NoAccess("This page is closed on this server. The others are open.")


def _a(least: Role) -> str:
    return f"{'a' if least is Role.VIEWER else 'an'} {least.title}"


def _whom_to_ask() -> str:
    if cached.settings().sign_in:
        return "Whoever runs this server can give it to you."
    return "Nobody can sign in on this server, so everybody here is a viewer."


def enter() -> bool:
    """Whether the visitor may come in at all; for whom may not, the page that says so is drawn."""
    if role() is not None:
        return True
    if _signed_in():
        _no_access()
    else:
        _sign_in()
    return False


def _sign_in() -> None:
    with st.container(width=520):
        st.markdown("# Menagerie\n\nA zoo of recommenders, to try, question and compare.")
        st.button("Sign in", type="primary", icon=":material/login:", on_click=st.login)
        st.caption(
            "You sign in where your organisation keeps its accounts, and come back here. Of that account this server "
            "takes your address and role, to know what you may open; it keeps no record of them."
        )
        _door(key="door", data={"closed": True})


def _no_access() -> None:
    with st.container(width=520):
        st.markdown(
            "# No access\n\nYou are signed in, but this server was not told to let your account in. Whoever runs it "
            "can add your address, or you sign in with another account."
        )
        st.button("Sign out", icon=":material/logout:", on_click=st.logout)


def who() -> None:
    """In the sidebar: as what the visitor is here, and the way out. Nothing where nobody signs in."""
    if not _signed_in() or (mine := role()) is None:
        return
    with st.sidebar, st.container(horizontal=True, vertical_alignment="center"):
        st.caption(f"Signed in · {mine.title}")
        st.button("Sign out", type="tertiary", icon=":material/logout:", on_click=st.logout, key="sign-out")
    _door(key="door", data={"closed": False})
