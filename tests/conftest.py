"""A small made-up film world, and a zoo trained on it by the real command, once per test run."""

import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from filelock import FileLock
from hypothesis import HealthCheck, settings

from tests.world import write_world

CHECKOUT = Path(__file__).resolve().parent.parent
QUICK = {
    "autoencoder": ("autoencoder.n_factors=8",),
    "denoising": ("denoising.n_epochs=40",),
    "variational": ("variational.n_epochs=30",),
    "two_tower_id": ("two_tower_id.n_epochs=30", "two_tower_id.batch_size=128"),
    "two_tower_id_fold_in": ("two_tower_id_fold_in.n_epochs=30", "two_tower_id_fold_in.batch_size=128"),
    "two_tower_profile": ("two_tower_profile.n_epochs=20", "two_tower_profile.batch_size=128"),
    "two_tower_item_profile": ("two_tower_item_profile.n_epochs=20", "two_tower_item_profile.batch_size=128"),
    "two_tower_text": ("two_tower_text.n_epochs=10", "two_tower_text.batch_size=128", "two_tower_text.n_buckets=512"),
    "two_tower_image": ("two_tower_image.n_epochs=6", "two_tower_image.batch_size=256"),
    "two_tower_mixed": (
        "two_tower_mixed.n_epochs=20",
        "two_tower_mixed.batch_size=128",
        "two_tower_mixed.n_buckets=512",
    ),
    "item_knn": ("item_knn.n_neighbours=20",),
    "asymmetric_svd": ("asymmetric_svd.n_factors=8", "asymmetric_svd.n_epochs=60", "asymmetric_svd.batch_size=50"),
    "pure_svd": ("pure_svd.n_factors=8",),
    "ease": ("ease.l2=5",),
    "ease_sparse": (
        "ease_sparse.l2=5",
        "ease_sparse.n_support=12",
        "ease_sparse.group=20",
        "ease_sparse.n_neighbours=30",
    ),
}

settings.register_profile("patient", deadline=None, suppress_health_check=[HealthCheck.too_slow])  # not a clock
settings.load_profile("patient")


def pytest_make_parametrize_id(val: object) -> str | None:
    """Bytes that are no text are named by their number: what is packed holds the second in which it was packed, and
    two workers that collect in different seconds must find the same tests."""
    if isinstance(val, bytes) and any(byte > 126 or (byte < 32 and byte not in b"\t\n\r") for byte in val):
        return f"{len(val)} bytes"
    return None


@pytest.fixture(scope="session")
def world(tmp_path_factory) -> Path:
    """A folder with interactions.csv and items.csv of 240 people and 60 films."""
    folder = tmp_path_factory.mktemp("world") / "tiny"
    write_world(folder)
    return folder


@pytest.fixture(scope="session")
def tiny_zoo(world, tmp_path_factory) -> Path:
    """A zoo with `tiny` (users held out whole; all models) and `tiny-last` (last choice held out; two models twice).

    One for all processes of a run. Where MENAGERIE_TINY_ZOO names a folder, one that an earlier run trained there is
    taken as it is: two minutes less for whoever runs one file again and again. Delete it after a change in training.
    """
    zoo = Path(os.environ.get("MENAGERIE_TINY_ZOO") or _of_all_processes(tmp_path_factory) / "zoo")
    with FileLock(f"{zoo}.lock"):
        if not (zoo / "tiny-last").is_dir():
            settings = (setting for settings in QUICK.values() for setting in settings)
            train(zoo, world, "all", "ease_sparse", "--set", *settings)
            last = ("--split", "leave-last-out", "--name", "tiny-last", "--seeds", "2")
            train(zoo, world, "popularity", "two_tower_id", *last, "--set", *QUICK["two_tower_id"])
    return zoo


def _of_all_processes(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of this run; pytest-xdist gives each of its processes one within it."""
    own = tmp_path_factory.getbasetemp()
    return own.parent if "PYTEST_XDIST_WORKER" in os.environ else own


def train(zoo: Path, data: Path, *arguments: str) -> subprocess.CompletedProcess:
    return menagerie("train", *arguments, "--data", str(data), "--out", str(zoo))


def until(holds: Callable[[], object], seconds: float = 30.0) -> None:
    """Waits for what nothing tells: a process, a log, another's memory."""
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end, "it did not happen"
        time.sleep(0.02)


def menagerie(*arguments: str, status: int = 0, **environment: str) -> subprocess.CompletedProcess:
    """Run the real command; its exit status is checked."""
    done = subprocess.run(
        [sys.executable, "-m", "zoo.cli", *arguments],
        cwd=CHECKOUT,
        env={**os.environ, **environment},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=1800,
        check=False,
    )
    assert done.returncode == status, f"menagerie {' '.join(arguments)}\n{done.stdout}\n{done.stderr}"
    return done


@pytest.fixture(scope="session")
def test_data() -> Path:
    """The folder of real data sets; tests that need it say so where it is not there."""
    if not (folder := os.environ.get("MENAGERIE_TEST_DATA")):
        pytest.skip("LEFT OUT: MENAGERIE_TEST_DATA is not set, so nothing was run on the real data sets")
    return Path(folder)
