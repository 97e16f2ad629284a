"""How many visitors are here, and the calm word for the one who is too many.

A visitor is an open connection: one tab of a browser. Whoever comes when all places are taken gets a page that tries
again by itself; a few places more are kept for tabs that lost their connection, and for operators, who come by the
address of their page.
"""

from collections.abc import Callable

from starlette.requests import Request
from starlette.responses import HTMLResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from pages.parts.component import WEB
from zoo import telemetry

STREAM = "/_stcore/stream"
NOT_PAGES = ("/_stcore/", "/static/", "/media/", "/component/", "/auth/", "/oauth2callback", "/metrics", "/health")
OPERATE = "/operate"
KEPT = 5  # places beyond the limit
AGAIN = 15  # seconds
BUSY = 1013  # the code of a connection that should be tried again later


class Crowd:
    """Open connections of this process, now and at most."""

    def __init__(self) -> None:
        self.now = self.most = 0

    def come(self) -> None:
        self.now += 1
        self.most = max(self.most, self.now)
        telemetry.count("sessions_opened")

    def go(self) -> None:
        self.now -= 1


crowd = Crowd()


class Visitors:
    """ASGI middleware: counts connections, and lets no more in than there are places."""

    def __init__(self, app: ASGIApp, places: Callable[[], int]) -> None:
        self.app, self.places = app, places

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "websocket" and scope["path"].endswith(STREAM):
            await self._connect(scope, receive, send)
        elif scope["type"] == "http" and crowd.now >= self.places() and _asks_for_a_page(Request(scope)):
            telemetry.count("sessions_refused")
            await full()(scope, receive, send)
        else:
            await self.app(scope, receive, send)

    async def _connect(self, scope: Scope, receive: Receive, send: Send) -> None:
        if crowd.now >= self.places() + KEPT:
            telemetry.count("sessions_refused")
            await receive()
            await send({"type": "websocket.close", "code": BUSY})
            return
        crowd.come()
        try:
            await self.app(scope, receive, send)
        finally:
            crowd.go()


def _asks_for_a_page(request: Request) -> bool:
    path = request.url.path
    wants_page = request.method == "GET" and "text/html" in request.headers.get("accept", "")
    return wants_page and not path.startswith(NOT_PAGES) and path.rstrip("/") != OPERATE


def full() -> HTMLResponse:
    page = (WEB / "full.html").read_text("utf-8").replace("AGAIN", str(AGAIN))
    return HTMLResponse(page, 503, {"Retry-After": str(AGAIN), "Cache-Control": "no-store"})
