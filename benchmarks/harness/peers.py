"""Other libraries, each in a virtual environment of its own, made where it is missing.

    python -m benchmarks.harness.peers            makes all of them
    python -m benchmarks.harness.peers lenskit    one

They lie in .peers/ (or MENAGERIE_PEERS). A peer that cannot be installed is left out of the tables, which say so.
"""

import os
import subprocess
import sys
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from benchmarks.harness.process import CHECKOUT, Failed

TORCH = "torch==2.13.0"  # as ours; unpinned, it brings gigabytes that a processor cannot use


@dataclass(frozen=True)
class Peer:
    name: str
    title: str
    requirements: tuple[str, ...]
    note: str = ""  # what a reader of a table must know


PEERS = {
    peer.name: peer
    for peer in (
        Peer("lenskit", "LensKit", ("lenskit", TORCH)),
        Peer("cornac", "Cornac", ("cornac", TORCH)),
        Peer("rectools", "RecTools", ("rectools",), "ranks with the transposed matrix; its weights are scored by us"),
        Peer("recpack", "RecPack", ("recpack", TORCH)),
        Peer("implicit", "implicit", ("implicit",)),
        Peer("sansa", "SANSA", ("sansa", "scikit-sparse<0.5")),  # builds against Debian 12's libsuitesparse-dev
    )
}


def place() -> Path:
    return Path(os.environ.get("MENAGERIE_PEERS") or CHECKOUT / ".peers")


@cache
def python_of(name: str) -> Path:
    """The interpreter of a peer's environment, which is made where it is missing.

    Raises
    ------
    Failed with pip's last words
    """
    peer, python = PEERS[name], place() / name / "bin" / "python"
    ready = place() / name / ".ready"
    if not ready.is_file():
        print(f"{peer.title}: installing {' '.join(peer.requirements)}", file=sys.stderr, flush=True)
        for command in (
            [sys.executable, "-m", "venv", place() / name],
            [python, "-m", "pip", "install", "--quiet", *peer.requirements],
        ):
            done = subprocess.run(list(map(str, command)), capture_output=True, text=True, check=False)
            if done.returncode:
                raise Failed(f"cannot be installed: {(done.stderr.strip() or 'no word').splitlines()[-1]}")
        ready.touch()
    return python


def version_of(name: str) -> str:
    code = f"from importlib.metadata import version; print(version({name!r}))"
    return subprocess.run([str(python_of(name)), "-c", code], capture_output=True, text=True, check=True).stdout.strip()


def main() -> None:
    for name in sys.argv[1:] or PEERS:
        try:
            python_of(name)
            print(f"{PEERS[name].title} {version_of(name)}")
        except Failed as failed:
            print(f"{PEERS[name].title}: {failed}")


if __name__ == "__main__":
    main()
