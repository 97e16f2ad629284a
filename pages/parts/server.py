"""Streamlit on our app: python -m pages.parts.server --server.port=8501

As `streamlit run streamlit_app.py`, which serves the same app (pages/parts/asgi.py), but with a log of one form from
its first line on, and without the name of the web server in every answer. `menagerie serve` becomes this.
"""

import sys
from pathlib import Path
from typing import Any

from streamlit.web import cli
from streamlit.web.server.starlette import starlette_server

from pages.parts import logs
from zoo import serving
from zoo.errors import ZooError
from zoo.settings import Settings

APP = Path(__file__).resolve().parents[2] / "streamlit_app.py"
UVICORN = {
    "server_header": False,
    "log_config": None,  # ours stands already
    "timeout_graceful_shutdown": 5,  # seconds that open connections have when the server is told to stop
}
_of_streamlit = starlette_server._get_uvicorn_config_kwargs


def main(given: list[str]) -> None:
    """given : options of Streamlit, and `--say=` what to print first. Settings that cannot be read end it here."""
    try:
        logs.set_up(Settings.from_environment().log)
    except ZooError as error:
        sys.exit(f"error: {error}")
    for option in given:
        if option.startswith(serving.SAY):
            _greet(option.removeprefix(serving.SAY))
    starlette_server._get_uvicorn_config_kwargs = _with_ours
    sys.argv = ["streamlit", "run", str(APP), *(option for option in given if not option.startswith(serving.SAY))]
    cli.main()


def _greet(address: str) -> None:
    print(address, flush=True)
    if said := serving.empty(serving.folder()):
        print(said, file=sys.stderr, flush=True)


def _with_ours() -> dict[str, Any]:
    return _of_streamlit() | UVICORN


if __name__ == "__main__":
    main(sys.argv[1:])
