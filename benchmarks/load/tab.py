"""One browser tab without the browser: Streamlit's protocol over its websocket.

    async with Tab.opened("http://localhost:8501") as tab:
        page = await tab.run()                         # what came until the script had finished
        page = await tab.click({"kind": "like", "id": 7})

It does what the page does: it fetches the document first, and keeps its cookies (those of a proxy with sticky sessions
among them); it names the messages that it has kept, so that the server sends these by their name; it takes over the
address that the app writes. It draws nothing, and fetches neither scripts nor styles, which browsers keep for a year.
"""

import asyncio
import json
import ssl
import time
import urllib.parse
import urllib.request
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from http.cookiejar import CookieJar
from typing import Any

from streamlit.proto.Alert_pb2 import Alert
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import WebSocketException

PATIENCE = 60.0  # seconds until a run counts as lost
KEPT_RUNS = 2  # for which a browser keeps a message that no run named again
CLICKS = "menagerie.clicks"  # the component that tells the server what was done in any other
TRIGGERS = "$$STREAMLIT_INTERNAL_KEY_{}__events"  # the widget that carries the messages of a component
ENDINGS = ForwardMsg.ScriptFinishedStatus


class Lost(Exception):
    """The socket broke, or the server did not answer."""


@dataclass
class Page:
    """What one run of the script sent."""

    components: dict[str, Any] = field(default_factory=dict)  # our components by name: the data that they draw
    errors: list[str] = field(default_factory=list)  # exceptions, error boxes, and runs that ended badly
    n_bytes: int = 0  # received


class Tab:
    def __init__(self, socket: ClientConnection, address: str, path: str) -> None:
        self._socket = socket
        self._address, self._path, self._query = address, path, ""
        self._script = ""  # hash of the page that is open, as the server told it
        self._clicks: str | None = None  # the widget that hears of clicks
        self._serial = 0
        self._run = 0
        self._kept: dict[str, tuple[int, ForwardMsg]] = {}  # messages by hash, and the run that named them last

    @classmethod
    @asynccontextmanager
    async def opened(cls, address: str, path: str = "") -> AsyncIterator["Tab"]:
        """A tab with an open socket, in which nothing was run yet. path: of a page, such as "compare".

        Raises
        ------
        Lost where the socket is refused, or breaks while the tab is open
        """
        cookies = await asyncio.to_thread(_document, f"{address}/{path}")
        host = address.partition("//")[2]
        scheme = "wss" if address.startswith("https") else "ws"
        try:
            async with connect(
                f"{scheme}://{host}/_stcore/stream",
                origin=address,  # type: ignore[arg-type]
                subprotocols=["streamlit", cookies.get("_streamlit_xsrf", "none")],  # type: ignore[list-item]
                additional_headers={"Cookie": "; ".join(f"{name}={value}" for name, value in cookies.items())},
                ssl=trusting() if scheme == "wss" else None,
                compression=None,
                max_size=None,
                proxy=None,
                open_timeout=PATIENCE,
            ) as socket:
                yield cls(socket, f"{address}/{path}", path)
        except (OSError, WebSocketException) as error:
            raise Lost(f"the socket broke: {error}") from None

    async def click(self, event: dict[str, Any], of: str) -> Page:
        """Tell what was done to things of the data set whose fingerprint is `of`, as pages/parts/web/base.js does."""
        self._serial = max(int(time.time() * 1000), self._serial + 1)
        told = [{"event": "events", "value": [event | {"of": of, "serial": self._serial}]}]
        return await self.run((TRIGGERS.format(self._clicks), json.dumps(told)))

    async def run(self, trigger: tuple[str, str] | None = None) -> Page:
        """Run the script, perhaps because of a widget, and read all that it sends."""
        message = BackMsg()
        state = message.rerun_script
        state.query_string = self._query
        state.page_script_hash = self._script
        state.page_name = "" if self._script else self._path
        state.cached_message_hashes.extend(self._kept)
        state.context_info.timezone, state.context_info.locale = "Etc/UTC", "en-US"
        state.context_info.url = self._address
        if trigger:
            widget = state.widget_states.widgets.add()
            widget.id, widget.json_trigger_value = trigger
        await self._socket.send(message.SerializeToString())
        try:
            return await asyncio.wait_for(self._read(), PATIENCE)
        except TimeoutError:
            raise Lost(f"no answer in {PATIENCE:.0f} s") from None

    async def _read(self) -> Page:
        page = Page()
        self._run += 1
        while True:
            raw = await self._socket.recv(decode=False)
            page.n_bytes += len(raw)
            message = ForwardMsg.FromString(raw)
            if message.WhichOneof("type") == "ref_hash":
                message = self._kept[message.ref_hash][1]
            if message.metadata.cacheable or message.hash in self._kept:
                self._kept[message.hash] = (self._run, message)
            match message.WhichOneof("type"):
                case "navigation":
                    self._script = message.navigation.page_script_hash
                case "delta" if message.delta.WhichOneof("type") == "new_element":
                    self._see(message.delta.new_element, page)
                case "page_not_found":
                    page.errors.append("page not found")
                case "script_finished":
                    if message.script_finished == ENDINGS.Value("FINISHED_EARLY_FOR_RERUN"):
                        continue
                    if message.script_finished != ENDINGS.Value("FINISHED_SUCCESSFULLY"):
                        page.errors.append(ENDINGS.Name(message.script_finished))
                    self._forget()
                    return page

    def _see(self, element: Any, page: Page) -> None:
        match element.WhichOneof("type"):
            case "exception":
                page.errors.append(f"{element.exception.type}: {element.exception.message}")
            case "alert" if element.alert.format == Alert.ERROR:
                page.errors.append(element.alert.body)
            case "bidi_component":
                component = element.bidi_component
                (data,) = json.loads(component.json)
                page.components[component.component_name.rpartition(".")[2]] = data
                if component.component_name == CLICKS:
                    self._clicks = component.id
                if component.component_name == "menagerie.address" and data["steps"]:
                    self._query = data["steps"][-1]["query"]

    def _forget(self) -> None:
        self._kept = {name: held for name, held in self._kept.items() if self._run - held[0] <= KEPT_RUNS}


def _document(url: str) -> dict[str, str]:
    """Fetches the document and what it asks the server for before the socket; the cookies that these set."""
    jar = CookieJar()
    opener = urllib.request.build_opener(
        urllib.request.ProxyHandler({}),
        urllib.request.HTTPCookieProcessor(jar),
        urllib.request.HTTPSHandler(context=trusting()),
    )
    root = "{0.scheme}://{0.netloc}".format(urllib.parse.urlsplit(url))
    try:
        for place in (url, f"{root}/_stcore/health", f"{root}/_stcore/host-config"):
            with opener.open(place, timeout=PATIENCE) as answer:
                answer.read()
    except OSError as error:
        raise Lost(f"the document did not come: {error}") from None
    return {cookie.name: cookie.value or "" for cookie in jar}


def trusting() -> ssl.SSLContext:
    """For a proxy on this machine, whose certificate nobody signed."""
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context
