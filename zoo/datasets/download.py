"""One file over HTTP: with progress, resumed where it broke off, compared with its checksum. Standard library only.

    NAME.part         what has come so far; kept when the connection breaks
    NAME.part.json    the address and the server's validator (ETag or Last-Modified) that it belongs to

A part is continued only where the server says that the file is still the same one (Range with If-Range, RFC 9110).
"""

import fcntl
import hashlib
import json
import os
import re
import sys
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.client import HTTPException, HTTPResponse
from pathlib import Path
from typing import IO
from urllib.error import HTTPError, URLError
from urllib.parse import urlsplit

from zoo.errors import DataError

BLOCK = 2**20  # bytes read together
PATIENCE = 30  # seconds without a byte before the connection counts as broken
MD5 = re.compile(r"\b[0-9a-fA-F]{32}\b")  # "6b51...  ml-25m.zip" and "MD5 (ml-1m.zip) = c4d9..." are both in use
Progress = Callable[[int, int | None], None]  # bytes so far, and all of them where the server tells


def download(url: str, part: Path, limit: int, progress: Progress) -> None:
    """Fetch `url` into `part`, continuing what is already there.

    Raises
    ------
    DataError when the address cannot be reached or answers with an error, when the connection breaks (what came is
    kept), when the file is larger than `limit` bytes, and when the disk is full
    """
    with writing_to(part), part.open("ab") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise DataError(f"{part.name} is being downloaded by another process. Wait for it to end.") from None
        try:
            _continue(url, part, file, limit, progress)
        finally:
            if not os.fstat(file.fileno()).st_size:  # nothing came: nothing is left behind
                part.unlink(missing_ok=True)


def _continue(url: str, part: Path, file: IO[bytes], limit: int, progress: Progress) -> None:
    start, (validator, whole) = os.fstat(file.fileno()).st_size, _noted(part, url)
    if start and start == whole:  # all of it came, and then something else went wrong
        return
    headers = {"Range": f"bytes={start}-", "If-Range": validator} if start and validator else {}
    with _opened(url, headers) as response:
        if response is None:  # 416: the file is shorter than what is here, so it is another one by now
            file.truncate(0)
            _note(part, url, None, None)
            return _continue(url, part, file, limit, progress)
        if start and not _continues(response, start):
            start = 0
            file.truncate(0)
        length = response.headers.get("Content-Length", "")
        total = start + int(length) if length.isdigit() else None
        _check_size(total or 0, limit, url)
        _note(part, url, response, total)
        done = _copy(response, file, start, total, limit, progress, url)
    if total is not None and done < total:
        raise _broken(url, done, total)


def _copy(
    response: HTTPResponse, file: IO[bytes], start: int, total: int | None, limit: int, progress: Progress, url: str
) -> int:
    done = start
    progress(done, total)
    while block := _read(response, url, done, total):
        file.write(block)
        file.flush()  # what came is there to be continued, however this process ends
        done += len(block)
        _check_size(done, limit, url)
        progress(done, total)
    return done


def _read(response: HTTPResponse, url: str, done: int, total: int | None) -> bytes:
    try:
        return response.read1(BLOCK)
    except (OSError, HTTPException) as error:  # of the connection; those of the disk come from elsewhere
        raise _broken(url, done, total) from error


def _broken(url: str, done: int, total: int | None) -> DataError:
    of = f" of {total:,}" if total else ""
    return DataError(
        f"The connection to {_host(url)} broke after {done:,}{of} bytes. They are kept: "
        "run the same command again to continue."
    )


@contextmanager
def _opened(url: str, headers: dict[str, str]) -> Iterator[HTTPResponse | None]:
    """The answer to a request; None for 416, the range that is not there."""
    if urlsplit(url).scheme not in ("http", "https"):
        raise DataError(f"{url} is no web address. Give one that begins with https://, or a file.")
    request = urllib.request.Request(url, headers={"User-Agent": "menagerie", "Accept-Encoding": "identity", **headers})
    try:
        response = urllib.request.urlopen(request, timeout=PATIENCE)
    except HTTPError as error:
        error.close()
        if error.code == 416 and "Range" in headers:
            yield None
            return
        raise DataError(f"{url} answers {error.code} ({error.reason}). {_advice(error.code)}") from error
    except (URLError, OSError, HTTPException, ValueError) as error:
        reason = getattr(error, "reason", None) or error
        raise DataError(
            f"{_host(url)} cannot be reached ({reason}). Is this machine on the internet? If not, download "
            f"{url.removesuffix('.md5')} elsewhere, and name the file with --from FILE."
        ) from error
    with response:
        yield response


def _advice(code: int) -> str:
    if code in (404, 410):
        return "Its owner may have moved it: look at the page of the data set, and give the new address with --from."
    return "Try again later, or give another address with --from."


def _continues(response: HTTPResponse, start: int) -> bool:
    """Whether what comes belongs behind the `start` bytes that are here."""
    return response.status == 206 and response.headers.get("Content-Range", "").startswith(f"bytes {start}-")


def _noted(part: Path, url: str) -> tuple[str | None, int | None]:
    """The validator and the length of the file at `url` that the part belongs to; None where not known."""
    try:
        noted = json.loads(_note_of(part).read_text(encoding="utf-8"))
        return (noted["validator"], noted["bytes"]) if noted["url"] == url else (None, None)
    except (OSError, ValueError, KeyError, TypeError):
        return None, None


def _note(part: Path, url: str, response: HTTPResponse | None, total: int | None) -> None:
    """Writes down what the part belongs to. A weak ETag does not promise the same bytes."""
    etag, modified = (response.headers.get(name) if response else None for name in ("ETag", "Last-Modified"))
    validator = etag if etag and not etag.startswith("W/") else modified
    _note_of(part).write_text(json.dumps({"url": url, "validator": validator, "bytes": total}), encoding="utf-8")


def _note_of(part: Path) -> Path:
    return part.with_name(part.name + ".json")


def forget(part: Path) -> None:
    """Remove a part that is of no more use."""
    part.unlink(missing_ok=True)
    _note_of(part).unlink(missing_ok=True)


def published_md5(url: str) -> str | None:
    """The checksum that stands at `url`; None where nothing is published there (404)."""
    try:
        with _opened(url, {}) as response:
            text = "" if response is None else response.read(1_000).decode("latin-1")
    except DataError as error:
        if isinstance(error.__cause__, HTTPError) and error.__cause__.code in (403, 404, 410):
            return None
        raise
    except (OSError, HTTPException) as error:
        raise DataError(f"The connection to {_host(url)} broke. Run the same command again.") from error
    return md5_in(text, url)


def md5_in(text: str, name: str) -> str:
    """The checksum in a line of `md5sum` or of `md5`."""
    if not (found := MD5.search(text)):
        raise DataError(f"{name} holds no MD5 checksum. Try again later.")
    return found[0].lower()


def check_md5(path: Path, expected: str) -> None:
    """`DataError` where the file is not the one that its owner published."""
    with path.open("rb") as file:
        found = hashlib.file_digest(file, lambda: hashlib.md5(usedforsecurity=False)).hexdigest()
    if found != expected:
        raise DataError(
            f"{path.name.removesuffix('.part')} is not the file that its owner published: its MD5 is {found}, "
            f"published is {expected}."
        )


@contextmanager
def writing_to(path: Path) -> Iterator[None]:
    """Turns the disk's errors into a sentence."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        yield
    except OSError as error:
        raise DataError(
            f"{path.parent} cannot be written ({error.strerror or error}). Make room there, "
            "or choose another folder with MENAGERIE_CACHE or --to."
        ) from error


def bar(name: str) -> Progress:
    """Progress on standard error: one line that moves on a terminal, a line every tenth elsewhere."""
    told = -1

    def show(done: int, total: int | None) -> None:
        nonlocal told
        if sys.stderr.isatty():
            line = f"\r{name}  {_filled(done, total)}"
            end = "\n" if done == total else ""
        else:
            tenth = 10 * done // total if total else done // (100 * BLOCK)
            if tenth == told:
                return
            told, line, end = tenth, f"{name}: {_amount(done, total)}", "\n"
        print(line, end=end, file=sys.stderr, flush=True)

    return show


def _filled(done: int, total: int | None) -> str:
    if not total:
        return _amount(done, total)
    width = 30 * done // total
    return f"[{'#' * width}{'.' * (30 - width)}] {_amount(done, total)}  "


def _amount(done: int, total: int | None) -> str:
    """
    >>> _amount(2_500_000, 5_000_000), _amount(2_500_000, None)
    ('2.5 of 5.0 MB (50 %)', '2.5 MB')
    """
    if not total:
        return f"{done / 1e6:.1f} MB"
    return f"{done / 1e6:.1f} of {total / 1e6:.1f} MB ({100 * done // total} %)"


def _check_size(size: int, limit: int, url: str) -> None:
    if size > limit:
        raise DataError(f"{url} is larger than {limit:,} bytes, the limit for it. It is not the published archive.")


def _host(url: str) -> str:
    return urlsplit(url).hostname or url
