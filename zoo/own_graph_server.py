"""The process that runs one uploaded graph, and nothing else: python -m zoo.own_graph_server SOCKET FILE BYTES SECONDS

It is given two open files: a socket to its server, and the graph, which has no name on any disk. It loads the graph
under limits that it cannot lift, says what its inputs and outputs are, and answers until the other side hangs up;
then it ends, whatever it does.
"""

import os
import select
import socket
import sys
import threading
from typing import Any

import numpy as np

from zoo.device_faults import out_of_memory
from zoo.errors import ModelError
from zoo.limits import confine
from zoo.ort_session import ORT_ERRORS, open_session
from zoo.own_graph_wire import Message, receive, send
from zoo.settings import Settings

THREADS = 2
FAILURES: tuple[type[Exception], ...] = (MemoryError, ModelError, *ORT_ERRORS)


def main(handle: int, file: int, memory: int, seconds: int) -> None:
    server = socket.socket(fileno=handle)
    server.settimeout(None)
    threading.Thread(target=_end_with, args=(handle,), daemon=True).start()
    confine(seconds, memory)
    send(server, {"ready": True}, {}, None)
    session = None
    while (message := receive(server, sys.maxsize, None)) is not None:
        told, arrays = message
        try:
            if session is None:
                session = open_session(f"/dev/fd/{file}", Settings(provider="cpu"), THREADS)
            answer = _answer(session, told, arrays)
        except FAILURES as error:
            answer = _failed(error), {}
        send(server, *answer, None)


def _end_with(handle: int) -> None:
    """Nobody waits any more, as where the server was killed: then this ends in the middle of an answer, too."""
    link = select.poll()
    link.register(handle, 0)  # that the other side hung up is told in any case
    link.poll()
    os._exit(0)


def _answer(session: Any, told: dict[str, Any], arrays: dict[str, np.ndarray]) -> Message:
    if told["ask"] == "describe":
        both = {"inputs": session.get_inputs(), "outputs": session.get_outputs()}
        described = {side: [[one.name, one.type, list(one.shape)] for one in ends] for side, ends in both.items()}
        return described, {}
    found = session.run(told["outputs"], arrays)
    return {}, {name: np.asarray(array) for name, array in zip(told["outputs"], found, strict=True)}


def _failed(error: Exception) -> dict[str, Any]:
    return {"error": "memory" if out_of_memory(error) else "refused", "sentence": _first_line(error)}


def _first_line(error: Exception) -> str:
    """What ONNX Runtime says, without what we and it put around it."""
    line = (str(error).splitlines() or [""])[0].removesuffix(". Train or export it again.")
    return line.rpartition("[ONNXRuntimeError] : ")[2].partition(" : ")[2] or line


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
    os._exit(0)
