"""The headers that every answer of the app carries, so that a browser does no more with it than the app needs."""

import base64
import hashlib
import re
from functools import cache
from pathlib import Path

import streamlit
from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from zoo import telemetry

OURS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "SAMEORIGIN",  # for browsers that know no frame-ancestors
    "Referrer-Policy": "same-origin",  # an address may tell a taste
    "Permissions-Policy": "camera=(), display-capture=(), geolocation=(), microphone=(), payment=(), usb=()",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}
HSTS = "max-age=31536000"
INLINE = re.compile(r"<script>(.*?)</script>", re.DOTALL)
STATIC = Path(streamlit.__file__).parent / "static"
START = STATIC / "index.html"
SOON = ("BidiComponent", "Html")  # Streamlit's modules for what every page draws first: it asks for them as it draws
IMPORTED = re.compile(r'(?:\bfrom|\bimport)\s*"\./([^"]+\.js)"')


@cache
def policy() -> str:
    """What the browser may load, run, and be embedded in: hardly anything that is not ours."""
    return "; ".join(
        f"{name} {sources}"
        for name, sources in {
            "default-src": "'self'",
            # Components are blobs. Plotly's maps (scattergl) compile code while they draw, for which no narrower word
            # works; nothing else of the app needs it.
            "script-src": " ".join(["'self'", "blob:", "'unsafe-eval'", *_hashes(START.read_text("utf-8"))]),
            "style-src": "'self' 'unsafe-inline'",  # Streamlit and Plotly write theirs by script
            "img-src": "'self' data: blob:",
            "font-src": "'self' data:",
            "connect-src": "'self'",
            "worker-src": "'self' blob:",
            "object-src": "'none'",
            "base-uri": "'self'",
            "form-action": "'self'",
            "frame-ancestors": "'self'",
        }.items()
    )


@cache
def ahead() -> str:
    """A Link header for the page that Streamlit's scripts start from: what these ask for only as they draw, and what
    that imports, comes along with them. Without it the first picture waited for three answers more, one by one.
    """
    known, found = START.read_text("utf-8"), {}
    waiting = [file for name in SOON for file in (STATIC / "static" / "js").glob(f"{name}.*.js")]
    while waiting:
        file = waiting.pop()
        if file.name not in found and file.name not in known:
            found[file.name] = f"<./static/js/{file.name}>; rel=modulepreload; crossorigin"
            waiting += [file.parent / name for name in IMPORTED.findall(file.read_text("utf-8"))]
    return ", ".join(found.values())


def _hashes(page: str) -> list[str]:
    """Of the scripts that stand in a page itself: these may run, and no others that get into it."""
    digests = (hashlib.sha256(script.encode()).digest() for script in INLINE.findall(page))
    return [f"'sha256-{base64.b64encode(digest).decode()}'" for digest in digests]


class Headers:
    """ASGI middleware, the outermost: answers of Streamlit, of our routes, and refusals, all alike."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return

        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers.update(OURS)
                headers.setdefault("Content-Security-Policy", policy())
                if message["status"] == 200 and headers.get("Content-Type", "").startswith("text/html"):
                    headers.setdefault("Link", ahead())
                if scope["scheme"] == "https":
                    headers["Strict-Transport-Security"] = HSTS
                telemetry.count("http_answers", status=f"{message['status'] // 100}xx")
            await send(message)

        await self.app(scope, receive, with_headers)
