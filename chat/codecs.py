"""Codecs: frames to bytes and back, the same maps in MessagePack and in JSON.

Decoding is strict where the libraries are lenient: duplicate keys, depth and what JSON adds to JSON
(NaN, lone surrogates) make a frame undecodable; integers past ±2^53 and non-finite numbers are
refused by the place they stand at, and so is U+0000, which PostgreSQL has in no text. Encoding happens
once for each wire, not once for each client.
"""

import json
import math
from collections.abc import Callable
from typing import Any, Final, NoReturn

import msgpack
import msgspec

from chat.errors import BadRequest
from chat.events import Envelope, wire_name
from chat.frames import BINARY, TEXT, framed

DEPTH_LIMIT = 8  # maps and lists within one another; docs/protocol.md, The socket
SAFE_INTEGER = 2**53  # beyond it a JavaScript number is no longer exact


class Undecodable(Exception):
    """These bytes are no frame: not decodable, too deep, or with a key twice."""


class Codec:
    """One subprotocol: how its maps are written and read."""

    def __init__(
        self, name: str, opcode: int, encode: Callable[[Any], bytes], load: Callable[[bytes], Any]
    ) -> None:
        self.name = name
        self.opcode = opcode
        self.encode = encode
        self._load = load

    def decode(self, payload: bytes) -> Any:
        """Return the value in ``payload``. Raises Undecodable."""
        try:
            value = self._load(payload)
        except (ValueError, TypeError, RecursionError, msgpack.UnpackException) as error:
            raise Undecodable(str(error)) from None
        _check(value, 1)
        return value

    def event(self, envelope: Envelope) -> bytes:
        """Return the event frame of one envelope."""
        return self.encode(
            {
                "room": wire_name(envelope.room),
                "seq": envelope.seq,
                "event": envelope.event,
                "at": envelope.at,
                "by": envelope.by,
                "data": self._embed(envelope.data),
            }
        )

    def _embed(self, data: bytes) -> Any:
        if self.opcode == BINARY:
            return msgspec.Raw(data)
        return msgspec.msgpack.decode(data)


def _unique(pairs: list[tuple[Any, Any]]) -> dict[Any, Any]:
    made = dict(pairs)
    if len(made) != len(pairs):
        raise Undecodable("a key stands twice")
    return made


def _no_constant(name: str) -> NoReturn:
    raise Undecodable(f"{name} is not JSON")


def _integer(digits: str) -> int:
    return int(
        digits[:20]
    )  # 20 characters are past ±2^53 already, and 10,000 cost a quadratic time


def _load_json(payload: bytes) -> Any:
    text = payload.decode()
    return json.loads(
        text, object_pairs_hook=_unique, parse_constant=_no_constant, parse_int=_integer
    )


def _load_msgpack(payload: bytes) -> Any:
    return msgpack.unpackb(payload, object_pairs_hook=_unique, strict_map_key=False)


def _check(value: Any, depth: int) -> None:
    """Refuse what the decoders let through; ``depth`` is that of ``value`` if it holds others."""
    kind = type(value)
    if kind is str:
        _check_text(value)
    elif kind is dict or kind is list:
        if depth > DEPTH_LIMIT:
            raise Undecodable(f"deeper than {DEPTH_LIMIT}")
        for item in value:
            _check(item, depth + 1)
        if kind is dict:
            for item in value.values():
                _check(item, depth + 1)


def _check_text(text: str) -> None:
    try:
        text.encode()
    except UnicodeEncodeError:
        raise Undecodable("a lone surrogate") from None


def refuse_unsafe(value: Any, place: str = "") -> None:
    """Raise BadRequest, naming the place, for what not every client, or no database, can hold."""
    kind = type(value)
    if kind is str and "\0" in value:
        raise BadRequest(f"{place or 'the frame'}: a character U+0000")
    if kind is int and not -SAFE_INTEGER <= value <= SAFE_INTEGER:
        raise BadRequest(f"{place or 'the frame'}: an integer beyond 2^53")
    if kind is float and not math.isfinite(value):
        raise BadRequest(f"{place or 'the frame'}: not a finite number")
    if kind is dict:
        for key, item in value.items():
            refuse_unsafe(item, f"{place}.{key}" if place else str(key))
    elif kind is list:
        for index, item in enumerate(value):
            refuse_unsafe(item, f"{place}[{index}]")


MSGPACK: Final = Codec("curbside.v1.msgpack", BINARY, msgspec.msgpack.encode, _load_msgpack)
JSON: Final = Codec("curbside.v1.json", TEXT, msgspec.json.encode, _load_json)
CODECS: Final = {codec.name: codec for codec in (MSGPACK, JSON)}


class Wire:
    """A codec as one kind of link takes it: whole RFC 6455 frames, or bare payloads for plain ASGI."""

    def __init__(self, codec: Codec, *, framed: bool) -> None:
        self.codec = codec
        self.framed = framed

    def encode(self, value: Any) -> bytes:
        """Return one frame, ready to be sent."""
        return self._dress(self.codec.encode(value))

    def event(self, envelope: Envelope) -> bytes:
        """Return the event frame of one envelope, ready to be sent."""
        return self._dress(self.codec.event(envelope))

    def join(self, frames: list[bytes]) -> Any:
        """Return frames as one thing to send: joined bytes, or where frames are bare, their list."""
        return b"".join(frames) if self.framed else frames

    def _dress(self, payload: bytes) -> bytes:
        return framed(payload, self.codec.opcode) if self.framed else payload


WIRES: Final = {
    (codec.name, is_framed): Wire(codec, framed=is_framed)
    for codec in CODECS.values()
    for is_framed in (True, False)
}
"""Four, and shared: a frame is made once for each wire that somebody in the room uses."""
