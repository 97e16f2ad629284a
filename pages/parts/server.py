"""Streamlit on our app: python -m pages.parts.server --server.port=8501

Streamlit takes a folder named pages/ for its own older kind of pages until the first script ran, and answers the very
first visitor who comes by a deep link with "Page not found". Here it is told beforehand.
"""

import sys
from pathlib import Path

from streamlit.runtime.pages_manager import PagesManager
from streamlit.web.cli import main

APP = Path(__file__).resolve().parents[2] / "streamlit_app.py"


if __name__ == "__main__":
    PagesManager.uses_pages_directory = False
    sys.argv = ["streamlit", "run", str(APP), *sys.argv[1:]]
    main()
