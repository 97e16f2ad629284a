"""A zip archive from elsewhere -> the few files that are wanted. Nothing in it is believed.

Every entry is looked at before anything is written: a name that leads out of the folder, an absolute one, a link, a
device, or an encrypted entry refuses the whole archive. Only what is wanted is unpacked, under names of our own, and
never more bytes than the limit, whatever the archive says of its sizes.
"""

import stat
import zipfile
import zlib
from pathlib import Path, PurePosixPath

from zoo.errors import DataError

BLOCK = 2**20
MOST_ENTRIES = 10_000
ENCRYPTED = 0x1
BESIDE = ("__MACOSX", ".")  # what the Finder adds


def extract(archive: Path, wanted: dict[str, bool], folder: Path, limit: int) -> dict[str, Path]:
    """The wanted files of a zip archive.

    Parameters
    ----------
    wanted : name of the file, in whatever folder of the archive -> whether it must be there
    folder : where they are written, as folder/name
    limit : bytes of all of them together, unpacked

    Raises
    ------
    DataError for an archive that is damaged, malicious, too large, or lacks a file
    """
    called = archive.name.removesuffix(".part")
    try:
        with zipfile.ZipFile(archive) as opened:
            entries = opened.infolist()
            _check(entries, called)
            chosen = {name: found for name in wanted if (found := _find(entries, name, called)) is not None}
            if missing := [name for name, needed in wanted.items() if needed and name not in chosen]:
                raise DataError(f"{called} has no {missing[0]} inside. It is not the archive that was expected.")
            left, paths = limit, {}
            for name, entry in chosen.items():
                paths[name] = folder / name
                left -= _unpack(opened, entry, paths[name], left, called)
            return paths
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, UnicodeDecodeError) as error:
        raise DataError(f"{called} is damaged ({error}). Run the command again.") from error


def _check(entries: list[zipfile.ZipInfo], name: str) -> None:
    if len(entries) > MOST_ENTRIES:
        raise DataError(f"{name} holds {len(entries):,} files. It is not the archive that was expected.")
    for entry in entries:
        path = PurePosixPath(entry.orig_filename.replace("\\", "/"))
        kind = stat.S_IFMT(entry.external_attr >> 16)
        if path.is_absolute() or ".." in path.parts or ":" in entry.orig_filename or "\0" in entry.orig_filename:
            fault = "would be written outside its folder"
        elif kind not in (0, stat.S_IFREG, stat.S_IFDIR):
            fault = "is a link or a device"
        elif entry.flag_bits & ENCRYPTED:
            fault = "is encrypted"
        else:
            continue
        raise DataError(f"{name} is refused: {entry.orig_filename[:80]!r} in it {fault}. Nothing was unpacked.")


def _find(entries: list[zipfile.ZipInfo], wanted: str, name: str) -> zipfile.ZipInfo | None:
    paths = [(PurePosixPath(entry.filename), entry) for entry in entries if not entry.is_dir()]
    found = [entry for path, entry in paths if path.name == wanted and not path.parts[0].startswith(BESIDE)]
    if len(found) > 1:
        raise DataError(f"{name} holds {len(found)} files named {wanted}. It is not the archive that was expected.")
    return found[0] if found else None


def _unpack(archive: zipfile.ZipFile, entry: zipfile.ZipInfo, to: Path, limit: int, name: str) -> int:
    """Bytes written; stopped at the limit, whatever the entry says of its size."""
    size = 0
    with archive.open(entry) as source, to.open("xb") as target:
        while block := source.read(BLOCK):
            size += len(block)
            if size > limit:
                raise DataError(
                    f"{name} is refused: {entry.filename[:80]} unpacks to more than {limit:,} bytes, the limit for it."
                )
            target.write(block)
    return size
