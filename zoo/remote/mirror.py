"""A zoo that lies elsewhere, as a folder here: `Zoo(mirror.root)` is a zoo like any other.

    <cache>/zoos/<address>/        the folder, published like any zoo, so that nobody ever sees half of a model
    .../.refreshing                locked while a process fetches
    .../.fetching-*                what has come so far; one found then is from a killed process

What is announced is fetched into such a folder, compared with its manifest while it comes, and takes its place when all
of it is there. What cannot be fetched leaves what was there before, and a sentence. Nothing is believed of a server but
bytes with the right checksum under a plain name.
"""

import fcntl
import hashlib
import os
import re
import shutil
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path

from zoo import telemetry
from zoo.card import Card, DatasetInfo
from zoo.errors import CardError, ZooError
from zoo.manifest import (
    CURRENT,
    MANIFEST,
    MOST_BYTES,
    Manifest,
    check_manifest,
    publication,
    put,
    read_manifest,
    withdraw,
)
from zoo.registry import Zoo
from zoo.remote.index import Index, Indexed
from zoo.remote.source import Source, Unreachable
from zoo.settings import Settings, shown

EVERY = 60.0  # seconds between two looks at what is published
LONGEST = 3_600.0  # seconds until what was refused is fetched again, at most
ROOM = 64 * 2**20  # bytes that stay free on the disk
INFO = "dataset.json"
_FETCHING, _GONE = ".fetching-", ".fetching-gone-"
Step = Callable[[], None]


@dataclass(frozen=True)
class Status:
    """What there is to say of a mirror."""

    looked: bool = False  # whether the address was asked at all
    problem: str | None = None  # why it could not be followed to the end
    refused: dict[str, str] = field(default_factory=dict)  # data set, or data set/model -> why it was not taken
    waiting: int = 0  # data sets and models that are still to come


@dataclass(frozen=True)
class _Refused:
    """What was not taken, and is not fetched again before its time: it may be large."""

    sentence: str
    wait: float  # seconds
    until: float  # of time.monotonic()


class Mirror:
    """One address and its folder. Thread-safe; several processes may share the folder."""

    def __init__(self, settings: Settings) -> None:
        self._url = str(settings.zoo)
        self.name = shown("zoo", self._url)
        self.root = place_of(self.name, settings.cache)
        self.status = Status()
        self._most = settings.graph_bytes
        self._source: Source | None = None
        self._refused: dict[tuple[str, str | None], _Refused] = {}
        self._whole: set[str] = set()  # manifests whose files this process has compared, by their own checksum
        self._turn = threading.Lock()
        self._follower: threading.Thread | None = None

    def follow(self) -> None:
        """Looks at the address now and then, beside whatever else happens; at once for the first time."""
        if self._follower is None or not self._follower.is_alive():
            self._follower = threading.Thread(target=self._follow, name="mirror", daemon=True)
            self._follower.start()

    def _follow(self) -> None:
        while True:
            self.refresh()
            time.sleep(EVERY)

    def refresh(self) -> Status:
        """Fetches what was published since; the status says what could not be. Never raises what a person can mend.

        Waits for a thread that does it already, not for another process: what that one fetches is seen here, too.
        """
        with self._turn:
            try:
                with _written(self.root):
                    self.root.mkdir(parents=True, exist_ok=True)
                    with (self.root / ".refreshing").open("w") as lock:
                        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                        self._refresh()
            except BlockingIOError:
                pass
            except ZooError as error:
                telemetry.error("The address of the zoo could not be followed.", where="mirror")
                self.status = replace(self.status, looked=True, problem=str(error))
        return self.status

    def _refresh(self) -> None:
        for left in self.root.glob(f"{_FETCHING}*"):
            shutil.rmtree(left, ignore_errors=True)
        self._source = self._source or Source(self._url)
        index = Index.of(self._source)
        had = Zoo(self.root).datasets()
        if had and not index.datasets:
            raise CardError(f"{self.name} holds nothing any more.")
        steps = list(self._steps(index))
        refused: dict[str, str] = {}
        waiting = {what for what, _, _ in steps if not self._is_here(what)}
        broken: Unreachable | None = None
        last: Unreachable | None = None  # of the step before
        for what, checksum, step in steps:
            self.status = Status(True, str(broken) if broken else None, dict(refused), len(waiting))
            if "/" in what and not self._is_here(what.partition("/")[0]):
                continue  # what came to its data set is said there
            try:
                self._try(what, checksum, step)
            except Unreachable as error:
                if last:
                    raise  # two in a row: the rest would not come either
                broken = last = error
                continue
            except ZooError as error:
                refused[what] = str(error)
            last = None
            waiting.discard(what)
        if broken:
            raise broken
        self._withdraw(index, had)
        self.status = Status(looked=True, refused=refused)

    def _steps(self, index: Index) -> Iterator[tuple[str, str | None, Step]]:
        """Its name for sentences, the checksum that it is about, and what to do; a data set before its models."""
        for name, of in index.datasets.items():
            yield name, of.manifest, partial(self._dataset, name, of)
            for model, checksum in of.models.items():
                yield f"{name}/{model}", checksum, partial(self._model, self.root / name, f"{name}/{model}", checksum)

    def _is_here(self, what: str) -> bool:
        return (self.root / what / (CURRENT if "/" in what else INFO)).is_file()

    def _try(self, what: str, checksum: str | None, step: Step) -> None:
        before = self._refused.get((what, checksum), _Refused("", EVERY / 2, 0.0))
        if time.monotonic() < before.until:
            raise CardError(before.sentence)
        try:
            with _written(self.root):
                step()
        except Unreachable:
            raise
        except ZooError as error:
            sentence = str(error).replace(f"{self.root}/", "")
            wait = min(2 * before.wait, LONGEST)
            self._refused[what, checksum] = _Refused(sentence, wait, time.monotonic() + wait)
            telemetry.count("mirror_refused")
            raise CardError(sentence) from error
        self._refused.pop((what, checksum), None)

    def _dataset(self, name: str, of: Indexed) -> None:
        """The data set as it is published now. Its models come later, but for other data under the same name."""
        place = self.root / name
        if of.manifest and self._is_whole(place, of.manifest, below=False):
            return
        text, manifest, checksum = self._manifest(name, of.manifest)
        if self._is_whole(place, checksum, below=False):
            return
        if INFO not in manifest.files or any("/" in file for file in manifest.files):
            raise CardError(f"{self.name}/{name}/{MANIFEST} is not that of a data set. Publish it again.")
        staging = Path(tempfile.mkdtemp(prefix=_FETCHING, dir=self.root))
        try:
            self._fetch(name, staging, text, manifest)
            info = DatasetInfo.load(staging / INFO)
            if info.name != name:
                raise CardError(f"{self.name}/{name} calls itself {info.name}. Publish it again.")
            staging.chmod(0o755)
            self._put_dataset(staging, place, info, of)
        finally:
            shutil.rmtree(staging, ignore_errors=True)
        self._whole.add(checksum)

    def _put_dataset(self, staging: Path, place: Path, info: DatasetInfo, of: Indexed) -> None:
        if not place.exists():
            os.rename(staging, place)
        elif _fingerprint(place) == info.fingerprint:  # the same choices, described anew
            files = sorted((path.name for path in staging.iterdir()), key=lambda file: (file == MANIFEST, file == INFO))
            for file in files:
                put(staging / file, place / file)
            for path in place.iterdir():
                if path.is_file() and not path.name.startswith(".") and path.name not in files:
                    path.unlink()
        else:  # models of the old data are of no use: the new ones are there when it is
            for model, checksum in of.models.items():
                where = f"{info.name}/{model}"
                with suppress(CardError):  # said when the step of that model comes
                    self._try(where, checksum, partial(self._model, staging, where, checksum))
            gone = Path(tempfile.mkdtemp(prefix=_GONE, dir=self.root)) / info.name
            os.rename(place, gone)
            os.rename(staging, place)
            shutil.rmtree(gone.parent, ignore_errors=True)

    def _model(self, dataset: Path, where: str, checksum: str | None) -> None:
        """A model of the data set in that folder, published there as it is elsewhere."""
        if checksum is None:
            raise CardError(f"{self.name}/{where}/{CURRENT} names no publication. Publish it again.")
        folder, name = dataset / where.rpartition("/")[2], checksum[:8]
        if _text(folder / CURRENT) == name and self._is_whole(folder / name, checksum):
            return
        text, manifest, found = self._manifest(f"{where}/{name}", checksum)
        with publication(folder, copied=True) as staging:
            self._fetch(f"{where}/{name}", staging, text, manifest)
            card = Card.load(staging / "card.json")
            if card.name != folder.name or card.dataset_fingerprint != _fingerprint(dataset):
                raise CardError(f"{self.name}/{where} is another model, or of other data. Publish it again.")
        self._whole.add(found)

    def _manifest(self, where: str, checksum: str | None) -> tuple[bytes, Manifest, str]:
        """The manifest of a folder elsewhere, and its own checksum; checksum: what it is expected to begin with"""
        assert self._source is not None
        text = self._source.read(f"{where}/{MANIFEST}", MOST_BYTES)
        found = hashlib.sha256(text).hexdigest()
        if not found.startswith(checksum or ""):
            raise CardError(f"{self.name}/{where}/{MANIFEST} is not the one that was announced. Publish it again.")
        manifest = Manifest.of(text, f"{self.name}/{where}/{MANIFEST}")
        if manifest.bytes > self._most:
            raise CardError(
                f"{self.name}/{where} takes {manifest.bytes / 1e6:,.1f} MB, more than MENAGERIE_GRAPH_BYTES allows "
                f"({self._most / 1e6:,.1f} MB)."
            )
        if shutil.disk_usage(self.root).free < manifest.bytes + ROOM:
            raise ZooError(
                f"{self.root} has no room for the {manifest.bytes / 1e6:,.1f} MB of {where}. Make room there, or "
                "choose another folder with MENAGERIE_CACHE."
            )
        return text, manifest, found

    def _fetch(self, where: str, staging: Path, text: bytes, manifest: Manifest) -> None:
        """Every file of a manifest, and the manifest itself."""
        assert self._source is not None
        for file, listed in manifest.files.items():
            (staging / file).parent.mkdir(parents=True, exist_ok=True)
            self._source.fetch(f"{where}/{file}", staging / file, listed)
        (staging / MANIFEST).write_bytes(text)

    def _is_whole(self, folder: Path, checksum: str, *, below: bool = True) -> bool:
        """Whether a folder here is that publication: every file compared once in the life of this process."""
        try:
            found = read_manifest(folder)[1]
            if found in self._whole and found.startswith(checksum):
                return True
            if not found.startswith(checksum) or check_manifest(folder, below=below) != found:
                return False
        except CardError:
            return False
        self._whole.add(found)
        return True

    def _withdraw(self, index: Index, had: list[str]) -> None:
        """What is not published any more is not offered any more; whoever reads it reads on."""
        for name in had:
            place = self.root / name
            if name not in index.datasets:
                gone = Path(tempfile.mkdtemp(prefix=_GONE, dir=self.root)) / name
                os.rename(place, gone)
                shutil.rmtree(gone.parent, ignore_errors=True)
                continue
            for current in place.glob(f"*/{CURRENT}"):
                if current.parent.name not in index.datasets[name].models:
                    withdraw(current.parent)


def place_of(name: str, cache: Path) -> Path:
    """The folder of an address.

    >>> place_of("https://example.org/my zoo", Path("cache")).as_posix()
    'cache/zoos/example.org-my-zoo-8eea2c0f25'
    """
    plain = re.sub(r"[^A-Za-z0-9.]+", "-", name.partition("://")[2]).strip("-.")[:60]
    return cache / "zoos" / f"{plain}-{hashlib.sha256(name.encode()).hexdigest()[:10]}"


def _fingerprint(dataset: Path) -> str | None:
    try:
        return DatasetInfo.load(dataset / INFO).fingerprint
    except CardError:
        return None


def _text(path: Path) -> str | None:
    return path.read_text(encoding="utf-8", errors="replace").strip() if path.is_file() else None


@contextmanager
def _written(root: Path) -> Iterator[None]:
    """Turns the disk's errors into a sentence."""
    try:
        yield
    except BlockingIOError:
        raise
    except OSError as error:
        raise ZooError(
            f"{root} cannot be written ({error.strerror or error}). Make room there, or choose another folder with "
            "MENAGERIE_CACHE."
        ) from error
