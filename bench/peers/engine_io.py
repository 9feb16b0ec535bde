"""Engine.IO 4 and Socket.IO 5, as little as the benches need: text frames that begin with digits.

``0`` the server opens, ``2`` it pings, ``40`` greets, ``42`` is an event, ``43`` an answer.
Sockets count and keep frames as those of Curbside do: what is here runs for short or watched ones.
"""

import re
from typing import Any

import msgspec

from bench.wire import Kinds, Member, Watched

TEXT = 0x81  # FIN and opcode; RFC 6455 section 5.2
ANSWER = re.compile(rb"43(\d+)\[")
EVENT = b'42["event",'

_decode = msgspec.json.Decoder().decode
_encode = msgspec.json.Encoder().encode


class EngineMember(Member):
    """A socket that counts."""

    PATH = "/socket.io/?EIO=4&transport=websocket"
    __slots__ = ()

    def ask(self, re: int, do: str, **payload: Any) -> None:
        """Send one event, to be answered."""
        self._send(TEXT, b"42%d" % re + _encode([do, payload]))

    def _short(self, first: int, payload: bytearray) -> None:
        if first != TEXT:
            super()._short(first, payload)
        elif payload[:1] == b"0":
            self._send(TEXT, b"40")
        elif payload[:1] == b"2":
            self._send(TEXT, b"3")
        else:
            self.others += 1


class EngineWatched(EngineMember, Watched):
    """A socket whose frames are kept, as Curbside would have written them."""

    __slots__ = ()

    def _frame(self, first: int, payload: bytearray) -> dict[str, Any] | None:
        frame: dict[str, Any] | None = None
        if payload.startswith(EVENT):
            frame = _decode(memoryview(payload)[len(EVENT) : -1])
        elif answer := ANSWER.match(payload):
            [ok] = _decode(memoryview(payload)[answer.end() - 1 :])
            frame = {"re": int(answer[1]), "ok": ok}
        elif payload.startswith(b"40"):
            frame = {"signal": "connection.welcoming"}
        return frame


SOCKET_IO = Kinds(EngineMember, EngineWatched)
