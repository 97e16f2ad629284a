"""What `menagerie serve` hands to the app, and what the app says before it begins."""

import argparse
import asyncio
import importlib.metadata
import inspect
import os
import socket
import sys

import pytest
from streamlit.components.v2.component_manager import BidiComponentManager

from pages.parts import server
from zoo import serving


@pytest.mark.skipif(os.name != "posix", reason="LEFT OUT: here the app is another process, not in our place")
@pytest.mark.parametrize("given", [None, "dirty_decay_ms:9"])
def test_the_app_gives_freed_memory_back_unless_somebody_set_that_otherwise(monkeypatch, tmp_path, given):
    handed = {}
    monkeypatch.setattr(os, "execve", lambda path, command, environment: handed.update(environment))
    monkeypatch.setattr(os, "chdir", lambda path: None)
    monkeypatch.setattr(serving.subprocess, "run", lambda *args, **options: argparse.Namespace(returncode=0))
    for name in serving.ALLOCATORS | serving.PRODUCTS:
        monkeypatch.delenv(name, raising=False)
    if given:
        monkeypatch.setenv("_RJEM_MALLOC_CONF", given)
    monkeypatch.setenv("PATH", "kept")
    serving.serve(argparse.Namespace(port=None, zoo=tmp_path), [])
    assert handed["_RJEM_MALLOC_CONF"] == given or handed["_RJEM_MALLOC_CONF"].startswith("dirty_decay_ms:500")
    assert int(handed["MALLOC_TRIM_THRESHOLD_"]) == 128 * 1024
    assert 2 ** int(handed["OPENBLAS_THREAD_TIMEOUT"]) < 10**7  # cycles in a loop: some milliseconds
    assert handed["PATH"] == "kept"
    assert handed["MENAGERIE_ZOO"] == str(tmp_path)


@pytest.fixture
def set_up(monkeypatch):
    """Streamlit as the app sets it up; afterwards as it was."""
    for owner, name in (
        (server.starlette_server, "_get_uvicorn_config_kwargs"),
        (server.starlette_server, "_bind_socket"),
        (server.manifest_scanner, "scan_component_manifests"),
        (server.delta_generator, "_use_warning_has_been_displayed"),
    ):
        monkeypatch.setattr(owner, name, getattr(owner, name))
    server.set_up()


def test_a_connection_sends_what_is_small_at_once(set_up):
    async def said_at_once() -> int:
        listening = server.starlette_server._bind_socket("127.0.0.1", 0, 1)
        found = asyncio.get_running_loop().create_future()

        async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            accepted = writer.get_extra_info("socket")
            found.set_result(accepted.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY))
            writer.close()

        async with await asyncio.start_server(answer, sock=listening):
            _, writer = await asyncio.open_connection(*listening.getsockname())
            writer.close()
            return await found

    assert asyncio.run(said_at_once())


def test_at_the_start_streamlit_reads_neither_packages_nor_the_source_of_its_callers(set_up, monkeypatch, caplog):
    def never(*args: object) -> None:
        raise AssertionError("this takes a visitor's time")

    monkeypatch.setattr(importlib.metadata, "distributions", never)
    monkeypatch.setattr(inspect, "stack", never)
    BidiComponentManager().discover_and_register_components(start_file_watching=False)
    server.delta_generator._maybe_print_use_warning()
    assert caplog.text == ""


def test_the_app_says_its_address_and_that_the_zoo_is_empty_and_streamlit_is_given_its_own_options(
    set_up, monkeypatch, tmp_path, capsys
):
    monkeypatch.setattr(server.cli, "main", lambda: None)
    monkeypatch.setattr(server.logs, "set_up", lambda form: None)
    monkeypatch.setattr(sys, "argv", [])
    monkeypatch.setenv("MENAGERIE_ZOO", str(tmp_path))
    server.main([f"{serving.SAY}http://localhost:8501", "--server.port=8501"])
    said = capsys.readouterr()
    assert said.out == "http://localhost:8501\n"
    assert said.err.startswith(f"{tmp_path} holds no data set yet.")
    assert sys.argv == ["streamlit", "run", str(server.APP), "--server.port=8501"]
    assert server.starlette_server._get_uvicorn_config_kwargs()["server_header"] is False
