"""A link over plain ASGI: for servers without our socket class, and for the TestClient.

Same semantics, at the cost of a task and a queue a connection: what the client does not read is
bounded by ``write_paused``, as on a transport.
"""

import asyncio
from collections import deque
from collections.abc import Iterable
from typing import Any

import structlog
from starlette.websockets import WebSocket, WebSocketDisconnect

from chat.errors import Close
from chat.frames import MESSAGE_LIMIT
from chat.links import Receiver
from web.close_frames import CLOSE_SECONDS, cut
from web.frame_parser import ABNORMAL
from web.paces import FRAMES_A_TURN, Pace
from web.pressures import Pressure

HIGH = 64 * 1024  # bytes waiting to be sent; the same mark as on a transport
LOW = HIGH // 4

log = structlog.get_logger(__name__)


class PlainLink:
    """One accepted Starlette WebSocket, as a Link."""

    def __init__(self, websocket: WebSocket, *, text: bool, pace: Pace | None = None) -> None:
        self.heard = asyncio.get_running_loop().time()
        self._websocket = websocket
        self._text = text
        self._payloads: deque[bytes] = deque()
        self._bytes = 0
        self._woken = asyncio.Event()
        self._reading = asyncio.Event()
        self._reading.set()
        self._tasks: tuple[asyncio.Task[int], ...] = ()
        self._timer: asyncio.TimerHandle | None = None
        self._closing: tuple[int, str] | None = None
        self._pressure = Pressure()
        self._pace = pace
        self._due = 0.0

    def send(self, data: list[bytes]) -> None:
        """Queue bare payloads."""
        if self._closing is None:
            self._payloads.extend(data)
            self._bytes += sum(map(len, data))
            self._woken.set()
            if self._bytes > HIGH and not self._pressure.is_high:
                self._pressure.rise()

    def ping(self) -> None:
        """Do nothing: ASGI has no pings, and its servers send their own."""

    def pause_reading(self) -> None:
        """Receive nothing further."""
        self._reading.clear()

    def resume_reading(self) -> None:
        """Receive again."""
        self._reading.set()

    def close(self, code: int, reason: str = "") -> None:
        """Send what is queued, then a close frame; who takes neither is left to the server."""
        if self._closing is None:
            self._closing = (code, cut(reason).decode())
            self._woken.set()
            self._timer = asyncio.get_running_loop().call_later(CLOSE_SECONDS, self._end)

    @property
    def unread(self) -> int:
        """How many bytes of payloads are queued."""
        return self._bytes

    def drop(self) -> None:
        """Leave the socket to the server, as one that is gone."""
        self._end()

    async def run(self, receiver: Receiver) -> None:
        """Carry messages both ways until the socket is closed."""
        self._pressure.serve(receiver)
        self._tasks = (
            asyncio.create_task(self._send()),
            asyncio.create_task(self._receive(receiver)),
        )
        try:
            await asyncio.wait(self._tasks, return_when=asyncio.FIRST_COMPLETED)
        finally:
            # Nothing is awaited here: this may be cancelled, and its receiver must hear of the end.
            self._end()
            if self._timer is not None:
                self._timer.cancel()
            self._pressure.receiver = None
            receiver.closed(_code(self._tasks))

    def _end(self) -> None:
        for task in self._tasks:
            task.cancel()

    async def _receive(self, receiver: Receiver) -> int:
        left = FRAMES_A_TURN
        while True:
            await self._reading.wait()
            left -= 1
            if not left:
                left = FRAMES_A_TURN
                await self._end_turn()
            try:
                message: dict[str, Any] = dict(await self._websocket.receive())
            except WebSocketDisconnect as gone:
                return gone.code
            if message["type"] == "websocket.disconnect":
                return int(message.get("code") or 1005)
            self._take(receiver, message)

    async def _end_turn(self) -> None:
        """Let others come: what the ASGI server has queued is received with no turn between."""
        await asyncio.sleep(0)
        if self._pace is not None:
            self._due = self._pace.due(self._due, FRAMES_A_TURN, self.heard)
            if self._due - self.heard > self._pace.ahead:
                self.close(Close.FLOODING, "too many frames")

    def _take(self, receiver: Receiver, message: dict[str, Any]) -> None:
        self.heard = asyncio.get_running_loop().time()
        text = message.get("text")
        payload = text.encode() if text is not None else message.get("bytes") or b""
        if self._closing is not None:
            return
        if len(payload) > MESSAGE_LIMIT:  # of which the ASGI server knows nothing
            self.close(Close.TOO_BIG, "the message is too long")
        else:
            self._deliver(receiver, payload, text=text is not None)

    def _deliver(self, receiver: Receiver, payload: bytes, *, text: bool) -> None:
        try:
            receiver.received(payload, text=text)
        except Exception:
            log.exception("websocket receiver failed")
            self.close(Close.SERVER_ERROR)

    async def _send(self) -> int:
        while True:
            while self._payloads:
                payload = self._payloads.popleft()
                await self._send_one(payload)
                self._bytes -= len(payload)
                self._mind_low()
            if self._closing is not None:
                code, reason = self._closing
                await self._websocket.close(code, reason)
                return code
            self._woken.clear()
            await self._woken.wait()

    async def _send_one(self, payload: bytes) -> None:
        if self._text:
            await self._websocket.send_text(payload.decode())
        else:
            await self._websocket.send_bytes(payload)

    def _mind_low(self) -> None:
        if self._pressure.is_high and self._bytes < LOW:
            self._pressure.fall()


def _code(tasks: Iterable[asyncio.Task[int]]) -> int:
    """Return with which code the first of the tasks ended; those that failed ended with none."""
    ended = [task for task in tasks if task.done() and not task.cancelled()]
    codes = [task.result() for task in ended if task.exception() is None]
    return codes[0] if codes else ABNORMAL
