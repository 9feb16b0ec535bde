"""Receivers and endpoints for the tests of sockets."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

from starlette.applications import Starlette
from starlette.routing import WebSocketRoute
from starlette.websockets import WebSocket

from chat.links import Link
from tests.web.socket_servers import RawClient, Served, serving
from web.handshakes import HANDOVER
from web.paces import Pace
from web.websocket_protocol import WebSocketProtocol

Endpoint = Callable[[WebSocket], Any]


class Recorder:
    """A Receiver that keeps what it is told, and may do something at each message."""

    def __init__(self) -> None:
        self.link: Link
        self.joined = asyncio.Event()
        self.told: asyncio.Queue[tuple[str, object]] = asyncio.Queue()
        self.react: Callable[[bytes], object] = lambda payload: None

    def join(self, link: Link) -> "Recorder":
        self.link = link
        self.joined.set()
        return self

    def received(self, payload: bytes, *, text: bool) -> None:
        self.told.put_nowait(("text" if text else "binary", payload))
        self.react(payload)

    def write_paused(self) -> None:
        self.told.put_nowait(("write_paused", None))

    def write_resumed(self) -> None:
        self.told.put_nowait(("write_resumed", None))

    def closed(self, code: int) -> None:
        self.told.put_nowait(("closed", code))

    async def next(self) -> tuple[str, object]:
        return await asyncio.wait_for(self.told.get(), 10)


class Turns:
    """Counts the turns of the loop, and in which of them a message came."""

    def __init__(self, recorder: Recorder) -> None:
        self.came: list[int] = []
        self._now = 0
        recorder.react = lambda payload: self.came.append(self._now)

    def count(self) -> None:
        self._now += 1
        self._next = asyncio.get_running_loop().call_soon(self.count)

    def stop(self) -> None:
        self._next.cancel()

    def most(self) -> int:
        """Return how many messages came in one turn at most."""
        return max(self.came.count(turn) for turn in self.came)


def app_of(endpoint: Endpoint) -> Starlette:
    return Starlette(routes=[WebSocketRoute("/ws", endpoint)])


def handing_over(recorder: Recorder, pace: Pace | None = None) -> Starlette:
    async def endpoint(websocket: WebSocket) -> None:
        await websocket.accept()
        websocket.scope["extensions"][HANDOVER]["attach"](recorder.join, pace)

    return app_of(endpoint)


@asynccontextmanager
async def joined(
    recorder: Recorder, *, ws: type = WebSocketProtocol, receive_buffer: int | None = None,
    pace: Pace | None = None,
) -> AsyncIterator[tuple[RawClient, Served]]:  # fmt: skip
    """Serve, connect a client that says what it is told to, and hand its socket to the recorder."""
    async with serving(handing_over(recorder, pace), ws=ws) as served:
        client = await served.connect(receive_buffer=receive_buffer)
        assert (await client.upgrade())[0] == 101
        await recorder.joined.wait()
        yield client, served


class Impatient(WebSocketProtocol):
    __slots__ = ()

    close_seconds = 0.05


def watched() -> Any:
    """Return a protocol class of its own, which tells when its one connection has done what."""

    class Watched(WebSocketProtocol):
        reading_paused = asyncio.Event()
        writing_paused = asyncio.Event()
        lost = asyncio.Event()

        def pause_reading(self) -> None:
            super().pause_reading()
            self.reading_paused.set()

        def pause_writing(self) -> None:
            super().pause_writing()
            self.writing_paused.set()

        def connection_lost(self, exc: Exception | None) -> None:
            super().connection_lost(exc)
            self.lost.set()

    return Watched
