"""Streamlit on our app: python -m pages.parts.server --server.port=8501

As `streamlit run streamlit_app.py`, which serves the same app (pages/parts/asgi.py), but with a log of one form from
its first line on, without the name of the web server in every answer, and without what Streamlit does on its way to
the first page that this app has no use for. `menagerie serve` becomes this.
"""

import gc

if __name__ == "__main__":  # pages/parts/asgi.py turns it on again
    gc.disable()  # hardly anything of what is imported is garbage: to look for some took an eighth of the time

import socket
import sys
from pathlib import Path
from typing import Any

from streamlit import delta_generator
from streamlit.components.v2 import manifest_scanner
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
_bind = starlette_server._bind_socket


def main(given: list[str]) -> None:
    """given : options of Streamlit, and `--say=` what to print first. Settings that cannot be read end it here."""
    try:
        logs.set_up(Settings.from_environment().log)
    except ZooError as error:
        sys.exit(f"error: {error}")
    for option in given:
        if option.startswith(serving.SAY):
            _greet(option.removeprefix(serving.SAY))
    set_up()
    sys.argv = ["streamlit", "run", str(APP), *(option for option in given if not option.startswith(serving.SAY))]
    cli.main()


def set_up() -> None:
    starlette_server._get_uvicorn_config_kwargs = _with_ours
    starlette_server._bind_socket = _sending_at_once
    # It reads the metadata of every installed package, four times, for components that it may bring: 0.1 s, and all of
    # ours are in pages/parts/web
    manifest_scanner.scan_component_manifests = lambda max_workers=None: []
    # At the first command it reads the source of all callers, lest this be a Python prompt: 0.05 s of the first page
    delta_generator._use_warning_has_been_displayed = True


def _greet(address: str) -> None:
    print(address, flush=True)
    if said := serving.empty(serving.folder()):
        print(said, file=sys.stderr, flush=True)


def _with_ours() -> dict[str, Any]:
    return _of_streamlit() | UVICORN


def _sending_at_once(address: str, port: int, backlog: int) -> socket.socket:
    """Connections inherit it from the socket that accepts them. asyncio says it of sockets that it opens itself; on one
    that it is given, an answer waited until the browser had acknowledged the one before, which it does after 40 ms.
    """
    bound = _bind(address, port, backlog)
    bound.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return bound


if __name__ == "__main__":
    main(sys.argv[1:])
