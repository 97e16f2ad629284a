"""What `menagerie serve` hands to the app, and what the app says before it begins."""

import argparse
import os
import sys

import pytest

from pages.parts import server
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


def test_the_app_says_its_address_and_that_the_zoo_is_empty_and_streamlit_is_given_its_own_options(
    monkeypatch, tmp_path, capsys
):
    monkeypatch.setattr(server.cli, "main", lambda: None)
    monkeypatch.setattr(server.logs, "set_up", lambda form: None)
    monkeypatch.setattr(server.starlette_server, "_get_uvicorn_config_kwargs", server._of_streamlit)
    monkeypatch.setattr(sys, "argv", [])
    monkeypatch.setenv("MENAGERIE_ZOO", str(tmp_path))
    server.main([f"{serving.SAY}http://localhost:8501", "--server.port=8501"])
    said = capsys.readouterr()
    assert said.out == "http://localhost:8501\n"
    assert said.err.startswith(f"{tmp_path} holds no data set yet.")
    assert sys.argv == ["streamlit", "run", str(server.APP), "--server.port=8501"]
    assert server.starlette_server._get_uvicorn_config_kwargs()["server_header"] is False
