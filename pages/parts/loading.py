"""What pages import is loaded on a thread of its own, while the browser of whoever comes first fetches its scripts."""

import threading
from collections.abc import Callable

_loaded = threading.Event()
_loaded.set()  # where nothing was begun there is nothing to wait for: pages are imported as they are opened


def begin(load: Callable[[], None], then: Callable[[], None]) -> None:
    """Loads, and does what follows when pages need not wait for it any more. What fails is told by whoever needs it."""
    _loaded.clear()
    threading.Thread(target=_run, args=(load, then), name="loading", daemon=True).start()


def _run(load: Callable[[], None], then: Callable[[], None]) -> None:
    try:
        load()
    finally:
        _loaded.set()
    then()


def wait() -> None:
    """Until what pages import is there: two threads that import the same see each other's halves."""
    _loaded.wait()
