"""Bad inputs: each way in which a command can be wrong, and what is answered to it."""

from collections.abc import Callable
from typing import Any, NamedTuple

import msgpack

from chat.codecs import JSON, MSGPACK, Codec
from chat.errors import Close

POST = {"room": "cardiology", "cid": "b1f0c2d4e5", "text": "ECG attached."}
READ = {"room": "cardiology", "seq": 1}

UNREADABLE = Close.MALFORMED
"""On the socket the close code; over HTTP ``bad_request``."""


class Fault(NamedTuple):
    """One way to be wrong: what is sent as ``with`` or body, and what is answered."""

    do: str
    payload: Callable[[Codec], bytes]
    answer: Close | str
    place: str = ""
    over_http: str = ""
    """The code over HTTP where it is not ``answer``, or ``bad_request`` where that closes."""


def encoded(value: Any) -> Callable[[Codec], bytes]:
    """Return what encodes a value without any of the checks of our own."""
    return lambda codec: codec.encode(value) if codec is JSON else msgpack.packb(value)


def spelt(json: bytes, packed: bytes) -> Callable[[Codec], bytes]:
    """Return what spells a value out for each codec."""
    return lambda codec: json if codec is JSON else packed


def twice(codec: Codec) -> bytes:
    if codec is JSON:
        return b'{"room": "cardiology", "cid": "b1f0c2d4e5", "text": "a", "text": "b"}'
    packed = b"".join(msgpack.packb(each) for pair in POST.items() for each in pair)
    return b"\x84" + packed + msgpack.packb("text") + msgpack.packb("b")


def nested(depth: int) -> Any:
    value: Any = 1
    for _ in range(depth):
        value = [value]
    return value


def post_with(text: str, packed_text: bytes) -> Callable[[Codec], bytes]:
    """Return a post whose text is given as JSON has it, and as MessagePack does."""
    json = b'{"room": "cardiology", "cid": "b1f0c2d4e5", "text": ' + text.encode("latin-1") + b"}"
    others = [each for pair in list(POST.items())[:2] for each in (*pair,)] + ["text"]
    return spelt(json, b"\x83" + b"".join(map(msgpack.packb, others)) + packed_text)


# The map itself is the second of a frame's eight levels, and the first of a body's: ten are too many
# for both.
FAULTS = {
    "a malformed frame": Fault("message.post", spelt(b'{"room": ', b"\x83\xa4room"), UNREADABLE),
    "a wrong type": Fault("message.post", encoded({**POST, "text": 7}), "bad_request", "text"),
    "an unknown key": Fault("message.post", encoded({**POST, "to": "all"}), "bad_request", "to"),
    "a missing key": Fault("message.post", encoded({"room": "cardiology"}), "bad_request", "text"),
    "128 KiB + 1": Fault(
        "message.post", encoded({**POST, "text": "a" * 131_073}), Close.TOO_BIG,
        over_http="too_large",
    ),
    "10,001 characters": Fault(
        "message.post", encoded({**POST, "text": "a" * 10_001}), "too_large", "text"
    ),
    "too deep": Fault("message.post", encoded({**POST, "text": nested(9)}), UNREADABLE),
    "a key twice": Fault("message.post", twice, UNREADABLE),
    "NaN": Fault(
        "room.mark_read",
        spelt(b'{"room": "cardiology", "seq": NaN}', msgpack.packb({**READ, "seq": float("nan")})),
        UNREADABLE,
    ),
    "infinity": Fault(
        "room.mark_read",
        spelt(b'{"room": "cardiology", "seq": -Infinity}', msgpack.packb({**READ, "seq": -1e999})),
        UNREADABLE,
    ),
    "a boolean for an integer": Fault(
        "room.mark_read", encoded({**READ, "seq": True}), "bad_request", "seq"
    ),
    "2^64": Fault(
        "room.mark_read",
        # MessagePack ends one below, so that its 2^64 is a float.
        spelt(b'{"room": "cardiology", "seq": %d}' % (2**64), msgpack.packb({**READ, "seq": 2.0**64})),
        "bad_request", "seq",
    ),
    "2^64 - 1": Fault(
        "room.mark_read", encoded({**READ, "seq": 2**64 - 1}), "bad_request", "seq"
    ),
    "2^53 + 1": Fault(
        "room.mark_read", encoded({**READ, "seq": 2**53 + 1}), "bad_request", "seq"
    ),
    "invalid UTF-8": Fault(
        "message.post", post_with('"\xff\xfe"', b"\xa2\xff\xfe"), UNREADABLE
    ),
    "a lone surrogate": Fault(
        "message.post", post_with('"\\ud800"', b"\xa3\xed\xa0\x80"), UNREADABLE
    ),
    "nothing but spaces": Fault(
        "message.post", encoded({**POST, "text": " \t\u2003\u200b\n"}), "bad_request", "text"
    ),
    "U+0000": Fault("message.post", encoded({**POST, "text": "BP \0 120/80"}), "bad_request", "text"),
    "another's room": Fault(
        "message.post", encoded({**POST, "room": "HIDDEN"}), "not_found"
    ),
    "a room that is not there": Fault(
        "message.post", encoded({**POST, "room": "no-such-room"}), "not_found"
    ),
    "a seq of -1": Fault("room.mark_read", encoded({**READ, "seq": -1}), "bad_request", "seq"),
    "a list for a map": Fault("message.post", encoded([]), "bad_request"),
    "nothing for a map": Fault("message.post", encoded(None), "bad_request"),
}  # fmt: skip


def expected(name: str, codec: Codec) -> Close | str:
    """Return the answer on the socket: a few faults are another one in one of the codecs."""
    if name == "invalid UTF-8" and codec is JSON:
        return Close.INVALID_TEXT
    if name in ("NaN", "infinity") and codec is MSGPACK:
        return "bad_request"
    return FAULTS[name].answer
