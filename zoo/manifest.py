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
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from zoo.errors import CardError

MANIFEST = "MANIFEST.json"
CURRENT = "CURRENT"
_STAGING = ".staging-"


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
    CardError naming the first file that is missing, foreign, or not as it was published
    """
    try:
        text = (folder / MANIFEST).read_bytes()
        files: dict[str, dict[str, str | int]] = json.loads(text)["files"]
    except (FileNotFoundError, NotADirectoryError):
        raise CardError(f"{folder} has no {MANIFEST}: it was not published whole. Train again.") from None
    except (ValueError, KeyError, TypeError):
        raise CardError(f"{folder / MANIFEST} cannot be read. Train again, or copy the folder again.") from None
    there = folder.rglob("*") if below else folder.iterdir()
    found = {str(path.relative_to(folder)) for path in there if path.is_file()} - {MANIFEST}
    found = {name for name in found if below or not name.startswith(".")}
    if odd := sorted(found ^ files.keys()):
        what = "is missing" if odd[0] in files else "is not in the manifest"
        raise CardError(f"{folder / odd[0]} {what}. Train again, or copy the folder again.")
    for name, entry in files.items():
        path = folder / name
        if path.stat().st_size != entry["bytes"] or sha256(path) != entry["sha256"]:
            raise CardError(
                f"{path} is not the file that was published (checksum). Train again, or copy the folder again."
            )
    return hashlib.sha256(text).hexdigest()


@contextmanager
def publication(model_dir: Path) -> Iterator[Path]:
    """A folder to fill; when the block ends well it is published under model_dir, else it goes without trace.

    Whatever happens in between (an exception, kill -9), what CURRENT named before stays in service.
    """
    model_dir.mkdir(parents=True, exist_ok=True)
    with (model_dir / ".publishing").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        for left in model_dir.glob(_STAGING + "*"):
            shutil.rmtree(left)
        staging = Path(tempfile.mkdtemp(prefix=_STAGING, dir=model_dir))
        try:
            yield staging
            _publish(staging, model_dir)
        finally:
            shutil.rmtree(staging, ignore_errors=True)


def _publish(staging: Path, model_dir: Path) -> None:
    checksum = write_manifest(staging)
    staging.chmod(0o755)  # mkdtemp made it private; the server may be another user
    final = model_dir / checksum[:8]
    for path in [*staging.rglob("*"), staging]:
        _fsync(path)
    if not final.exists():  # the same bytes published again are already there
        os.rename(staging, final)
    pointer = model_dir / f"{CURRENT}.new"
    pointer.write_text(final.name + "\n", encoding="utf-8")
    _fsync(pointer)
    os.replace(pointer, model_dir / CURRENT)
    _fsync(model_dir)
    _remove_unread(model_dir, keep=final.name)


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
            trash = model_dir / f"{_STAGING}old-{folder.name}"
            os.rename(folder, trash)  # in one step, so that nobody sees a folder with half its files
            shutil.rmtree(trash)


def hold_current(model_dir: Path) -> tuple[Path, IO[bytes]]:
    """The folder in service and an open file whose lock keeps it there until closed.

    Raises
    ------
    CardError if nothing was published, or CURRENT names a folder that is not there
    """
    for _ in range(10):  # each turn lost means that somebody published in between
        try:
            folder = model_dir / (model_dir / CURRENT).read_text(encoding="utf-8").strip()
        except (FileNotFoundError, NotADirectoryError):
            raise CardError(
                f"{model_dir} has no published model. Train it first: menagerie train {model_dir.name}."
            ) from None
        try:
            file = (folder / MANIFEST).open("rb")
        except FileNotFoundError:
            continue
        fcntl.flock(file, fcntl.LOCK_SH)
        if os.fstat(file.fileno()).st_nlink:  # not removed between opening and locking
            return folder, file
        file.close()
    raise CardError(
        f"{model_dir / CURRENT} names {folder.name}, which is not there. Train again, or copy the folder again."
    )
