"""Files at an address, asked for one by one. The only file that calls fsspec; whatever it raises is one sentence."""

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, cast
from urllib.parse import quote, urlsplit

from aiohttp import ClientResponseError, ClientTimeout
from fsspec.core import url_to_fs
from fsspec.implementations.http import HTTPFileSystem

from zoo.errors import CardError, ZooError
from zoo.manifest import Listed
from zoo.settings import shown

BLOCK = 2**20  # bytes read together
PATIENCE = 30  # seconds without a byte, or for a connection, after which a server counts as gone
MOST_NAMES = 10_000  # in one folder of a listing
EXTRAS = {"s3": "s3fs", "gs": "gcsfs", "gcs": "gcsfs", "abfs": "adlfs", "az": "adlfs"}


class Unreachable(ZooError):
    """The address does not answer, or not as it should. What was fetched before is as good as it was."""


class Missing(CardError):
    """The address answers that there is no such file."""


class Source:
    """A folder at an address.

    Raises
    ------
    Unreachable from every method, where the address does not answer; Missing, where it has no such file
    """

    def __init__(self, url: str) -> None:
        self.name = shown("zoo", url)  # without passwords
        self._secret = urlsplit(url).password
        with self._asking():
            self._files, self._root = url_to_fs(url, **_options(url))

    @property
    def lists(self) -> bool:
        """Whether it can tell what it holds: a web server cannot be trusted to."""
        return not isinstance(self._files, HTTPFileSystem)

    def read(self, path: str, most: int) -> bytes:
        """A short file; a `CardError` where it is longer than `most` bytes."""
        content = b""
        with self._open(path) as file:
            while len(content) <= most and (block := self._block(file, most + 1 - len(content))):
                content += block
        if len(content) > most:
            raise CardError(f"{self.name}/{path} is longer than {most:,} bytes. It is not what it should be.")
        return content

    def fetch(self, path: str, to: Path, listed: Listed) -> None:
        """A file as its manifest has it, into a new file; never more bytes than that.

        Raises
        ------
        CardError where what comes is longer, shorter, or another file
        OSError of the disk
        """
        digest, left = hashlib.sha256(), listed.bytes
        with to.open("xb") as target, self._open(path) as source:
            while block := self._block(source, min(BLOCK, left + 1)):
                if len(block) > left:
                    raise CardError(f"{self.name}/{path} is longer than its manifest says. Publish it again.")
                target.write(block)
                digest.update(block)
                left -= len(block)
        if left or digest.hexdigest() != listed.sha256:
            what = f"ends {left:,} bytes too early" if left else "is not the file that was published (checksum)"
            raise CardError(f"{self.name}/{path} {what}. Publish it again.")

    def folders(self, path: str = "") -> list[str]:
        """The names of the folders in a folder, as far as a listing goes."""
        with self._asking():
            self._files.invalidate_cache()
            try:
                found = self._files.ls(self._at(path), detail=True)
            except FileNotFoundError:
                return []
            if len(found) > MOST_NAMES:
                raise CardError(f"{self.name}/{path} lists more than {MOST_NAMES:,} names. It is no zoo.")
            return sorted(
                str(one["name"]).rstrip("/").rpartition("/")[2] for one in found if one["type"] == "directory"
            )

    def _at(self, path: str) -> str:
        path = path if self.lists else quote(path)
        return f"{self._root}/{path}".rstrip("/")

    @contextmanager
    def _open(self, path: str) -> Iterator[IO[bytes]]:
        # A web server is read as a stream: no question about the length beforehand, no ranges, nothing read ahead
        options = {} if self.lists else {"block_size": 0, "size": 1}
        with self._asking(path):
            file = cast(IO[bytes], self._files.open(self._at(path), "rb", **options))
        try:
            yield file
        finally:
            with self._asking(path):
                file.close()

    def _block(self, file: IO[bytes], most: int) -> bytes:
        with self._asking():
            return file.read(most)

    @contextmanager
    def _asking(self, path: str = "") -> Iterator[None]:
        try:
            yield
        except ZooError:
            raise
        except FileNotFoundError as error:
            raise Missing(f"{self.name}/{path} is not there. Publish it again.") from error
        except ClientResponseError as error:  # the server is there, and gives everything but this
            raise CardError(f"{self.name}/{path} answers {error.status}. Look at the web server.") from error
        except (ImportError, ValueError) as error:
            raise Unreachable(f"{self.name} cannot be read: {self._said(error)}. {_advice(self.name)}") from error
        except Exception as error:  # each file system has errors of its own, and there are dozens of them
            raise Unreachable(f"{self.name} cannot be reached ({self._said(error)}).") from error

    def _said(self, error: Exception) -> str:
        """The first line of an error, or its kind; a password that it quotes is left out."""
        text = (str(error).strip().splitlines() or [type(error).__name__])[0].rstrip(".")
        return text.replace(self._secret, "…") if self._secret else text


def _options(url: str) -> dict[str, Any]:
    if urlsplit(url).scheme.lower() not in ("http", "https"):
        return {}
    timeout = ClientTimeout(total=None, sock_connect=PATIENCE, sock_read=PATIENCE)
    headers = {"Accept-Encoding": "identity", "User-Agent": "menagerie"}  # packed, it could be longer than announced
    return {"client_kwargs": {"timeout": timeout, "headers": headers}}


def _advice(name: str) -> str:
    scheme = name.partition("://")[0].lower()
    if scheme in EXTRAS:
        return f"Install what reads such addresses: pip install {EXTRAS[scheme]}, or '.[remote]' for s3."
    return "Name a folder, or an address that begins with https:// or s3://."
