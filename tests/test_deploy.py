"""How the app is put onto the internet: the image, the composition, the proxy, the audit."""

import asyncio
import json
import re
import ssl
import subprocess
import urllib.error
import urllib.request
from dataclasses import fields
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement
from websockets.asyncio.client import connect

from benchmarks.load.served import free_port, proxied, stop, wait_for
from benchmarks.load.tab import trusting
from deploy import audit
from zoo.settings import Settings

CHECKOUT = Path(__file__).resolve().parent.parent
DOCKERFILE = (CHECKOUT / "Dockerfile").read_text()
COMPOSE = yaml.safe_load((CHECKOUT / "compose.yaml").read_text())
REPLICA = """
import sys, uvicorn
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Route, WebSocketRoute
name, port = sys.argv[1:]
async def here(request):
    return PlainTextResponse(name)
async def told(request):
    return PlainTextResponse(f"{len(await request.body())} {request.headers['x-forwarded-proto']}")
async def stream(socket):
    await socket.accept()
    await socket.send_text(name + " " + await socket.receive_text())
    await socket.close()
routes = [Route(path, here) for path in ("/", "/_stcore/health", "/metrics", "/_stcore/metrics", "/other")]
routes += [Route("/_stcore/upload_file", told, methods=["PUT"]), WebSocketRoute("/_stcore/stream", stream)]
uvicorn.run(Starlette(routes=routes), port=int(port), log_level="error")
"""


def test_the_image_is_pinned_runs_as_nobody_and_holds_nothing_that_builds_or_tests():
    stages = re.findall(r"^FROM (\S+)", DOCKERFILE, re.MULTILINE)
    assert stages == ["${BASE}", "${BASE}"]
    assert re.search(r"^ARG BASE=python:\d+\.\d+\.\d+-slim-\w+$", DOCKERFILE, re.MULTILINE)
    assert "--require-hashes" in DOCKERFILE
    last = DOCKERFILE.rpartition("FROM ${BASE}")[2]
    assert "USER 10001:10001" in last
    assert "HEALTHCHECK" in last
    assert "MENAGERIE_HOSTED=1" in last
    assert not re.search(r"pip|apt-get|gcc", last)


def test_only_what_the_app_needs_is_let_into_the_image():
    rules = [line for line in (CHECKOUT / ".dockerignore").read_text().splitlines() if line and line[0] != "#"]
    assert rules[0] == "*"
    let_in = [rule[1:] for rule in rules if rule.startswith("!")]
    assert all(list(CHECKOUT.glob(path)) for path in let_in)
    assert not {"tests", "benchmarks", ".git", ".venv", ".env", "docs"} & {path.split("/")[0] for path in let_in}
    assert [path for path in let_in if path.startswith(".streamlit/")] == [".streamlit/config.toml"]  # and no secrets


@pytest.mark.parametrize("name", COMPOSE["services"])
def test_every_service_is_confined(name):
    service = COMPOSE["services"][name]
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert {"mem_limit", "pids_limit", "restart", "tmpfs"} <= service.keys()
    assert not service.get("privileged")


def test_only_the_proxy_is_seen_from_outside_and_it_knows_every_replica():
    services = COMPOSE["services"]
    assert [name for name, service in services.items() if "ports" in service] == ["proxy"]
    replicas = [name for name in services if name != "proxy"]
    assert services["proxy"]["environment"]["REPLICAS"].split() == [f"{name}:8501" for name in replicas]
    assert sorted(services["proxy"]["depends_on"]) == sorted(replicas)
    assert COMPOSE["networks"]["inside"]["internal"] is True
    assert all(services[name]["networks"] == ["inside"] for name in replicas)


def test_every_variable_that_is_passed_on_is_a_setting_and_is_explained():
    known = {f"MENAGERIE_{name.upper()}" for name in setting_names()} | {"MENAGERIE_CACHE"}
    passed = {name for name in COMPOSE["x-app"]["environment"] if name.startswith("MENAGERIE_")}
    assert passed
    assert passed <= known
    assert set(re.findall(r"MENAGERIE_[A-Z_]+", DOCKERFILE)) <= known
    asked = set(re.findall(r"\$\{([A-Z_]+)", (CHECKOUT / "compose.yaml").read_text()))
    explained = set(re.findall(r"^#?([A-Z_]+)=", (CHECKOUT / "deploy" / "example.env").read_text(), re.MULTILINE))
    assert asked == explained


def setting_names() -> list[str]:
    return list(Settings.model_fields) if hasattr(Settings, "model_fields") else [one.name for one in fields(Settings)]


@pytest.mark.parametrize("name", audit.LOCKS)
def test_the_lock_has_what_the_project_asks_for_and_a_hash_for_every_package(name):
    import tomllib

    project = tomllib.loads((CHECKOUT / "pyproject.toml").read_text())["project"]
    runtime = name.removesuffix(".lock")
    asked = [*project["dependencies"], *project["optional-dependencies"][runtime]]
    text = (CHECKOUT / "deploy" / name).read_text()
    pinned = dict(re.findall(r"^([a-z0-9._-]+)==(\S+)", text, re.MULTILINE))
    for requirement in map(Requirement, asked):
        assert requirement.specifier.contains(pinned[requirement.name.lower()]), requirement
    packages = re.split(r"^(?=[a-z0-9._-]+==)", text, flags=re.MULTILINE)[1:]
    assert len(packages) == len(pinned) > 40
    assert all("--hash=sha256:" in package for package in packages)
    other = "onnxruntime" if runtime == "gpu" else "onnxruntime-gpu"
    assert other not in pinned


@pytest.fixture(scope="module")
def behind(tmp_path_factory):
    """The proxy in front of two small servers; its address, their processes by name, and its log."""
    import sys

    folder = tmp_path_factory.mktemp("proxy")
    script, log, running = folder / "replica.py", folder / "log.txt", {}
    script.write_text(REPLICA)
    log.touch()
    for name in ("one", "two"):
        port = free_port()
        running[name] = subprocess.Popen([sys.executable, str(script), name, str(port)]), f"http://localhost:{port}"
    try:
        for process, address in running.values():
            wait_for(f"{address}/_stcore/health", process, log)
        with proxied([address for _, address in running.values()], log) as (address, _):
            yield address, {name: process for name, (process, _) in running.items()}, log
    finally:
        for process, _ in running.values():
            stop(process)


def ask(url: str, method: str = "GET", data: bytes | None = None, **headers: str):
    request = urllib.request.Request(url, data, headers, method=method)
    opener = urllib.request.build_opener(
        urllib.request.ProxyHandler({}), urllib.request.HTTPSHandler(context=trusting())
    )
    try:
        with opener.open(request, timeout=20) as answer:
            return answer.status, answer.read().decode(), answer.headers
    except urllib.error.HTTPError as error:
        return error.code, "", error.headers


def cookie_of(headers) -> str:
    return next(one.partition(";")[0] for one in headers.get_all("Set-Cookie") if one.startswith("menagerie_replica="))


def test_a_visitor_stays_with_the_replica_that_was_first_to_answer(behind):
    address, _, _ = behind
    met = set()
    for _ in range(60):  # of two that are free the proxy takes either, by chance
        _, name, headers = ask(f"{address}/")
        met.add(name)
        assert {ask(f"{address}/", Cookie=cookie_of(headers))[1] for _ in range(2)} == {name}
        if len(met) == 2:
            break
    assert met == {"one", "two"}


def test_a_socket_goes_to_the_same_replica(behind):
    address, _, _ = behind
    for _ in range(4):
        _, name, headers = ask(f"{address}/")

        async def talk(cookie: str = cookie_of(headers)) -> str:
            url = f"{address.replace('https', 'wss')}/_stcore/stream"
            headers = {"Cookie": cookie}
            async with connect(url, additional_headers=headers, origin=address, ssl=trusting(), proxy=None) as socket:
                await socket.send("hello")
                return await socket.recv()

        assert asyncio.run(talk()) == f"{name} hello"


@pytest.mark.parametrize("path", ["/metrics", "/_stcore/metrics", "/_stcore/agent/interact", "/metrics/"])
def test_what_is_the_operators_own_stays_inside(behind, path):
    address, _, _ = behind
    assert ask(f"{address}{path}")[0] == 404
    assert ask(f"{address}/other")[0] == 200


def test_a_body_of_one_byte_too_many_is_refused(behind):
    """The proxy closes the connection at that byte: not every client that has more to send reads the answer."""
    address, _, _ = behind
    url, most = f"{address}/_stcore/upload_file", 64 * 10**6
    assert ask(url, "PUT", bytes(most))[1] == f"{most} https"
    assert ask(url, "PUT", bytes(most + 1))[0] == 413


def test_the_log_of_the_proxy_tells_neither_tastes_nor_cookies_nor_whole_addresses(behind):
    address, _, log = behind
    ask(f"{address}/other?like=a-secret-taste", Cookie="a=a-secret-cookie", Referer="https://x/?like=a-secret-way")
    lines = [json.loads(line) for line in log.read_text().splitlines() if '"handled request"' in line]
    assert any(line["request"]["uri"] == "/other" for line in lines)
    assert "a-secret" not in log.read_text()
    assert {line["request"]["remote_ip"] for line in lines} <= {"127.0.0.0", "::"}


def test_http_leads_to_https_and_nobody_is_told_what_serves(behind):
    address, _, _ = behind
    headers = ask(f"{address}/other")[2]
    assert headers["Server"] is None
    assert "X-Powered-By" not in headers
    with pytest.raises((OSError, ssl.SSLError)):
        urllib.request.build_opener(urllib.request.ProxyHandler({})).open(address, timeout=5)  # nobody signed it


def test_when_a_replica_dies_its_visitors_go_to_the_other(behind):  # the last: it is gone then
    address, processes, _ = behind
    _, name, headers = ask(f"{address}/")
    stop(processes[name])
    answers = {ask(f"{address}/", Cookie=cookie_of(headers))[1] for _ in range(3)}
    assert answers == {"one", "two"} - {name}


@pytest.mark.parametrize(
    "line",
    [
        "-----BEGIN RSA " + "PRIVATE KEY-----",
        "key: AKIA" + "ABCDEFGHIJKLMNOP",
        "gh" + "p_" + "a" * 36,
        "postgres://ann:" + "hunter22@db/x",
        'cookie_secret = "' + "0123456789abcdef" + '"',
        "eyJ" + "hbGciOiJIUzI1NiJ9.eyJ" + "zdWIiOiIxMjM0NTY3.c2lnbmF0dXJl",
    ],
)
def test_a_secret_in_a_file_is_found(tmp_path, line):
    path = tmp_path / "x.py"
    path.write_text(f"# words\n{line}\n")
    (found,) = audit.secrets_in(path)
    assert found.startswith("x.py, line 2: a")


def test_the_repository_holds_no_secret():
    assert audit.secrets_of(CHECKOUT) == []


def test_a_known_vulnerability_is_told_unless_it_is_explained(monkeypatch):
    problem = {"id": "PYSEC-1", "aliases": ["CVE-2"], "fix_versions": ["1.1"]}
    looked_up = [{"name": "a", "version": "1.0", "vulns": [problem]}, {"name": "b", "version": "2", "vulns": []}]
    found, unknown = audit.told([*looked_up, {"name": "c", "version": "3", "skip_reason": "not found"}], "cpu.lock")
    assert found == ["cpu.lock: a 1.0: PYSEC-1, mended in ['1.1']"]
    assert unknown == 1
    monkeypatch.setattr(audit, "ACCEPTED", {"CVE-2": "the part that has it is never called"})
    assert audit.told(looked_up, "cpu.lock") == ([], 0)


@pytest.mark.parametrize("target", ["load", "faults", "hostile", "audit"])
def test_make_has_what_the_readme_promises(target):
    assert re.search(rf"^{target}:", (CHECKOUT / "Makefile").read_text(), re.MULTILINE)
    table = [line for line in (CHECKOUT / "README.md").read_text().splitlines() if line.startswith("| `make ")]
    assert any(re.search(rf"`(make )?{target}`", line) for line in table)
