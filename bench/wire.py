"""Raw sockets that speak RFC 6455 as a client: cheaper than any server they measure.

Most only count: frames are walked by their headers and never decoded. A watched socket keeps its
frames, decoded and timed. Nothing is lost in silence: an early close raises Lost.
"""

import os
import select
import socket
import time
from collections import deque
from typing import Any, NamedTuple

import msgspec

SHORT = 126  # bytes; RFC 6455 section 5.2: the first length that takes a longer header
PATIENCE = 60.0  # seconds for anything that a server must do

_BINARY, _CLOSE, _PING, _PONG = 0x82, 0x88, 0x89, 0x8A  # FIN and opcode
_MASK = os.urandom(4)  # one for the run: it protects proxies, of which there are none here
_decode = msgspec.msgpack.Decoder().decode
_encode = msgspec.msgpack.Encoder().encode


class Lost(Exception):
    """A server closed, refused, lost a frame or kept us waiting: no figure comes of this run."""


class Seen(NamedTuple):
    """One frame of a watched socket, and when it was read (``time.perf_counter``, seconds)."""

    at: float
    frame: dict[str, Any]


class Member:
    """A socket that counts: ``events`` are the frames of SHORT bytes and more, ``others`` the rest.

    The benches post 160 characters, so that an event is longer than SHORT, and what else a server
    says unasked (heads, pings) is shorter.
    """

    PATH = "/ws"  # where its server takes sockets
    __slots__ = ("_rest", "_skip", "events", "others", "sock")

    def __init__(self, sock: socket.socket) -> None:
        self.sock = sock
        self.events = 0
        self.others = 0
        self._skip = 0  # bytes of an event that are still to come
        self._rest = b""  # the beginning of a frame, too short to be read

    def ask(self, re: int, do: str, **payload: Any) -> None:
        """Send one command."""
        self._send(_BINARY, _encode({"id": re, "do": do, "with": payload}))

    def take(self, buffer: bytearray, size: int) -> None:
        """Count the first ``size`` bytes of ``buffer``."""
        data = buffer
        if self._rest:
            data = bytearray(self._rest + buffer[:size])
            size, self._rest = len(data), b""
        position, count = self._skip, 0
        while position + 2 <= size:
            length = data[position + 1]
            if length == SHORT:  # by far the most: nearly all that this client does
                if position + 4 > size:
                    break
                position += 4 + (data[position + 2] << 8 | data[position + 3])
                count += 1
                continue
            start = position + (2 if length < SHORT else 10)
            if length > SHORT:
                length = int.from_bytes(data[position + 2 : start], "big")
            if start + length > size:
                break
            if length < SHORT:
                self._short(data[position], data[start : start + length])
            else:
                count += 1
            position = start + length
        self.events += count
        self._skip = max(0, position - size)
        if position < size:
            self._rest = bytes(data[position:size])

    def _short(self, first: int, payload: bytearray) -> None:
        if first == _BINARY:
            self.others += 1
        elif first == _PING:
            self._send(_PONG, bytes(payload))
        elif first == _CLOSE:
            raise Lost(f"the server closed a socket: {int.from_bytes(payload[:2], 'big')}")

    def _send(self, first: int, payload: bytes) -> None:
        data = memoryview(masked(first, payload))
        while data:
            try:
                data = data[self.sock.send(data) :]
            except BlockingIOError:
                if not select.select([], [self.sock], [], PATIENCE)[1]:
                    raise Lost("the server does not read") from None


class Watched(Member):
    """A socket whose frames are kept, decoded, in ``seen``, oldest first."""

    __slots__ = ("_held", "seen")

    def __init__(self, sock: socket.socket) -> None:
        super().__init__(sock)
        self.seen: deque[Seen] = deque()
        self._held = bytearray()

    def take(self, buffer: bytearray, size: int) -> None:
        """Decode every whole frame."""
        now = time.perf_counter()
        held = self._held
        held += buffer[:size]
        position = 0
        while position + 2 <= len(held):
            length = held[position + 1]
            start = position + (2 if length < SHORT else 4 if length == SHORT else 10)
            if length >= SHORT:
                length = int.from_bytes(held[position + 2 : start], "big")
            if start + length > len(held):
                break
            payload = held[start : start + length]
            if length < SHORT:
                self._short(held[position], payload)
            else:
                self.events += 1
            frame = self._frame(held[position], payload)
            if frame is not None:
                self.seen.append(Seen(now, frame))
            position = start + length
        del held[:position]

    def _frame(self, first: int, payload: bytearray) -> dict[str, Any] | None:
        """Return what a frame says, if it is one that the benches look at."""
        frame: dict[str, Any] | None = _decode(payload) if first == _BINARY else None
        return frame


class Kinds(NamedTuple):
    """How a server is spoken to: by sockets that count, and by those that keep their frames."""

    member: type[Member]
    watched: type[Watched]


CURBSIDE = Kinds(Member, Watched)


def masked(first: int, payload: bytes) -> bytes:
    """Return one frame as a client must send it."""
    size = len(payload)
    if size < SHORT:
        head = bytes((first, 0x80 | size))
    elif size < 1 << 16:
        head = bytes((first, 0x80 | SHORT)) + size.to_bytes(2, "big")
    else:
        head = bytes((first, 0x80 | 127)) + size.to_bytes(8, "big")
    mask = (_MASK * (size // 4 + 1))[:size]
    body = int.from_bytes(payload, "big") ^ int.from_bytes(mask, "big")
    return head + _MASK + body.to_bytes(size, "big")
