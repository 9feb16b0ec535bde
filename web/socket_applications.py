"""ASGI applications on a socket: the scope, the task, and what is received and sent.

An application is a Receiver like any other, with a bounded queue before ``receive``. One that calls
the handover's ``attach`` names another Receiver for its socket and may return: the socket stays open.
"""

import asyncio
from collections import deque
from collections.abc import Callable
from typing import Any, Protocol

import structlog
from uvicorn.protocols.utils import ClientDisconnected

from chat.errors import Close
from chat.frames import BINARY, TEXT, framed
from chat.links import Link, Receiver
from web.frame_parser import Frame
from web.handshakes import Headers, acceptance, plain_refusal, refusal
from web.paces import Pace

log = structlog.get_logger(__name__)

QUEUED_MESSAGES = 16  # guessed; of 128 KiB each: 2 MiB for an endpoint that does not receive
NORMAL = 1000  # RFC 6455 section 7.4.1

Message = dict[str, Any]

_OPENING = frozenset(("websocket.accept", "websocket.close", "websocket.http.response.start"))
_DENYING = frozenset(("websocket.http.response.body",))
_OPEN = frozenset(("websocket.send", "websocket.close"))
_DONE: frozenset[str] = frozenset()


class Socket(Link, Protocol):
    """What an application needs of its socket beyond the Link."""

    @property
    def is_slow(self) -> bool:
        """Return whether the client reads too slowly, which its Receiver is told a turn later."""

    def accept(self, response: bytes) -> None:
        """Write the 101 and open the link."""

    def refuse(self, response: bytes) -> None:
        """Write any other response and end."""

    def hand_over(self, receiver: Receiver, backlog: list[Frame], pace: Pace | None) -> None:
        """Give ``receiver`` what comes, the backlog first, and close on whoever exceeds ``pace``."""


class SocketApplication:
    """One run of an ASGI application over one socket, and its Receiver until it hands over."""

    __slots__ = (
        "_connected",
        "_default_headers",
        "_denial",
        "_expected",
        "_gone",
        "_inbox",
        "_key",
        "_news",
        "_socket",
        "_writable",
    )

    def __init__(self, socket: Socket, key: bytes, default_headers: Headers) -> None:
        self._socket = socket
        self._key = key
        self._default_headers = default_headers
        self._expected = _OPENING
        self._connected = False
        self._denial = (0, Headers(), bytearray())
        self._inbox: deque[Frame] = deque()
        self._gone: int | None = None
        self._news = asyncio.Event()
        self._writable = asyncio.Event()
        self._writable.set()

    async def run(self, app: Any, scope: Message) -> None:
        """Run the application to its end, and close what it left open."""
        code: int = Close.SERVER_ERROR
        try:
            await app(scope, self.receive, self.send)
            code = NORMAL
        except ClientDisconnected:
            pass
        except Exception:
            log.exception("websocket application failed", path=scope["path"])
        finally:
            self._end(code)

    def _end(self, code: int) -> None:
        """Leave alone what was handed over by an endpoint that returned."""
        if self._expected is _OPEN or code != NORMAL:
            self._socket.close(code)
        if self._expected is _OPENING or self._expected is _DENYING:
            self._socket.refuse(plain_refusal(500, "Internal Server Error", self._default_headers))

    def attach(self, make: Callable[[Link], Receiver], pace: Pace | None = None) -> None:
        """Hand the socket over to what ``make`` returns; only after ``websocket.accept`` was sent.

        A client that sends more frames than ``pace`` allows is closed.
        """
        if self._expected is not _OPEN:
            raise RuntimeError("a socket is handed over once, and only while it is open")
        self._expected = _DONE
        receiver = make(self._socket)
        self._socket.hand_over(receiver, list(self._inbox), pace)
        self._inbox.clear()

    # The ASGI side.

    async def receive(self) -> Message:
        """Return the next message; a disconnect for ever once the client is gone."""
        if not self._connected:
            self._connected = True
            return {"type": "websocket.connect"}
        while not self._inbox and self._gone is None:
            self._news.clear()
            await self._news.wait()
        return self._next() if self._inbox else {"type": "websocket.disconnect", "code": self._gone}

    def _next(self) -> Message:
        opcode, payload = self._inbox.popleft()
        if not self._inbox:
            self._socket.resume_reading()
        if opcode == TEXT:
            return {"type": "websocket.receive", "text": payload.decode()}
        return {"type": "websocket.receive", "bytes": payload}

    async def send(self, message: Message) -> None:
        """Do what the application says; wait while the client reads too slowly."""
        if self._socket.is_slow:  # an application that awaits nothing else would never be told
            await asyncio.sleep(0)
        await self._writable.wait()
        if self._gone is not None:
            raise ClientDisconnected
        kind = message["type"]
        if kind not in self._expected:
            raise RuntimeError(f"expected one of {sorted(self._expected)}, not {kind}")
        _SENDS[kind](self, message)

    def _accept(self, message: Message) -> None:
        headers = [*self._default_headers, *message.get("headers", ())]
        self._socket.accept(acceptance(self._key, headers, message.get("subprotocol")))
        self._expected = _OPEN

    def _send(self, message: Message) -> None:
        payload = message.get("bytes")
        if payload is not None:
            self._socket.send(framed(payload, BINARY))
        else:
            self._socket.send(framed(message["text"].encode(), TEXT))

    def _close(self, message: Message) -> None:
        opening = self._expected is _OPENING
        self._expected = _DONE
        if opening:
            self._socket.refuse(refusal(403, self._default_headers))
        else:
            self._socket.close(message.get("code", NORMAL), message.get("reason") or "")

    def _start_denial(self, message: Message) -> None:
        headers = [*self._default_headers, *message.get("headers", ())]
        self._denial = (message["status"], headers, bytearray())
        self._expected = _DENYING

    def _go_on_denying(self, message: Message) -> None:
        status, headers, body = self._denial
        body += message.get("body", b"")
        if not message.get("more_body", False):
            self._expected = _DONE
            self._socket.refuse(refusal(status, headers, bytes(body)))

    # The Receiver's side.

    def received(self, payload: bytes, *, text: bool) -> None:
        """Queue a message, and take no more once the queue is full."""
        self._inbox.append(Frame(TEXT if text else BINARY, payload))
        self._news.set()
        if len(self._inbox) >= QUEUED_MESSAGES:
            self._socket.pause_reading()

    def write_paused(self) -> None:
        """Hold the application in ``send``."""
        self._writable.clear()

    def write_resumed(self) -> None:
        """Let the application send."""
        self._writable.set()

    def closed(self, code: int) -> None:
        """Tell the application, wherever it waits."""
        self._gone = code
        self._news.set()
        self._writable.set()


_SENDS: dict[str, Callable[[SocketApplication, Message], None]] = {
    "websocket.accept": SocketApplication._accept,
    "websocket.close": SocketApplication._close,
    "websocket.send": SocketApplication._send,
    "websocket.http.response.start": SocketApplication._start_denial,
    "websocket.http.response.body": SocketApplication._go_on_denying,
}
