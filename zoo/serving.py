"""`menagerie serve`: the app, as a process of its own, for `zoo` never imports streamlit. Loads hardly anything."""

import argparse
import os
import socket
import subprocess
import sys
from pathlib import Path

from zoo.errors import ZooError

CHECKOUT = Path(__file__).resolve().parent.parent
PORT = 8501  # where Streamlit's apps are looked for
TRIED = 50  # ports from there on, where nobody asked for one


def serve(options: argparse.Namespace, given: list[str]) -> int:
    """Prints the address and becomes the app. Never asks for input."""
    port = free_port(options.port)
    environment = dict(os.environ)
    if zoo := options.zoo or environment.get("MENAGERIE_ZOO"):
        environment["MENAGERIE_ZOO"] = str(Path(zoo).resolve())  # the app runs in another folder
    print(f"http://localhost:{port}", flush=True)
    flags = [f"--server.port={port}", "--server.headless=true", "--browser.serverAddress=localhost"]
    command = [sys.executable, "-m", "pages.parts.server", *flags]
    if os.name == "posix":  # in our place: whoever stops this process stops the app
        os.chdir(CHECKOUT)
        os.execve(sys.executable, command, environment)
    return subprocess.run(command, cwd=CHECKOUT, env=environment, stdin=subprocess.DEVNULL, check=False).returncode


def free_port(wanted: int | None) -> int:
    """The port that was asked for, or the first free one from 8501 on.

    Raises
    ------
    ZooError where another program listens there
    """
    for port in range(PORT, PORT + TRIED) if wanted is None else (wanted,):
        if _is_free(port):
            return port
    where = f"Port {wanted}" if wanted is not None else f"Every port from {PORT} to {PORT + TRIED - 1}"
    raise ZooError(f"{where} is taken by another program. Name a free one: menagerie serve --port N.")


def _is_free(port: int) -> bool:
    try:
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # what was just stopped is no obstacle
            probe.bind(("", port))
    except OSError:
        return False
    except OverflowError:
        raise ZooError(f"There is no port {port}; name one from 1 to 65535.") from None
    return True
