"""Doors: the ways into one application, which are to behave alike.

Our own protocols hand a socket over; any other ASGI server carries it over plain ASGI.
"""

import asyncio
import inspect
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import Any, cast

import httpx2
from starlette.applications import Starlette
from starlette.testclient import TestClient, WebSocketDenialResponse, WebSocketTestSession

from chat.frames import MESSAGE_LIMIT
from storage.engines import open_database
from tests.builders import SECRET, Ward, inhabited
from tests.processes import http_client
from tests.web.socket_servers import Served, serving
from tests.web.talkers import Closed, Refused, Socket, dialled
from web.app import create_app
from web.curbside import Curbside
from web.http_protocol import HttpProtocol
from web.settings import Settings
from web.websocket_protocol import WebSocketProtocol

Headers = Mapping[str, str]


class Door(ABC):
    """One way in, and the node behind it."""

    ward: Ward
    origin: str

    @abstractmethod
    async def do(self, work: Callable[[], Any]) -> Any:
        """Run something on the node's own event loop."""

    @abstractmethod
    def dial(self, headers: Headers, *subprotocols: str) -> AbstractAsyncContextManager[Socket]:
        """Open a socket. Raises Refused."""

    @abstractmethod
    async def post(self, path: str, headers: Headers, body: bytes = b"") -> httpx2.Response:
        """Send a request."""


class ServerDoor(Door):
    """A real uvicorn on a port of this machine."""

    def __init__(self, ward: Ward, served: Served) -> None:
        self.ward = ward
        self.served = served
        self.origin = f"http://127.0.0.1:{served.port}"
        self.socket_url = served.url

    async def do(self, work: Callable[[], Any]) -> Any:
        done = work()
        return await done if inspect.isawaitable(done) else done

    def dial(self, headers: Headers, *subprotocols: str) -> AbstractAsyncContextManager[Socket]:
        return dialled(self.socket_url, headers, *subprotocols)

    async def post(self, path: str, headers: Headers, body: bytes = b"") -> httpx2.Response:
        async with http_client(self.origin) as client:
            return await client.post(path, headers=dict(headers), content=body)


class TestClientDoor(Door):
    """Starlette's TestClient, which runs the application in a thread of its own."""

    __test__ = False  # no test class, whatever its name begins with
    origin = "http://127.0.0.1:8000"

    def __init__(self, ward: Ward, client: TestClient) -> None:
        self.ward = ward
        self._client = client

    async def do(self, work: Callable[[], Any]) -> Any:
        async def run() -> Any:
            done = work()
            return await done if inspect.isawaitable(done) else done

        assert self._client.portal is not None
        return await asyncio.to_thread(self._client.portal.call, run)

    @asynccontextmanager
    async def dial(self, headers: Headers, *subprotocols: str) -> AsyncIterator[Socket]:
        offered = subprotocols or None
        session = self._client.websocket_connect("/ws", offered, headers=dict(headers))
        try:
            await asyncio.to_thread(session.__enter__)
        except WebSocketDenialResponse as denied:
            denial = cast(httpx2.Response, denied)
            raise Refused(denial.status_code, denial.headers, denial.content) from None
        try:
            yield _SessionSocket(session)
        finally:
            await asyncio.to_thread(session.__exit__, None, None, None)

    async def post(self, path: str, headers: Headers, body: bytes = b"") -> httpx2.Response:
        def ask() -> httpx2.Response:
            return self._client.post(path, headers=dict(headers), content=body)

        return await asyncio.to_thread(ask)


class _SessionSocket:
    def __init__(self, session: WebSocketTestSession) -> None:
        self._session = session
        self.subprotocol: str | None = session.accepted_subprotocol

    async def send(self, message: str | bytes) -> None:
        is_text = isinstance(message, str)
        send: Any = self._session.send_text if is_text else self._session.send_bytes
        await asyncio.to_thread(send, message)

    async def receive(self) -> str | bytes:
        message = await asyncio.to_thread(self._session.receive)
        if message["type"] == "websocket.close":
            raise Closed(message["code"])
        return cast(str | bytes, message.get("text") or message.get("bytes"))

    async def leave(self) -> None:
        await asyncio.to_thread(self._session.close)


@asynccontextmanager
async def opened(kind: str, tmp_path: Path) -> AsyncIterator[Door]:
    """Open a door to a new node: ``handover``, ``sansio`` or ``testclient``."""
    url = inhabited().put(tmp_path / "behind.db")
    curbside = Curbside(open_database(url), secret=SECRET, is_limited=False)
    app = create_app(curbside, Settings(port=8000))
    opening = _tried if kind == "testclient" else _served
    async with opening(kind, app, Ward(curbside, inhabited().actors)) as door:
        yield door


@asynccontextmanager
async def _tried(kind: str, app: Starlette, ward: Ward) -> AsyncIterator[Door]:
    client = TestClient(app, base_url=TestClientDoor.origin)
    await asyncio.to_thread(client.__enter__)
    try:
        yield TestClientDoor(ward, client)
    finally:
        await asyncio.to_thread(client.__exit__, None, None, None)


@asynccontextmanager
async def _served(kind: str, app: Starlette, ward: Ward) -> AsyncIterator[Door]:
    options: dict[str, Any] = {"ws": WebSocketProtocol, "http": HttpProtocol}
    if kind == "sansio":
        options = {"ws": "websockets-sansio", "http": "httptools", "ws_max_size": MESSAGE_LIMIT}
    async with app.router.lifespan_context(app), serving(app, **options) as served:
        yield ServerDoor(ward, served)
