"""One published model on disk, checked and held; and its graphs, opened from bytes that nobody else can change."""

import hashlib
import mmap
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import IO, Self
from zipfile import BadZipFile

import polars as pl

from zoo.card import Card
from zoo.errors import CardError, ModelError
from zoo.manifest import Listed, Manifest, changed, check_manifest, hold, hold_current, read_manifest, readable
from zoo.own_graph import anatomy

BLOCK = 2**20  # bytes copied together


class ModelFolder:
    """One published model, held so that nobody removes it while it is in use. Close it, or use it in a `with`."""

    def __init__(
        self,
        path: Path,
        card: Card,
        checksum: str,
        lock: IO[bytes] | None = None,
        manifest: Manifest | None = None,
    ) -> None:
        self.path = path
        self.card = card
        self.checksum = checksum  # of the manifest, so of every file
        self.manifest = manifest  # None: not published yet
        self._lock = lock

    @classmethod
    def open(cls, model_dir: Path, checksum: str | None = None) -> Self:
        """The publication in service, or the one whose checksum begins so; every file compared with its own.

        Raises
        ------
        CardError if there is none, or a file is missing, foreign, outside or changed
        """
        path, lock = hold_current(model_dir) if checksum is None else _held(model_dir, checksum)
        try:
            found = check_manifest(path)
            manifest, still = read_manifest(path)
            if not found.startswith(checksum or path.name) or still != found:
                raise CardError(f"{path} is not the publication of that name. Train again, or copy the folder again.")
            card = Card.load(path / "card.json")
        except BaseException:
            lock.close()
            raise
        return cls(path, card, found, lock, manifest)

    @property
    def name(self) -> str:
        return self.card.name

    def check_size(self, most: int) -> None:
        """`CardError` where all files together are larger than `most` bytes."""
        if self.manifest is not None and self.manifest.bytes > most:
            raise CardError(
                f"{self.path} takes {self.manifest.bytes / 1e6:,.1f} MB, more than MENAGERIE_GRAPH_BYTES allows "
                f"({most / 1e6:,.1f} MB). Raise it, or train a smaller model."
            )

    @contextmanager
    def opened(self, graphs: Iterable[str], most: int) -> Iterator[Path]:
        """A folder with these graphs and the weights beside them, to be opened within the block.

        They are copied, and compared with their checksums while they are: what is opened is what was published. Whoever
        truncates the file of a mapped weight ends the process that maps it, so what is mapped is a file without a name.

        Raises
        ------
        CardError where a file is gone or changed, weights lie outside of what was published, or all is beyond `most`
        ModelError where there is no room for the copies
        """
        if self.manifest is None:  # what was just exported, and belongs to whoever exported it
            yield self.path
            return
        self.check_size(most)
        try:
            temporary = tempfile.TemporaryDirectory(prefix="menagerie-")
        except OSError as error:
            raise _no_room(error) from error
        with temporary as place:
            inside = Path(place)
            for graph in graphs:
                self._copy(graph, inside, f"{self.path} names the graph {graph!r}, which")
                for weights in sorted(_weights(inside / graph, self.path / graph)):
                    self._copy(weights, inside, f"{self.path / graph} reads {weights!r}, which")
            try:
                yield inside
            except ModelError as error:  # the sentence is about what was published, not about the copy
                raise ModelError(str(error).replace(place, str(self.path))) from None

    def _copy(self, name: str, place: Path, whose: str) -> None:
        """whose : how a sentence begins where the file is none of the published ones"""
        assert self.manifest is not None
        if not (listed := self.manifest.files.get(name)):
            raise CardError(f"{whose} is not among the files that were published with it. Export it again.")
        copy = place / name
        if copy.exists():
            return
        try:
            copy.parent.mkdir(parents=True, exist_ok=True)
            target = copy.open("xb")
        except OSError as error:
            raise _no_room(error) from error
        with target, readable(self.path), (self.path / name).open("rb") as source:
            if not _same(source, target, listed):
                raise changed(self.path / name)

    def close(self) -> None:
        if self._lock is not None:
            self._lock.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


@contextmanager
def reading(model_dir: Path, checksum: str = "") -> Iterator[Path]:
    """The publication in service, or the one with this checksum, held while small files of it are read.

    Nothing is compared: that was done when it was opened.

    Raises
    ------
    CardError where it is not there any more, or a file cannot be read as what it was
    """
    path, lock = _held(model_dir, checksum) if checksum else hold_current(model_dir)
    with lock, readable(path):
        try:
            yield path
        except (pl.exceptions.PolarsError, ValueError, EOFError, BadZipFile) as error:
            raise CardError(
                f"{path} was changed after it was published. Train again, or copy the folder again."
            ) from error


def _held(model_dir: Path, checksum: str) -> tuple[Path, IO[bytes]]:
    path = model_dir / checksum[:8]
    if lock := hold(path):
        return path, lock
    raise CardError(f"{model_dir.name} was published anew, or withdrawn, while this was drawn. Any click shows it.")


def _same(source: IO[bytes], target: IO[bytes], listed: Listed) -> bool:
    """Copies a file, no more of it than was published; whether that was it."""
    digest, left = hashlib.sha256(), listed.bytes
    while block := source.read(min(BLOCK, left + 1)):
        if len(block) > left:
            return False
        digest.update(block)
        left -= len(block)
        try:
            target.write(block)
        except OSError as error:
            raise _no_room(error) from error
    return left == 0 and digest.hexdigest() == listed.sha256


def _no_room(error: OSError) -> ModelError:
    return ModelError(
        f"There is no room for temporary files to open the model with ({error.strerror or error}). Make room, or let "
        "TMPDIR name a folder on a disk that has it."
    )


def _weights(graph: Path, called: Path) -> set[str]:
    """The files beside a graph that it reads its weights from, as it names them."""
    with graph.open("rb") as file:
        if not graph.stat().st_size:
            raise ModelError(f"{called} cannot be run: it is empty. Export it again.")
        with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
            try:
                return anatomy(content).places
            except ModelError as error:
                raise ModelError(f"{called} cannot be run: {str(error).split('. ')[0]}. Export it again.") from None
