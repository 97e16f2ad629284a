"""Two routes beside the pages: /metrics, as Prometheus reads them, and /health."""

import hmac
from collections.abc import Iterator
from ipaddress import ip_address
from math import inf

from prometheus_client import CollectorRegistry, ProcessCollector, exposition
from prometheus_client.core import Metric
from prometheus_client.registry import Collector
from starlette.concurrency import run_in_threadpool
from starlette.requests import HTTPConnection, Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from pages.parts import loading
from zoo import telemetry
from zoo.errors import ZooError
from zoo.settings import Settings
from zoo.telemetry import BUCKETS, Timing

PREFIX = "menagerie_"
FORWARDED = ("forwarded", "x-forwarded-for", "x-forwarded-host", "x-real-ip")
NOT_ALLOWED = (
    "Metrics are told to this machine itself, or to whoever sends MENAGERIE_METRICS_TOKEN as a bearer token "
    "(Authorization: Bearer TOKEN).\n"
)


class Ours(Collector):
    """What zoo/telemetry.py knows, in Prometheus' words."""

    def collect(self) -> Iterator[Metric]:
        found: dict[str, Metric] = {}
        for (name, labels), value in telemetry.counts().items():
            family = found.setdefault(f"{name}_total", Metric(f"{PREFIX}{name}", _says(name), "counter"))
            family.add_sample(f"{PREFIX}{name}_total", dict(labels), value)
        for (name, labels), timing in telemetry.timings().items():
            family = found.setdefault(
                f"{name}_seconds", Metric(f"{PREFIX}{name}_seconds", f"{_says(name)}, seconds", "histogram")
            )
            _add_timing(family, dict(labels), timing)
        for name, value in telemetry.levels().items():
            family = found.setdefault(name, Metric(f"{PREFIX}{name}", _says(name), "gauge"))
            family.add_sample(f"{PREFIX}{name}", {}, value)
        yield from found.values()


def _add_timing(family: Metric, labels: dict[str, str], timing: Timing) -> None:
    for bound, n in zip((*BUCKETS, inf), (*timing.buckets, timing.n), strict=True):
        family.add_sample(f"{family.name}_bucket", labels | {"le": "+Inf" if bound == inf else repr(bound)}, n)
    family.add_sample(f"{family.name}_count", labels, timing.n)
    family.add_sample(f"{family.name}_sum", labels, timing.seconds)


def _says(name: str) -> str:
    return name.replace("_", " ").capitalize()


_registry = CollectorRegistry()
_registry.register(Ours())
ProcessCollector(registry=_registry)


def text() -> bytes:
    return exposition.generate_latest(_registry)


def allowed(asked: HTTPConnection, token: str) -> bool:
    """Whether somebody may read metrics: by the token where there is one, else from this machine, past no proxy."""
    if token:
        given = asked.headers.get("authorization", "")
        return hmac.compare_digest(given.encode(), f"Bearer {token}".encode())
    if asked.client is None or any(name in asked.headers for name in FORWARDED):
        return False
    try:
        address = ip_address(asked.client.host)
    except ValueError:
        return False
    return (getattr(address, "ipv4_mapped", None) or address).is_loopback


async def metrics(request: Request) -> Response:
    return Response(await run_in_threadpool(text), media_type=exposition.CONTENT_TYPE_LATEST)


def _n_datasets() -> int:
    loading.wait()
    from pages.parts import cached

    return len(cached.zoo().datasets())


async def health(request: Request) -> Response:
    """200 while the zoo can be read, 503 otherwise: for whoever restarts, or sends visitors elsewhere."""
    try:
        found = await run_in_threadpool(_n_datasets)
    except (ZooError, OSError):
        return JSONResponse({"status": "the zoo cannot be read"}, 503)
    return JSONResponse({"status": "ok", "datasets": found})


ROUTES = [Route("/metrics", metrics), Route("/health", health)]


class Guard:
    """ASGI middleware: metrics are for whom they are meant; ours, and /_stcore/metrics, Streamlit's own."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        asks = scope["type"] == "http" and scope["path"].rstrip("/").endswith("/metrics")
        if asks and not allowed(HTTPConnection(scope), Settings.from_environment().metrics_token):
            await PlainTextResponse(NOT_ALLOWED, 403)(scope, receive, send)
        else:
            await self.app(scope, receive, send)
