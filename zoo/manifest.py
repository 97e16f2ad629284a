"""Publishing a model folder so that nobody ever sees half of it, and reading one that nobody takes away meanwhile.

    <model>/CURRENT              the name of the folder in service, replaced in one step
    <model>/<sha8>/              one publication; sha8 = start of the manifest's sha256
    <model>/<sha8>/MANIFEST.json sha256 and size of each file, written last
    <model>/.publishing          locked while somebody publishes; a .staging-* found then is from a killed process

Readers hold a shared lock on MANIFEST.json; an old folder goes only when no reader holds one. Locks are POSIX `flock`,
so they end with the process however it ends.
"""

import fcntl
import hashlib
import json
import os
import re
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import IO, Annotated, Literal, Self

from pydantic import AfterValidator, Field, ValidationError

from zoo.errors import CardError
from zoo.typed import Typed

MANIFEST = "MANIFEST.json"
CURRENT = "CURRENT"
PUBLICATION = re.compile(r"[0-9a-f]{8}")  # the name of a publication's folder
MOST_BYTES = 2**20  # of a manifest; ours have some thousand
MOST_FILES = 1000  # of one folder
_STAGING = ".staging-"


def _inside(name: str) -> str:
    parts = PurePosixPath(name).parts
    odd = not parts or name != "/".join(parts) or any(part.startswith(".") or part == "/" for part in parts)
    if odd or "\\" in name or not name.isprintable() or len(name) > 200 or name == MANIFEST:
        raise ValueError(f"{name!r} is not the name of a file inside")
    return name


FileName = Annotated[str, AfterValidator(_inside)]


class Listed(Typed):
    """One file as it was published."""

    sha256: str = Field(pattern=r"^[0-9a-f]{64}$")
    bytes: int = Field(ge=0)


class Manifest(Typed):
    """MANIFEST.json."""

    format: Literal[1] = 1
    files: dict[FileName, Listed] = Field(max_length=MOST_FILES)

    @classmethod
    def of(cls, text: bytes, where: str) -> Self:
        """A `CardError` names where it stands, for what is no manifest or names a file outside."""
        try:
            return cls.model_validate_json(text)
        except ValidationError:
            raise CardError(f"{where} cannot be read. Train again, or copy the folder again.") from None

    @property
    def bytes(self) -> int:
        return sum(listed.bytes for listed in self.files.values())


def sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def write_manifest(folder: Path, *, below: bool = True) -> str:
    """Write MANIFEST.json over every file of the folder; returns the manifest's own sha256.

    below : files of its sub-folders too; a data set speaks for its own only, its models for theirs
    """
    files = {
        str(path.relative_to(folder)): {"sha256": sha256(path), "bytes": path.stat().st_size}
        for path in sorted(folder.rglob("*") if below else folder.iterdir())
        if path.is_file() and path.name != MANIFEST and not path.name.startswith(".")
    }
    text = json.dumps({"format": 1, "files": files}, indent=2) + "\n"
    new = folder / f".{MANIFEST}.new"
    new.write_text(text, encoding="utf-8")
    os.replace(new, folder / MANIFEST)
    return hashlib.sha256(text.encode()).hexdigest()


def check_manifest(folder: Path, *, below: bool = True) -> str:
    """Compare every file with the manifest; returns the manifest's sha256. `below` as it was written.

    Raises
    ------
    CardError naming the first file that is missing, foreign, outside, or not as it was published
    """
    with readable(folder):
        manifest, checksum = read_manifest(folder)
        there = folder.rglob("*") if below else folder.iterdir()
        found = {str(path.relative_to(folder)) for path in there if path.is_file()} - {MANIFEST}
        found = {name for name in found if below or not name.startswith(".")}
        if odd := sorted(found ^ manifest.files.keys()):
            what = "is missing" if odd[0] in manifest.files else "is not in the manifest"
            raise CardError(f"{folder / odd[0]} {what}. Train again, or copy the folder again.")
        for name, listed in manifest.files.items():
            path = folder / name
            if not path.resolve().is_relative_to(folder.resolve()):
                raise CardError(f"{path} is a link that leads out of its folder. Put the file itself there.")
            if path.stat().st_size != listed.bytes or sha256(path) != listed.sha256:
                raise changed(path)
    return checksum


def read_manifest(folder: Path) -> tuple[Manifest, str]:
    """What MANIFEST.json says, and its own sha256; no file is looked at."""
    with readable(folder):
        try:
            with (folder / MANIFEST).open("rb") as file:
                text = file.read(MOST_BYTES + 1)
        except (FileNotFoundError, NotADirectoryError):
            raise CardError(f"{folder} has no {MANIFEST}: it was not published whole. Train again.") from None
    return Manifest.of(text[:MOST_BYTES], str(folder / MANIFEST)), hashlib.sha256(text).hexdigest()


def changed(path: Path) -> CardError:
    return CardError(f"{path} is not the file that was published (checksum). Train again, or copy the folder again.")


@contextmanager
def readable(folder: Path) -> Iterator[None]:
    """Turns what the disk says of a published folder into a sentence: it went meanwhile, or may not be read."""
    try:
        yield
    except (FileNotFoundError, NotADirectoryError):
        raise CardError(f"{folder} was replaced or removed while it was read. Try again.") from None
    except OSError as error:
        raise CardError(f"{folder} cannot be read ({error.strerror or error}). Mend the disk or its rights.") from error


@contextmanager
def publication(model_dir: Path, *, copied: bool = False) -> Iterator[Path]:
    """A folder to fill; when the block ends well it is published under model_dir, else it goes without trace.

    Whatever happens in between (an exception, kill -9), what CURRENT named before stays in service.
    copied : the folder brings its MANIFEST.json, and is compared with it
    """
    model_dir.mkdir(parents=True, exist_ok=True)
    with (model_dir / ".publishing").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        for left in model_dir.glob(_STAGING + "*"):
            shutil.rmtree(left)
        staging = Path(tempfile.mkdtemp(prefix=_STAGING, dir=model_dir))
        try:
            yield staging
            checksum = check_manifest(staging) if copied else write_manifest(staging)
            _publish(staging, model_dir, checksum)
        finally:
            shutil.rmtree(staging, ignore_errors=True)


def _publish(staging: Path, model_dir: Path, checksum: str) -> None:
    staging.chmod(0o755)  # mkdtemp made it private; the server may be another user
    final = model_dir / checksum[:8]
    for path in [*staging.rglob("*"), staging]:
        _fsync(path)
    if final.exists() and not _is_whole(final):
        _remove(final, model_dir)
    if not final.exists():  # the same bytes published again are already there
        os.rename(staging, final)
    pointer = model_dir / f"{CURRENT}.new"
    pointer.write_text(final.name + "\n", encoding="utf-8")
    put(pointer, model_dir / CURRENT)
    _fsync(model_dir)
    _remove_unread(model_dir, keep=final.name)


def withdraw(model_dir: Path) -> None:
    """Takes a model out of service; its files go with the last reader, or with the next publication."""
    with (model_dir / ".publishing").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        (model_dir / CURRENT).unlink(missing_ok=True)
        _remove_unread(model_dir, keep="")


def put(new: Path, path: Path) -> None:
    """Give a written file its name in one step, once it is on the disk: all of it is seen, or what was there."""
    _fsync(new)
    os.replace(new, path)


def _fsync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _remove_unread(model_dir: Path, keep: str) -> None:
    for manifest in model_dir.glob(f"*/{MANIFEST}"):
        folder = manifest.parent
        if folder.name == keep or folder.name.startswith("."):
            continue
        with manifest.open("rb") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                continue  # somebody reads it: the next publication will try again
            _remove(folder, model_dir)


def _remove(folder: Path, model_dir: Path) -> None:
    trash = model_dir / f"{_STAGING}old-{folder.name}"
    os.rename(folder, trash)  # in one step, so that nobody sees a folder with half its files
    shutil.rmtree(trash)


def _is_whole(folder: Path) -> bool:
    try:
        check_manifest(folder)
    except CardError:
        return False
    return True


def hold_current(model_dir: Path) -> tuple[Path, IO[bytes]]:
    """The folder in service and an open file whose lock keeps it there until closed.

    Raises
    ------
    CardError if nothing was published, or CURRENT names a folder that is not there
    """
    for _ in range(10):  # each turn lost means that somebody published in between
        name = read_current(model_dir)
        if file := hold(model_dir / name):
            return model_dir / name, file
    raise CardError(f"{model_dir / CURRENT} names {name}, which is not there. Train again, or copy the folder again.")


def read_current(model_dir: Path) -> str:
    """The name of the folder in service; a `CardError` where there is none, or CURRENT leads elsewhere."""
    try:
        with (model_dir / CURRENT).open("rb") as file:
            name = file.read(100).decode(errors="replace").strip()
    except (FileNotFoundError, NotADirectoryError):
        raise CardError(
            f"{model_dir} has no published model. Train it first: menagerie train {model_dir.name}."
        ) from None
    except OSError as error:
        raise CardError(
            f"{model_dir / CURRENT} cannot be read ({error.strerror}). Mend the disk or its rights."
        ) from error
    if not PUBLICATION.fullmatch(name):
        raise CardError(f"{model_dir / CURRENT} names no publication. Train again, or copy the folder again.")
    return name


def hold(folder: Path) -> IO[bytes] | None:
    """An open file whose lock keeps a publication there until closed; None where it is not there any more."""
    with readable(folder):
        try:
            file = (folder / MANIFEST).open("rb")
        except (FileNotFoundError, NotADirectoryError):
            return None
        fcntl.flock(file, fcntl.LOCK_SH)
        if os.fstat(file.fileno()).st_nlink and (folder / MANIFEST).exists():  # not removed before it was locked
            return file
        file.close()
    return None
