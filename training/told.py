"""How far a training has come, for a program that watches it: one JSON object in a file, replaced in one step.

    {"data": {"users": 610, "items": 9724, "test_users": 61},
     "models": {"ease": {"state": "fitting", "done": 3, "total": 10, "unit": "columns", "loss": null, ...}, ...}}

A file that is replaced never grows, and whoever opens it late knows as much as who watched from the start.
"""

import json
import os
import time
from pathlib import Path
from typing import Any

from training.model import Step

AT_MOST = 0.5  # seconds between two steps that are told


class Told:
    """What `--progress FILE` keeps up to date; without a file nobody is told, and nothing is written."""

    def __init__(self, path: Path | None, models: list[str]) -> None:
        self._path, self._last = path, 0.0
        self._data: dict[str, Any] | None = None
        self._models: dict[str, dict[str, Any]] = {name: {"state": "waiting"} for name in models}
        self._write()

    def data(self, **facts: Any) -> None:
        self._data = facts
        self._write()

    def model(self, name: str, state: str, **facts: Any) -> None:
        """state : "fitting", "publishing", "done" or "left out"; facts are kept until others of their name come."""
        self._models[name] |= {"state": state} | facts
        self._write()

    def step(self, name: str, step: Step) -> None:
        """The last step is always told, others twice a second at most."""
        now = time.monotonic()
        if now - self._last < AT_MOST and step.done < step.total:
            return
        self._last = now
        facts = {"done": step.done, "total": step.total, "unit": step.unit}
        self.model(name, "fitting", **facts, loss=step.loss, validation=step.validation)

    def _write(self) -> None:
        if self._path is None:
            return
        new = self._path.with_name(f".{self._path.name}.new")
        try:
            new.write_text(json.dumps({"data": self._data, "models": self._models}), encoding="utf-8")
            os.replace(new, self._path)
        except OSError:  # a full disk ends the training where something is published, not where somebody watches
            new.unlink(missing_ok=True)
