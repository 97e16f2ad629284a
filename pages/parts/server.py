"""Streamlit on our app: python -m pages.parts.server --server.port=8501

Streamlit takes a folder named pages/ for its own older kind of pages until the first script ran, and answers the very
first visitor who comes by a deep link with "Page not found". Here it is told beforehand; and what pages import is
loaded before anybody comes, not while the first visitor waits.
"""

import importlib
import logging
import sys
from pathlib import Path

from streamlit.runtime.pages_manager import PagesManager
from streamlit.web.cli import main

APP = Path(__file__).resolve().parents[2] / "streamlit_app.py"
NO_RUNTIME = "No runtime found"  # what Streamlit warns of where a cached function is defined before it serves


def preload() -> None:
    logger = logging.getLogger("streamlit.runtime.caching.cache_data_api")
    logger.addFilter(lambda record: NO_RUNTIME not in record.getMessage())
    for part in ("frame", "lists", "panels", "overlap", "cards", "bulk"):
        importlib.import_module(f"pages.parts.{part}")


if __name__ == "__main__":
    preload()
    PagesManager.uses_pages_directory = False
    sys.argv = ["streamlit", "run", str(APP), *sys.argv[1:]]
    main()
