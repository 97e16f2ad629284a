"""Streamlit on our app: python -m pages.parts.server --server.port=8501

As `streamlit run streamlit_app.py`, which serves the same app (pages/parts/asgi.py), but with a log of one form from
its first line on, and without the name of the web server in every answer.
"""

import sys
from pathlib import Path
from typing import Any

from streamlit.web.cli import main
from streamlit.web.server.starlette import starlette_server

from pages.parts import logs
from zoo.errors import ZooError
from zoo.settings import Settings

APP = Path(__file__).resolve().parents[2] / "streamlit_app.py"
UVICORN = {
    "server_header": False,
    "log_config": None,  # ours stands already
    "timeout_graceful_shutdown": 5,  # seconds that open connections have when the server is told to stop
}
_of_streamlit = starlette_server._get_uvicorn_config_kwargs


def _with_ours() -> dict[str, Any]:
    return _of_streamlit() | UVICORN


if __name__ == "__main__":
    try:
        logs.set_up(Settings.from_environment().log)
    except ZooError as error:
        sys.exit(f"error: {error}")
    starlette_server._get_uvicorn_config_kwargs = _with_ours
    sys.argv = ["streamlit", "run", str(APP), *sys.argv[1:]]
    main()
