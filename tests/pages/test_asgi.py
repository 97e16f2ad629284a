"""What stands around the pages: who may read metrics, how many come in, the headers, what the log may quote."""

import gc
import logging
import math
import re
from contextlib import ExitStack, nullcontext, suppress
from pathlib import Path

import pytest
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.responses import HTMLResponse, PlainTextResponse
from starlette.routing import Route, WebSocketRoute
from starlette.testclient import TestClient
from starlette.websockets import WebSocket, WebSocketDisconnect

from pages.parts import asgi, cached, headers, levels, logs, metrics, visitors
from pages.parts.visitors import KEPT, STREAM
from zoo import telemetry
from zoo.errors import ZooError

SMALL = 2  # places
HTML = {"accept": "text/html,application/xhtml+xml"}
HERE = ("127.0.0.1", 50_000)


async def _stream(socket: WebSocket) -> None:
    await socket.accept()
    await socket.send_text("come in")
    with suppress(WebSocketDisconnect):
        await socket.receive_text()


async def _page(request) -> PlainTextResponse:
    return PlainTextResponse("a page")


async def _start(request) -> HTMLResponse:
    return HTMLResponse("the page that Streamlit's scripts start from")


async def _broken(request) -> PlainTextResponse:
    raise RuntimeError("quokka")


@pytest.fixture
def served(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Starlette:
    monkeypatch.setenv("MENAGERIE_ZOO", str(tmp_path))
    monkeypatch.setattr(visitors, "crowd", visitors.Crowd())
    monkeypatch.setattr(levels, "crowd", visitors.crowd)
    routes = [
        *metrics.ROUTES,
        Route("/_stcore/metrics", _page),
        WebSocketRoute(STREAM, _stream),
        Route("/broken", _broken),
        Route("/start", _start),
        Route("/{page:path}", _page),
    ]
    around = [
        Middleware(headers.Headers),
        Middleware(metrics.Guard),
        Middleware(visitors.Visitors, places=lambda: SMALL),
    ]
    return Starlette(routes=routes, middleware=around)


def test_every_answer_carries_the_headers_refusals_too_but_what_broke_off(served):
    with TestClient(served, client=("9.9.9.9", 1), raise_server_exceptions=False) as visitor:
        broken = visitor.get("/broken")  # Starlette answers it outside of all middleware
        assert (broken.status_code, broken.text) == (500, "Internal Server Error")
        answers = [visitor.get(path) for path in ("/", "/metrics", "/health", "/a/b.js")]
        assert [answer.status_code for answer in answers] == [200, 403, 200, 200]
        for answer in answers:
            for name, value in headers.OURS.items():
                assert answer.headers[name] == value
            assert "frame-ancestors 'self'" in answer.headers["Content-Security-Policy"]
            assert "Strict-Transport-Security" not in answer.headers
    with TestClient(served, base_url="https://example.com") as visitor:
        assert visitor.get("/").headers["Strict-Transport-Security"] == headers.HSTS


def test_the_policy_allows_what_the_app_needs_and_nothing_else():
    (inline,) = re.findall(r"'sha256-[\w+/]{43}='", headers.policy())  # of Streamlit's own page
    assert dict(one.split(" ", 1) for one in headers.policy().split("; ")) == {
        "default-src": "'self'",
        "script-src": f"'self' blob: 'unsafe-eval' {inline}",
        "style-src": "'self' 'unsafe-inline'",
        "img-src": "'self' data: blob:",
        "font-src": "'self' data:",
        "connect-src": "'self'",
        "worker-src": "'self' blob:",
        "object-src": "'none'",
        "base-uri": "'self'",
        "form-action": "'self'",
        "frame-ancestors": "'self'",
    }


def test_with_the_page_comes_what_its_scripts_would_ask_for_later_and_all_that_this_imports(served):
    modules = re.findall(r"<\./(static/js/[^>]+\.js)>; rel=modulepreload; crossorigin", headers.ahead())
    assert len(modules) == len(set(modules)) == headers.ahead().count("<")
    assert {"BidiComponent", "Html"} <= {Path(module).name.partition(".")[0] for module in modules}
    page = headers.START.read_text("utf-8")
    assert not [module for module in modules if module in page]  # these come in any case
    for module in modules:
        for imported in re.findall(r'from"\./([^"]+)"', (headers.STATIC / module).read_text("utf-8")):
            assert f"static/js/{imported}" in modules or imported in page
    with TestClient(served) as visitor:
        assert visitor.get("/start").headers["Link"] == headers.ahead()
        for path in ("/", "/a/b.js"):  # no page of Streamlit's
            assert "Link" not in visitor.get(path).headers
        for _ in range(SMALL):
            visitors.crowd.come()
        full = visitor.get("/start", headers=HTML)
        assert full.status_code == 503
        assert "Link" not in full.headers


@pytest.mark.parametrize("problem", [None, ImportError("quokka")])
def test_nothing_looks_for_garbage_while_pages_are_loaded_and_then_something_does(monkeypatch, problem):
    looked, frozen = [], []

    def load(part: str) -> None:
        looked.append(gc.isenabled())
        if problem:
            raise problem

    monkeypatch.setattr(asgi.importlib, "import_module", load)
    monkeypatch.setattr(asgi.gc, "freeze", lambda: frozen.append(gc.isenabled()))
    with nullcontext() if problem is None else pytest.raises(ImportError, match="quokka"):
        asgi._load()
    assert set(looked) == {False}
    assert frozen == ([] if problem else [False])
    assert gc.isenabled()


def test_scripts_that_stand_in_a_page_are_named_by_what_they_say():
    # sha256 of "a", as openssl gives it
    assert headers._hashes("<script>a</script><script src='x'></script>") == [
        "'sha256-ypeBEsobvcr6wjGzmiPcTaeG7/gUfE5yuYB3ha/uSLs='"
    ]


@pytest.mark.parametrize(
    ("client", "sent", "status"),
    [
        (HERE, {}, 200),
        (("::1", 1), {}, 200),
        (("::ffff:127.0.0.1", 1), {}, 200),
        (("10.0.0.7", 1), {}, 403),
        (("::ffff:10.0.0.7", 1), {}, 403),
        (("testclient", 1), {}, 403),
        (HERE, {"X-Forwarded-For": "10.0.0.7"}, 403),
        (HERE, {"X-Forwarded-For": "127.0.0.1"}, 403),
        (HERE, {"Forwarded": "for=127.0.0.1"}, 403),
        (HERE, {"X-Real-IP": "127.0.0.1"}, 403),
        (HERE, {"Authorization": "Bearer x"}, 200),
    ],
)
@pytest.mark.parametrize("path", ["/metrics", "/metrics/", "/_stcore/metrics"])
def test_without_a_token_metrics_are_for_this_machine_alone(served, client, sent, status, path):
    with TestClient(served, client=client) as scraper:
        answer = scraper.get(path, headers=sent)
        assert answer.status_code == status
        if status == 403:
            assert "menagerie_" not in answer.text


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        ("Bearer s3cret", 200),
        ("Bearer wrong", 403),
        ("Bearer ", 403),
        ("s3cret", 403),
        ("bearer s3cret", 403),
        ("Bearer s3cret ü", 403),
        (None, 403),
    ],
)
def test_with_a_token_metrics_are_for_whoever_has_it_wherever_they_are(served, monkeypatch, sent, status):
    monkeypatch.setenv("MENAGERIE_METRICS_TOKEN", "s3cret")
    for client in (HERE, ("10.0.0.7", 1)):
        with TestClient(served, client=client) as scraper:
            header = {} if sent is None else {"Authorization": sent.encode()}
            assert scraper.get("/metrics", headers=header).status_code == status


def test_metrics_are_told_as_prometheus_reads_them(served, monkeypatch):
    here = telemetry.Telemetry()
    for name in ("counts", "timings", "levels"):
        monkeypatch.setattr(telemetry, name, getattr(here, name))
    here.count("pages", page='a"b\\c', status="ok")
    here.observe("page", 0.3, page="compare")
    here.observe("page", 99.0, page="compare")
    here.gauge("sessions", lambda: 7)
    here.gauge("unknown", lambda: math.nan)
    lines = metrics.text().decode().splitlines()
    assert 'menagerie_pages_total{page="a\\"b\\\\c",status="ok"} 1.0' in lines
    assert "# TYPE menagerie_page_seconds histogram" in lines
    assert 'menagerie_page_seconds_bucket{le="0.25",page="compare"} 0.0' in lines
    assert 'menagerie_page_seconds_bucket{le="0.5",page="compare"} 1.0' in lines
    assert 'menagerie_page_seconds_bucket{le="+Inf",page="compare"} 2.0' in lines
    assert 'menagerie_page_seconds_count{page="compare"} 2.0' in lines
    assert 'menagerie_page_seconds_sum{page="compare"} 99.3' in lines
    assert "menagerie_sessions 7.0" in lines
    assert any(line.startswith("process_cpu_seconds_total ") for line in lines)


def test_health_tells_whether_the_zoo_can_be_read_and_nothing_else(served, monkeypatch):
    with TestClient(served, client=("9.9.9.9", 1)) as visitor:
        assert visitor.get("/health").json() == {"status": "ok", "datasets": 0}

        def gone():
            raise ZooError("/home/ann/zoo cannot be read.")

        monkeypatch.setattr(cached, "zoo", gone)
        answer = visitor.get("/health")
        assert (answer.status_code, answer.json()) == (503, {"status": "the zoo cannot be read"})


def test_the_one_too_many_is_told_so_and_comes_in_when_somebody_leaves(served):
    with TestClient(served) as visitor:
        assert visitor.get("/compare", headers=HTML).text == "a page"
        with visitor.websocket_connect(STREAM) as first, visitor.websocket_connect(STREAM):
            assert first.receive_text() == "come in"
            answer = visitor.get("/compare", headers=HTML)
            assert answer.status_code == 503
            assert answer.headers["Retry-After"] == "15"
            assert "All places are taken" in answer.text
            assert "AGAIN" not in answer.text
            assert "frame-ancestors 'self'" in answer.headers["Content-Security-Policy"]
            # what is no page, a tab that lost its connection, and an operator
            for path in ("/static/a.js", "/health", "/operate", "/media/x.csv"):
                assert visitor.get(path, headers=HTML).status_code == 200
            assert visitor.get("/compare").status_code == 200  # asked for by a program that wants no page
            with visitor.websocket_connect(STREAM) as again:
                assert again.receive_text() == "come in"
            first.send_text("bye")
        assert visitor.get("/compare", headers=HTML).status_code == 200
    assert (visitors.crowd.now, visitors.crowd.most) == (0, 3)


def test_connections_beyond_what_is_kept_are_refused(served):
    with TestClient(served) as visitor, ExitStack() as opened:
        for _ in range(SMALL + KEPT):
            opened.enter_context(visitor.websocket_connect(STREAM))
        with pytest.raises(WebSocketDisconnect) as refused, visitor.websocket_connect(STREAM):
            pass
        assert refused.value.code == visitors.BUSY
    assert visitors.crowd.now == 0


def test_a_sign_in_that_cannot_work_is_refused_with_what_is_missing(monkeypatch):
    whole = dict.fromkeys(asgi.OIDC, "x")
    asgi.check_sign_in(asgi.from_environment(whole))
    for name, key in asgi.OIDC.items():
        with pytest.raises(ZooError, match=rf"but {name} \({key}\) is missing"):
            asgi.check_sign_in(asgi.from_environment(whole | {name: " "}))
    with pytest.raises(ZooError, match="OIDC_CLIENT_SECRET"):
        asgi.check_sign_in(None)
    monkeypatch.setattr(asgi.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(ZooError, match="Authlib is missing"):
        asgi.check_sign_in(asgi.from_environment(whole))


def test_streamlits_messages_about_what_visitors_typed_lose_it():
    def said(name: str, message: str, *args: object, level: int = logging.ERROR) -> str | None:
        record = logging.LogRecord(name, level, "x.py", 1, message, args, None)
        return record.getMessage() if logs._quiet(record) else None

    auth = "streamlit.web.server.starlette.starlette_auth_routes"
    assert said(auth, "Error during authentication: %s. %s", "quokka", "b") == "Error during authentication: …. …"
    assert said("streamlit.runtime.app_session", "Port %d", 3) == "Port 3"
    assert said("uvicorn.access", '%s - "GET %s"', "::1", "/?like=quokka", level=logging.INFO) is None
    assert said("uvicorn.error", "Exception in ASGI application") == "Exception in ASGI application"
    assert said("streamlit.error_util", "Uncaught app execution") is None


def test_in_a_container_files_that_are_only_kept_leave_their_room(tmp_path, monkeypatch):
    monkeypatch.setattr(levels, "CONTAINER", tmp_path)
    within = {"memory.max": "4096\n", "memory.current": "3000\n", "memory.stat": "anon 500\ninactive_file 2000\n"}
    for name, text in within.items():
        (tmp_path / name).write_text(text)
    assert levels._container() == (3096, 4096)
    (tmp_path / "memory.max").write_text("max\n")
    assert levels._container() is None


def test_memory_is_that_of_this_process():
    held = levels.memory()
    assert math.isnan(held) or 2**24 < held < 2**40
    available, total = levels.machine_memory()
    assert math.isnan(total) or 0 <= available <= total
