"""Streamlit on our app: python -m pages.parts.server --server.port=8501

Streamlit takes a folder named pages/ for its own older kind of pages until the first script ran, and answers the very
first visitor who comes by a deep link with "Page not found". Here it is told beforehand; and what pages import is
loaded before anybody comes, not while the first visitor waits.
"""

import importlib
import logging
import sys
import threading
from contextlib import suppress
from pathlib import Path

from streamlit.runtime.pages_manager import PagesManager
from streamlit.web.cli import main

from zoo.errors import ZooError
from zoo.significance import LARGE

APP = Path(__file__).resolve().parents[2] / "streamlit_app.py"
NO_RUNTIME = "No runtime found"  # what Streamlit warns of where a cached function is defined before it serves
FIRST_PAGE = 3.0  # seconds that are left to starting, and to whoever opens the first page at once
MOST_AHEAD = 8  # data sets, which stay in memory as those that visitors open do


def preload() -> None:
    logger = logging.getLogger("streamlit.runtime.caching.cache_data_api")
    logger.addFilter(lambda record: NO_RUNTIME not in record.getMessage())
    for part in ("frame", "lists", "panels", "overlap", "cards", "bulk"):
        importlib.import_module(f"pages.parts.{part}")


def draw_ahead() -> None:
    """Compares the models, as the Leaderboard opens and then for every length of the lists, so that nobody waits."""
    from pages.parts import cached, measured

    for k in (None, *measured.KS):
        for name in cached.zoo().datasets()[:MOST_AHEAD]:
            with suppress(ZooError):  # a page says it, to whoever can mend it
                data = cached.dataset(name)
                if k is None or data.info.n_test_users < LARGE:  # of more, counting takes long and memory
                    measured.draw_ahead(data, k)


if __name__ == "__main__":
    preload()
    later = threading.Timer(FIRST_PAGE, draw_ahead)
    later.daemon = True
    later.start()
    PagesManager.uses_pages_directory = False
    sys.argv = ["streamlit", "run", str(APP), *sys.argv[1:]]
    main()
