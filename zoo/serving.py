"""`menagerie serve`: the app, as a process of its own, for `zoo` never imports streamlit. Loads hardly anything."""

import argparse
import os
import socket
import subprocess
import sys
from pathlib import Path

from zoo.errors import ZooError

CHECKOUT = Path(__file__).resolve().parent.parent
ZOO = CHECKOUT / "zoo-data"  # what the app shows where nobody named a zoo
PORT = 8501  # where Streamlit's apps are looked for
SAY = "--say="  # what the app prints once its settings were read
TRIED = 50  # ports from there on, where nobody asked for one
# Memory that polars and the C library freed goes back to the system soon, where nobody set it otherwise: with all of
# the built-in zoo opened the server held a tenth less (benchmarks/app.py), and no page was slower
ALLOCATORS = {"_RJEM_MALLOC_CONF": "dirty_decay_ms:500,muzzy_decay_ms:500", "MALLOC_TRIM_THRESHOLD_": str(2**17)}
# The threads of NumPy's and SciPy's products wait for the next one in a loop: 2^20 cycles, where it were 2^26, a fifth
# of a second that the browser lacks while the app starts. Products one after the other are as fast
PRODUCTS = {"OPENBLAS_THREAD_TIMEOUT": "20"}
STREAMLIT = {
    "STREAMLIT_BROWSER_SERVER_ADDRESS": "localhost",
    "STREAMLIT_SERVER_HEADLESS": "true",
    "STREAMLIT_SERVER_FILE_WATCHER_TYPE": "none",  # whoever changes the code takes `streamlit run`, which watches it
    "STREAMLIT_LOGGER_HIDE_WELCOME_MESSAGE": "true",  # the address is printed here
}


def serve(options: argparse.Namespace, given: list[str]) -> int:
    """Becomes the app, which reads the settings, as they take three times the time of all else here, and then prints
    its address. Never asks for input.
    """
    port = free_port(options.port)
    environment = ALLOCATORS | PRODUCTS | STREAMLIT | os.environ | {"MENAGERIE_ZOO": str(folder(options.zoo))}
    command = [sys.executable, "-m", "pages.parts.server", f"{SAY}http://localhost:{port}", f"--server.port={port}"]
    if os.name == "posix":  # in our place: whoever stops this process stops the app
        os.chdir(CHECKOUT)
        os.execve(sys.executable, command, environment)
    return subprocess.run(command, cwd=CHECKOUT, env=environment, stdin=subprocess.DEVNULL, check=False).returncode


def folder(named: str | Path | None = None) -> Path | str:
    """The folder that the app shows: what was named, seen from here, for the app runs in the checkout; else its own.
    An address stays one.
    """
    named = str(named or os.environ.get("MENAGERIE_ZOO", "").strip())
    if "://" in named:
        return named
    return Path(named).expanduser().resolve() if named else ZOO


def empty(zoo: Path | str) -> str | None:
    """What to say of a folder without a data set: the app opens all the same, for one may yet be trained."""
    if isinstance(zoo, str):
        return None  # the page says how far it has come
    if any(zoo.glob("*/dataset.json")):  # as `Zoo.datasets`, which would load polars for it
        return None
    what = "holds no data set yet" if zoo.is_dir() else "is no folder yet"
    return f"{zoo} {what}. Train one: menagerie train all --data FILE --out {zoo}"


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
