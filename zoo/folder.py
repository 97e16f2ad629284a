"""One published model on disk, checked and held."""

from pathlib import Path
from types import TracebackType
from typing import IO, Self

from zoo.card import Card
from zoo.manifest import check_manifest, hold_current


class ModelFolder:
    """One published model, held so that nobody removes it while it is in use. Close it, or use it in a `with`."""

    def __init__(self, path: Path, card: Card, checksum: str, lock: IO[bytes] | None = None) -> None:
        self.path = path
        self.card = card
        self.checksum = checksum  # of the manifest, so of every file
        self._lock = lock

    @classmethod
    def open(cls, model_dir: Path) -> Self:
        """The publication in service, every file compared with its checksum.

        Raises
        ------
        CardError if there is none, or a file is missing, foreign or changed
        """
        path, lock = hold_current(model_dir)
        try:
            checksum = check_manifest(path)
            card = Card.load(path / "card.json")
        except BaseException:
            lock.close()
            raise
        return cls(path, card, checksum, lock)

    @property
    def name(self) -> str:
        return self.card.name

    def close(self) -> None:
        if self._lock is not None:
            self._lock.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
