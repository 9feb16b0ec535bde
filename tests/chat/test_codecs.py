"""What is no frame is refused, in both codecs alike."""

import struct

import msgpack
import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import inspect

from chat.codecs import CODECS, JSON, MSGPACK, Codec, Undecodable, refuse_unsafe
from chat.errors import BadRequest
from chat.events import EVENTS, SIGNALS, Envelope
from web import curbside  # noqa: F401  # declares every event and signal

plain = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text()
    | st.floats(allow_nan=False, allow_infinity=False),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)  # fmt: skip


@pytest.mark.parametrize("codec", CODECS.values(), ids=lambda codec: codec.name)
@given(value=plain)
def test_what_is_written_is_read(codec: Codec, value: object) -> None:
    try:
        read = codec.decode(codec.encode(value))
    except Undecodable:
        assert _depth(value) > 8
    else:
        assert read == value


@given(value=plain)
def test_our_messagepack_is_everybodys(value: object) -> None:
    assert msgpack.unpackb(MSGPACK.encode(value)) == value
    assert msgspec.msgpack.decode(msgpack.packb(value)) == value


@pytest.mark.parametrize(
    "payload",
    [
        b"", b"{", b"\xff", b'{"a":1,"a":2}', b'{"a":{"b":1,"b":1}}', b"NaN", b'{"a":NaN}',
        b'{"a":-Infinity}', b'{"a":"\\ud800"}', b'{"\\udc00":1}', b"[" * 9 + b"]" * 9,
        b"[" * 100_000, b"{} {}", b'{"a":1,}', b"'a'",
    ],
    ids=range(15),
)  # fmt: skip
def test_json_that_is_no_frame(payload: bytes) -> None:
    with pytest.raises(Undecodable):
        JSON.decode(payload)


@pytest.mark.parametrize(
    "payload",
    [
        b"", b"\x81", b"\xc1", b"\x82\xa1a\x01\xa1a\x02", b"\xa2\xff\xff", b"\x81\xa1a\xa1\xff",
        b"\x91" * 9 + b"\x90", b"\x91" * 100_000, b"\x80\x80", b"\xdf\xff\xff\xff\xff", b"\xc6\xff",
        b"\x81\x90\x01",
    ],
    ids=range(12),
)  # fmt: skip
def test_messagepack_that_is_no_frame(payload: bytes) -> None:
    with pytest.raises(Undecodable):
        MSGPACK.decode(payload)


def test_eight_deep_is_a_frame_and_nine_is_not() -> None:
    for codec in CODECS.values():
        eight: object = []
        for _ in range(7):
            eight = [eight]
        assert codec.decode(codec.encode(eight)) == eight
        with pytest.raises(Undecodable):
            codec.decode(codec.encode([eight]))


@pytest.mark.parametrize(
    "value", [2**53 + 1, -(2**53) - 1, 2**64 - 1, float("nan"), float("inf")], ids=str
)
def test_numbers_that_not_every_client_can_hold_are_refused_by_place(value: float) -> None:
    with pytest.raises(BadRequest, match=r"^with\.list\[1\]"):
        refuse_unsafe({"with": {"list": [0, value]}})


def test_enormous_json_integers_are_refused_and_cost_nothing() -> None:
    value = JSON.decode(b'{"a":' + b"9" * 100_000 + b"}")

    with pytest.raises(BadRequest, match=r"^a:"):
        refuse_unsafe(value)


def test_an_event_reads_the_same_in_every_codec() -> None:
    data = msgpack.packb({"id": "x", "text": "Ä\u2028", "n": [1, None, True]})
    envelope = Envelope("cardiology", 7, "message.posted", 1.25, "ana", data)

    frames = [codec.decode(codec.event(envelope)) for codec in CODECS.values()]

    assert frames[0] == frames[1]
    assert frames[0]["data"]["text"] == "Ä\u2028"


PLAIN = (
    inspect.StrType, inspect.IntType, inspect.FloatType, inspect.BoolType, inspect.NoneType,
    inspect.LiteralType,
)  # fmt: skip


def _not_plain(declared: inspect.Type) -> list[inspect.Type]:
    """Return what, within a declared type, JSON and MessagePack do not write alike."""
    match declared:
        case inspect.StructType(fields=fields):
            within = [field.type for field in fields]
        case inspect.UnionType(types=types):
            within = list(types)
        case inspect.ListType(item_type=item):
            within = [item]
        case inspect.DictType(key_type=inspect.StrType(), value_type=value):
            within = [value]
        case _:
            return [] if isinstance(declared, PLAIN) else [declared]
    return [found for each in within for found in _not_plain(each)]


@pytest.mark.parametrize("told", [*EVENTS.values(), *SIGNALS.values()])
def test_every_event_and_signal_holds_plain_values_only(told: type) -> None:
    assert _not_plain(inspect.type_info(told)) == []


def test_what_is_not_plain_is_found() -> None:
    class Odd(msgspec.Struct):
        counts: list[dict[int, str]]
        raw: bytes | None

    found = _not_plain(inspect.type_info(Odd))

    assert [type(each) for each in found] == [inspect.DictType, inspect.BytesType]


def _depth(value: object) -> int:
    if isinstance(value, dict):
        return 1 + max(map(_depth, value.values()), default=0)
    if isinstance(value, list):
        return 1 + max(map(_depth, value), default=0)
    return 0


def test_a_float_keeps_its_milliseconds() -> None:
    assert struct.unpack(">d", MSGPACK.encode(1795341234.123)[1:])[0] == 1795341234.123
