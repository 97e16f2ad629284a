import os
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import pytest

from zoo.errors import CardError
from zoo.manifest import CURRENT, MANIFEST, check_manifest, hold_current, publication

CHECKOUT = Path(__file__).resolve().parent.parent


def publish(model_dir: Path, text: str) -> Path:
    with publication(model_dir) as folder:
        (folder / "model.onnx").write_text(text)
    path, lock = hold_current(model_dir)
    lock.close()
    return path


def test_what_was_published_is_in_service_and_checks_out(tmp_path):
    folder = publish(tmp_path / "ease", "weights")
    assert (folder / "model.onnx").read_text() == "weights"
    assert folder.name == check_manifest(folder)[:8]
    assert os.stat(folder).st_mode & 0o055 == 0o055  # a server that runs as another user can read it


def test_a_new_publication_takes_over_and_the_old_one_goes(tmp_path):
    old = publish(tmp_path, "old")
    new = publish(tmp_path, "new")
    assert new != old
    assert not old.exists()
    assert (new / "model.onnx").read_text() == "new"


def test_the_old_one_stays_while_somebody_reads_it(tmp_path):
    old = publish(tmp_path, "old")
    path, lock = hold_current(tmp_path)
    publish(tmp_path, "new")
    assert path == old
    assert (old / "model.onnx").read_text() == "old"
    lock.close()
    publish(tmp_path, "newer")
    assert not old.exists()


def test_publishing_the_same_bytes_again_keeps_them_in_service(tmp_path):
    assert publish(tmp_path, "same") == publish(tmp_path, "same")
    assert (tmp_path / CURRENT).exists()


def test_an_exception_while_publishing_leaves_no_trace(tmp_path):
    old = publish(tmp_path, "old")

    def fail_halfway():
        with publication(tmp_path) as folder:
            (folder / "model.onnx").write_text("half")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail_halfway()
    assert hold_current(tmp_path)[0] == old
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted([".publishing", CURRENT, old.name])


STOPPING = """
    import sys, time
    from pathlib import Path
    import zoo.manifest as manifest

    real = getattr(manifest.os, sys.argv[2]) if hasattr(manifest.os, sys.argv[2]) else None
    def stop(*arguments):
        print("here", flush=True)
        time.sleep(60)
    setattr(manifest.os, sys.argv[2], stop)
    with manifest.publication(Path(sys.argv[1])) as folder:
        (folder / "model.onnx").write_text("new")
"""


@pytest.mark.parametrize("moment", ["fsync", "rename", "replace"])
def test_kill_9_while_publishing_leaves_the_old_model_in_service(tmp_path, moment):
    old = publish(tmp_path, "old")
    process = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(STOPPING), str(tmp_path), moment],
        cwd=CHECKOUT,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout.readline() == "here\n"
    os.kill(process.pid, signal.SIGKILL)
    process.wait()

    path, lock = hold_current(tmp_path)
    assert path == old
    assert check_manifest(path)
    lock.close()
    new = publish(tmp_path, "newer")  # and what the killed one left behind is cleared away
    assert {path.name for path in tmp_path.iterdir()} == {".publishing", CURRENT, new.name}


def test_publishers_wait_for_each_other(tmp_path):
    code = """
        import sys, time
        from pathlib import Path
        from zoo.manifest import publication
        with publication(Path(sys.argv[1])) as folder:
            print("in", flush=True)
            time.sleep(1)
            (folder / "model.onnx").write_text("first")
            print(time.monotonic(), flush=True)
    """
    first = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(code), str(tmp_path)], cwd=CHECKOUT, stdout=subprocess.PIPE, text=True
    )
    assert first.stdout.readline() == "in\n"
    second = publish(tmp_path, "second")
    assert time.monotonic() > float(first.stdout.readline())
    assert first.wait() == 0
    assert (second / "model.onnx").read_text() == "second"


def change(folder):
    (folder / "model.onnx").write_text("weightz")


def remove(folder):
    (folder / "model.onnx").unlink()


def add(folder):
    (folder / "extra").write_text("foreign")


def spoil(folder):
    (folder / MANIFEST).write_text("{")


def forget(folder):
    (folder / MANIFEST).unlink()


@pytest.mark.parametrize(
    ("damage", "sentence"),
    [
        (change, "checksum"),
        (remove, "is missing"),
        (add, "not in the manifest"),
        (spoil, "cannot be read"),
        (forget, "has no MANIFEST"),
    ],
)
def test_a_damaged_folder_is_refused_with_the_file_that_is_wrong(tmp_path, damage, sentence):
    folder = publish(tmp_path, "weights")
    damage(folder)
    with pytest.raises(CardError, match=sentence):
        check_manifest(folder)


def test_a_folder_without_a_publication_says_how_to_make_one(tmp_path):
    with pytest.raises(CardError, match="Train it first"):
        hold_current(tmp_path / "ease")
    (tmp_path / CURRENT).write_text("0123abcd\n")
    with pytest.raises(CardError, match="names 0123abcd, which is not there"):
        hold_current(tmp_path)
