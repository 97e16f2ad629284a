"""What stands around the pages when they are served: routes, headers, places, log. streamlit_app.py asks for it.

However the app is started, by `menagerie serve`, by `streamlit run streamlit_app.py` or by another ASGI server, it is
the same app: Streamlit finds it in that file.
"""

import asyncio
import ctypes
import gc
import importlib
import importlib.util
import os
import sys
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from typing import Any

import streamlit as st
from starlette.middleware import Middleware
from streamlit.runtime.pages_manager import PagesManager

from pages.parts import callbacks, faults, headers, held, leaving, loading, logs, metrics, visitors
from zoo.errors import ZooError
from zoo.settings import Settings

FIRST_PAGE = 3.0  # seconds that are left to whoever opens the first page at once
TIDY = 10.0  # seconds between two searches for garbage
MOST_AHEAD = 8  # data sets, which stay in memory as those that visitors open do
OIDC = {  # where there is no .streamlit/secrets.toml, from the environment
    "OIDC_REDIRECT_URI": "redirect_uri",
    "OIDC_COOKIE_SECRET": "cookie_secret",
    "OIDC_CLIENT_ID": "client_id",
    "OIDC_CLIENT_SECRET": "client_secret",
    "OIDC_SERVER_METADATA_URL": "server_metadata_url",
}


def options() -> dict[str, Any]:
    """What `st.App` is made with; settings that cannot be read, or do not go together, end the process here."""
    secrets = from_environment(os.environ)
    try:
        settings = Settings.from_environment()
        if settings.sign_in:
            check_sign_in(secrets)
    except ZooError as error:
        sys.exit(f"error: {error}")
    logs.set_up(settings.log)
    held.bound(settings.upload_bytes)
    callbacks.done_whole()
    _no_folder_of_pages()
    return {
        "routes": metrics.ROUTES,
        "middleware": [
            Middleware(headers.Headers),
            Middleware(metrics.Guard),
            Middleware(visitors.Visitors, places=lambda: Settings.from_environment().sessions),
        ],
        "lifespan": _lifespan,
        "on_script_error": faults.show,
        "secrets": secrets,
    }


def from_environment(environment: Mapping[str, str]) -> dict[str, Any] | None:
    """Secrets of the sign-in, as Streamlit wants them; None where the environment holds none."""
    found = {key: environment[name] for name, key in OIDC.items() if environment.get(name, "").strip()}
    return {"auth": found} if found else None


def check_sign_in(secrets: Mapping[str, Any] | None) -> None:
    """Refuses a sign-in that cannot work.

    Raises
    ------
    ZooError that says what is missing
    """
    if importlib.util.find_spec("authlib") is None:
        raise ZooError("MENAGERIE_SIGN_IN is on, but Authlib is missing. Install it: pip install -e '.[cpu,sign-in]'.")
    with suppress(FileNotFoundError):
        secrets = secrets or st.secrets.to_dict()
    auth = (secrets or {}).get("auth", {})
    missing = [f"{name} ({key})" for name, key in OIDC.items() if not auth.get(key)]
    if missing:
        raise ZooError(
            f"MENAGERIE_SIGN_IN is on, but {', '.join(missing)} is missing. Set it in the environment, or as [auth] in "
            ".streamlit/secrets.toml."
        )


def _no_folder_of_pages() -> None:
    """Streamlit takes a folder named pages/ for its own older kind of pages until the first script ran, and answers the
    very first visitor who comes by a deep link with "Page not found"; here it is told beforehand.
    """
    PagesManager.uses_pages_directory = False


def _load() -> None:
    """What pages import, before anybody's script runs; and what is there then stays: whoever looks for garbage need not
    look through it. Before anybody comes, for what a visitor left in a circle would never be found again.
    """
    gc.disable()  # as from the first line on where pages/parts/server.py serves
    try:
        for part in ("frame", "lists", "panels", "memo", "why", "overlap", "cards", "bulk"):
            importlib.import_module(f"pages.parts.{part}")
        gc.freeze()
    finally:
        gc.enable()


def _read_ahead() -> None:
    """What the first page shows; then what others will, on the thread that loaded the pages."""
    from pages.parts import cached, levels, own

    levels.tell()
    with suppress(ZooError, OSError):  # a page says it, to whoever can mend it
        if names := cached.zoo().datasets():
            data = cached.dataset(names[0])
            cached.entries(data)
            cached.samples(data)
    own.begin()
    time.sleep(FIRST_PAGE)
    draw_ahead()


async def _tidy() -> None:
    """Now and then, in place of after every run: that took a run longer the more visitors there were. What was freed
    goes back to the system, where the C library can be told (glibc): the app's peak was some 30 MB lower."""
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None) if sys.platform == "linux" else None
    while True:
        await asyncio.sleep(TIDY)
        gc.collect()
        if trim is not None:
            trim(0)


@asynccontextmanager
async def _lifespan(app: st.App) -> AsyncIterator[None]:
    loading.begin(_load, _read_ahead)
    watching, tidying = asyncio.create_task(leaving.watch()), asyncio.create_task(_tidy())
    yield
    watching.cancel()
    tidying.cancel()


def draw_ahead() -> None:
    """Compares the models, as the Leaderboard opens and then for every length of the lists, so that nobody waits."""
    from pages.parts import cached, measured
    from zoo.significance import LARGE

    for k in (None, *measured.KS):
        for name in cached.zoo().datasets()[:MOST_AHEAD]:
            with suppress(ZooError):  # a page says it, to whoever can mend it
                data = cached.dataset(name)
                if k is None or data.info.n_test_users < LARGE:  # of more, counting takes long and memory
                    measured.draw_ahead(data, k)
