"""The process that zoo/limited.py starts: it waits for one piece of work, does it within its limits, and ends.

python -m zoo.limited_process zoo.decoding          what is named here is imported while it waits
"""

import importlib
import os
import sys
import threading
import traceback
from collections.abc import Callable
from pathlib import Path

from zoo.errors import ZooError
from zoo.limited_wire import MOST_ANSWER, Facts, Parts, packed, read, told
from zoo.limits import confine

CHECKOUT = Path(__file__).resolve().parent.parent
IDLE = 600.0  # seconds after which a process that waits for work ends


def main(preloaded: list[str]) -> None:
    retire = threading.Timer(IDLE, os._exit, (0,))
    retire.daemon = True
    retire.start()
    with os.fdopen(os.dup(1), "wb") as out:
        os.dup2(2, 1)  # what a library prints is no answer
        for name in preloaded:
            importlib.import_module(name)
        message = read(sys.stdin.buffer, sys.maxsize)
        retire.cancel()
        if message is None:  # nobody wants anything
            return
        for piece in _done(*message):
            out.write(piece)
    os._exit(0)


def _done(request: Facts, parts: dict[str, bytes]) -> list[bytes]:
    """The answer, packed; what does not fit into memory, and any other end, is an answer too."""
    module, _, name = request["target"].partition(":")
    work: Callable[[Facts, dict[str, bytes]], tuple[Facts, Parts]] = getattr(importlib.import_module(module), name)
    confine(request["seconds"], request["bytes"])
    try:
        facts, found = work(request["facts"], parts)
        answer = packed({"ends": "done", "facts": facts}, found)
        return answer if sum(map(len, answer)) <= MOST_ANSWER else packed({"ends": "memory"}, {})
    except ZooError as error:
        return packed({"ends": "error", "error": told(error)}, {})
    except MemoryError:
        return packed({"ends": "memory"}, {})
    except BaseException as error:  # a fault of ours, or a panic of polars: where it is, and nothing of the file
        frames = traceback.extract_tb(error.__traceback__)
        at = [frame for frame in frames if Path(frame.filename).parent.parent in (CHECKOUT, CHECKOUT / "zoo")][-1]
        where = f"{type(error).__name__} in {Path(at.filename).name}, line {at.lineno}"
        return packed({"ends": "fault", "where": where}, {})


if __name__ == "__main__":
    main(sys.argv[1:])
