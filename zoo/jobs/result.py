"""What came out of a training: whole models are kept, halves go; then published in the zoo, or packed to take home."""

import fcntl
import io
import os
import shutil
import tempfile
import zipfile
from pathlib import Path

from zoo.dataset import Dataset
from zoo.errors import DataError, ZooError

STAGING = ".adding-"  # before the name of a data set that is being copied into the zoo
LOCK = ".adding"


def gather(work: Path, zoo: Path, name: str) -> list[str]:
    """Names of the whole models that came out, which lie in `zoo` from now on; whatever else was made goes.

    Whole: every file of the data set and of the model is as its manifest says. May be called again after it was
    interrupted.
    """
    if not zoo.exists() and work.exists():
        models = _whole(work / name)
        for path in [*work.iterdir(), *(work / name).iterdir()] if models else []:
            if path.is_dir() and path != work / name and path not in [work / name / model for model in models]:
                shutil.rmtree(path, ignore_errors=True)
        if models:
            os.rename(work, zoo)
    shutil.rmtree(work, ignore_errors=True)
    return Dataset(zoo / name).model_names() if zoo.exists() else []


def _whole(folder: Path) -> list[str]:
    try:
        data = Dataset(folder)
        data.check()
    except (ZooError, OSError):
        return []
    return [name for name in data.model_names() if _is_whole(data, name)]


def _is_whole(data: Dataset, name: str) -> bool:
    try:
        data.model(name).close()
    except (ZooError, OSError):
        return False
    return True


def publish(made: Path, zoo: Path) -> Path:
    """Copy a data set with its models into a zoo under its own name, in one step; returns where it lies.

    Whatever happens in between (an exception, kill -9, a full disk), the zoo is as before: what is copied begins with a
    dot, which no reader of a zoo looks at, and goes with the next publication.

    Raises
    ------
    DataError where the name is taken, or what was made is not whole
    OSError on a full disk, or where the zoo cannot be written
    """
    zoo.mkdir(parents=True, exist_ok=True)
    with (zoo / LOCK).open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        for left in zoo.glob(f"{STAGING}*"):
            shutil.rmtree(left, ignore_errors=True)
        final = zoo / made.name
        if final.exists():
            raise DataError(f"The zoo has a data set {made.name} already. Train it again under another name.")
        staging = Path(tempfile.mkdtemp(prefix=STAGING, dir=zoo))
        try:
            shutil.copytree(made, staging, ignore=shutil.ignore_patterns(".*"), dirs_exist_ok=True)
            if sorted(_whole(staging)) != Dataset(made).model_names():
                raise DataError(f"{made.name} did not arrive whole in the zoo. Publish it again.")
            staging.chmod(0o755)  # mkdtemp made it private; the server may be another user
            _sync([*staging.rglob("*"), staging])
            os.rename(staging, final)
            _sync([zoo])
        finally:
            shutil.rmtree(staging, ignore_errors=True)
    return final


def _sync(paths: list[Path]) -> None:
    for path in paths:
        handle = os.open(path, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def size_of(folder: Path) -> int:
    """Bytes of all files below."""
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def packed(made: Path) -> bytes:
    """A zip of zoo/NAME/...: unpacked, its folder zoo is what `menagerie serve --zoo zoo` takes."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:  # stored, not deflated: weights do not shrink
        for path in sorted(made.rglob("*")):
            inside = path.relative_to(made)
            if path.is_file() and not any(part.startswith(".") for part in inside.parts):
                archive.write(path, str(Path("zoo") / made.name / inside))
    return buffer.getvalue()
