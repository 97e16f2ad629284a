"""`menagerie data fetch NAME`: download, check, unpack, convert, and put in place, each step whole or not at all."""

import datetime
import fcntl
import json
import os
import shutil
import sys
import tempfile
from pathlib import Path

from zoo.datasets import SOURCE, Known, cache_folder, place_of
from zoo.datasets.archive import extract
from zoo.datasets.convert import README, WANTED, convert
from zoo.datasets.download import bar, check_md5, download, forget, md5_in, published_md5, writing_to
from zoo.errors import DataError

ROOM = 3  # times the archive's size: itself, unpacked tables of which the archive is a third, and the Parquet files


def fetch(known: Known, *, to: Path | None = None, source: str | None = None, again: bool = False) -> Path:
    """Bring a known data set here, in our layout.

    Parameters
    ----------
    to : a folder to put it in, as to/NAME; None: the user's cache
    source : another address of the archive, or a file that was downloaded elsewhere; None: the owner's address
    again : fetch it even where it is already here

    Returns
    -------
    The folder with interactions.parquet and items.parquet, for `menagerie train --data`

    Raises
    ------
    DataError for whatever the network, the disk or the archive did wrong; nothing half done is left in its place
    """
    place = place_of(known.name) if to is None else to / known.name
    _check_place(place)
    if (place / SOURCE).is_file() and not again:
        say(f"{known.name} is already in {place}. Fetch it anew with --again.")
        return place
    say(f"{known.name}: {known.what}\n  licence: {known.licence}\n  cite: {known.cite}\n  read more: {known.page}")
    archive, checksum = _local(known, Path(source)) if source and _is_file(source) else _remote(known, source)
    _unpack(known, archive, place, {"from": source or known.url, "checksum": checksum})
    _forget(archive)
    return place


def _remote(known: Known, source: str | None) -> tuple[Path, str]:
    """The archive, downloaded and checked; and what it was checked against."""
    url = source or known.url
    part = _downloads() / f"{known.name}.zip.part"
    with writing_to(part):
        part.parent.mkdir(parents=True, exist_ok=True)
        free = shutil.disk_usage(part.parent).free
    if known.bytes and free < ROOM * known.bytes:
        raise DataError(
            f"{part.parent} has {free / 1e6:,.0f} MB of room; {known.name} needs {ROOM * known.bytes / 1e6:,.0f}. "
            "Make room there, or choose another folder with MENAGERIE_CACHE."
        )
    say(f"  from: {url}")
    expected = known.md5 or (published_md5(url + ".md5") if known.publishes_md5 else None)
    download(url, part, known.unpacked_bytes, bar(known.name))
    return part, _check(known, part, expected)


def _local(known: Known, archive: Path) -> tuple[Path, str]:
    beside = archive.with_name(archive.name + ".md5")
    expected = known.md5
    if expected is None and known.publishes_md5 and beside.is_file():
        expected = md5_in(beside.read_text(encoding="latin-1"), str(beside))
    return archive, _check(known, archive, expected)


def _check(known: Known, archive: Path, expected: str | None) -> str:
    """Says what the archive was compared with. A download that is not the published file goes."""
    if expected is None:
        told = "none is published; length and the checksums inside the archive were checked"
        say(f"  checksum: {told}")
        return told
    try:
        check_md5(archive, expected)
    except DataError as error:
        if archive.parent != _downloads():
            raise DataError(f"{error} Download it again from {known.url}.") from None
        _forget(archive)
        raise DataError(f"{error} It was removed: run the same command again.") from None
    whose = "as its owner published it (pinned here)" if known.md5 else "as published beside the archive"
    say(f"  checksum: MD5 {expected}, {whose}")
    return f"md5 {expected}"


def _unpack(known: Known, archive: Path, place: Path, facts: dict[str, str]) -> None:
    with writing_to(place), (place.parent / f".{known.name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        for left in place.parent.glob(f".{known.name}-*"):  # of a process that was killed
            shutil.rmtree(left, ignore_errors=True)
        work = Path(tempfile.mkdtemp(prefix=f".{known.name}-", dir=place.parent))
        try:
            raw, new = work / "raw", work / "new"
            raw.mkdir()
            new.mkdir()
            try:
                files = extract(archive, WANTED[known.form], raw, known.unpacked_bytes)
                n_rows, n_items = convert(known.form, files, new)
            except DataError:  # the archive's fault, not the disk's: it will not get better by being kept
                _forget(archive)
                raise
            for name in README.keys() & files.keys():
                files[name].rename(new / name)
            told = {"name": known.name, "what": known.what, "page": known.page, "cite": known.cite, **facts}
            told |= {"licence": known.licence, "fetched": datetime.datetime.now(datetime.UTC).date().isoformat()}
            (new / SOURCE).write_text(json.dumps(told, indent=2) + "\n", encoding="utf-8")
            _publish(new, place)
        finally:
            shutil.rmtree(work, ignore_errors=True)
    say(f"  {n_rows:,} ratings, {n_items:,} items: {place}")
    if n_rows != known.rows:
        say(f"  note: its owner says {known.rows:,} ratings; this archive holds {n_rows:,}.")


def _publish(new: Path, place: Path) -> None:
    """Puts the folder in place. Between the two renames the name is free for a moment, never half a data set."""
    for path in new.iterdir():
        with path.open("rb") as file:
            os.fsync(file.fileno())
    old = new.parent / "old"
    if place.exists():
        place.rename(old)
    new.rename(place)


def _check_place(place: Path) -> None:
    """What somebody else put there is not ours to replace."""
    if place.exists() and not (place / SOURCE).is_file() and (not place.is_dir() or any(place.iterdir())):
        raise DataError(f"{place} is there already, and was not fetched by this command. Choose another folder.")


def _forget(archive: Path) -> None:
    """Remove what we downloaded; a file that somebody named stays."""
    if archive.parent == _downloads():
        forget(archive)


def _downloads() -> Path:
    return cache_folder() / "downloads"


def _is_file(source: str) -> bool:
    if "://" in source:
        return False
    if not Path(source).is_file():
        raise DataError(f"{source} is not there. Name the archive that you downloaded, or its address.")
    return True


def say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)
