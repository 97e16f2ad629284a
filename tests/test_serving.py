"""What `menagerie serve` hands to the app."""

import argparse
import os

import pytest

from zoo import serving


@pytest.mark.skipif(os.name != "posix", reason="LEFT OUT: here the app is another process, not in our place")
@pytest.mark.parametrize("given", [None, "dirty_decay_ms:9"])
def test_the_app_gives_freed_memory_back_unless_somebody_set_that_otherwise(monkeypatch, tmp_path, given):
    handed = {}
    monkeypatch.setattr(os, "execve", lambda path, command, environment: handed.update(environment))
    monkeypatch.setattr(os, "chdir", lambda path: None)
    monkeypatch.setattr(serving.subprocess, "run", lambda *args, **options: argparse.Namespace(returncode=0))
    for name in serving.ALLOCATORS:
        monkeypatch.delenv(name, raising=False)
    if given:
        monkeypatch.setenv("_RJEM_MALLOC_CONF", given)
    monkeypatch.setenv("PATH", "kept")
    serving.serve(argparse.Namespace(port=None, zoo=tmp_path), [])
    assert handed["_RJEM_MALLOC_CONF"] == given or handed["_RJEM_MALLOC_CONF"].startswith("dirty_decay_ms:500")
    assert int(handed["MALLOC_TRIM_THRESHOLD_"]) == 128 * 1024
    assert handed["PATH"] == "kept"
    assert handed["MENAGERIE_ZOO"] == str(tmp_path)
