"""Frames in: what the parser gives out, and at which byte it objects."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from websockets.frames import Frame as Sent
from websockets.frames import Opcode
from websockets.speedups import apply_mask

from chat.errors import Close
from chat.frames import BINARY, TEXT
from web.frame_parser import CLOSE, NO_STATUS, PING, Frame, FrameError, FrameParser, close_code

LIMIT = 1024


def masked(opcode: int, payload: bytes, *, final: bool = True) -> bytes:
    return Sent(Opcode(opcode), payload, fin=final).serialize(mask=True)


def pulled(parser: FrameParser) -> list[Frame]:
    return list(iter(parser.pull, None))


def fed_in(data: bytes, size: int) -> list[Frame]:
    parser = FrameParser(LIMIT, apply_mask)
    frames = []
    for start in range(0, len(data), size):
        parser.feed(data[start : start + size])
        frames += pulled(parser)
    return frames


def fault(data: bytes) -> FrameError:
    parser = FrameParser(LIMIT, apply_mask)
    parser.feed(data)
    with pytest.raises(FrameError) as caught:
        pulled(parser)
    return caught.value


@given(st.lists(st.binary(max_size=300), max_size=5), st.integers(1, 700))
def test_messages_come_out_whole_however_the_bytes_are_cut(
    payloads: list[bytes], size: int
) -> None:
    data = b"".join(masked(BINARY, payload) for payload in payloads)

    frames = fed_in(data, size)

    assert frames == [Frame(BINARY, payload) for payload in payloads]


@given(st.text(max_size=60), st.integers(1, 9), st.integers(1, 100))
def test_a_text_may_be_cut_within_a_character(text: str, piece: int, size: int) -> None:
    payload = text.encode()
    starts = range(0, max(len(payload), 1), piece)
    data = b"".join(
        masked(0 if start else TEXT, payload[start : start + piece], final=start == starts[-1])
        for start in starts
    )

    frames = fed_in(data, size)

    assert frames == [Frame(TEXT, payload)]


def test_a_ping_comes_out_before_the_message_that_it_interrupts() -> None:
    data = masked(TEXT, b"ST eleva", final=False) + masked(PING, b"?") + masked(0, b"tion")

    frames = fed_in(data, 1)

    assert frames == [Frame(PING, b"?"), Frame(TEXT, b"ST elevation")]


def test_frames_wait_for_who_does_not_pull() -> None:
    parser = FrameParser(LIMIT, apply_mask)
    parser.feed(masked(BINARY, b"1") + masked(BINARY, b"2"))
    first = parser.pull()

    parser.feed(masked(BINARY, b"3"))

    assert [first, *pulled(parser)] == [Frame(BINARY, digit) for digit in (b"1", b"2", b"3")]


def test_frames_put_back_come_first() -> None:
    parser = FrameParser(LIMIT, apply_mask)
    parser.feed(masked(BINARY, b"1") + masked(BINARY, b"2"))
    first = parser.pull()
    assert first is not None

    parser.put_back([first])

    assert pulled(parser) == [Frame(BINARY, b"1"), Frame(BINARY, b"2")]


@pytest.mark.parametrize(
    ("data", "code"),
    [
        pytest.param(b"\xc1\x80", Close.PROTOCOL_ERROR, id="reserved bit 1"),
        pytest.param(b"\xa1\x80", Close.PROTOCOL_ERROR, id="reserved bit 2"),
        pytest.param(b"\x91\x80", Close.PROTOCOL_ERROR, id="reserved bit 3"),
        pytest.param(b"\x83\x80", Close.PROTOCOL_ERROR, id="reserved opcode"),
        pytest.param(b"\x8b\x80", Close.PROTOCOL_ERROR, id="reserved control opcode"),
        pytest.param(b"\x81\x00", Close.PROTOCOL_ERROR, id="unmasked"),
        pytest.param(b"\x09\x80", Close.PROTOCOL_ERROR, id="ping in fragments"),
        pytest.param(b"\x89\xfe", Close.PROTOCOL_ERROR, id="long ping"),
        pytest.param(b"\x80\x80", Close.PROTOCOL_ERROR, id="continuation of nothing"),
        pytest.param(b"\x82\xfe\x00\x7d", Close.PROTOCOL_ERROR, id="length not minimal"),
        pytest.param(b"\x82\xff" + bytes(6) + b"\xff\xff", Close.PROTOCOL_ERROR, id="nor here"),
        pytest.param(b"\x82\xfe\x04\x01", Close.TOO_BIG, id="declared too long"),
        pytest.param(b"\x82\xff" + b"\xff" * 8, Close.TOO_BIG, id="declared absurdly long"),
        pytest.param(b"\x81\x82" + bytes(4) + b"\xc0", Close.INVALID_TEXT, id="text, at its byte"),
        pytest.param(masked(CLOSE, b"\x03"), Close.PROTOCOL_ERROR, id="half a close code"),
        pytest.param(masked(CLOSE, b"\x03\xe8\xff"), Close.INVALID_TEXT, id="close reason"),
        pytest.param(
            masked(TEXT, b"\xe2\x82", final=False) + masked(0, b""),
            Close.INVALID_TEXT,
            id="text that ends within a character",
        ),
        pytest.param(
            masked(TEXT, b"a", final=False) + b"\x81\x80",
            Close.PROTOCOL_ERROR,
            id="message within a message",
        ),
        pytest.param(
            masked(BINARY, bytes(1000), final=False) + b"\x80\x99",
            Close.TOO_BIG,
            id="fragments add up",
        ),
    ],
)
def test_a_fault_is_found_at_its_first_byte(data: bytes, code: Close) -> None:
    assert fault(data).code == code


@pytest.mark.parametrize("code", [0, 999, 1004, 1005, 1006, 1015, 1016, 1100, 2000, 2999, 5000])
def test_a_close_code_nobody_may_send_is_a_fault(code: int) -> None:
    with pytest.raises(FrameError) as caught:
        close_code(code.to_bytes(2))

    assert caught.value.code == Close.PROTOCOL_ERROR


@pytest.mark.parametrize("code", [1000, 1003, 1007, 1014, 3000, 4999])
def test_a_close_code_is_read(code: int) -> None:
    assert close_code(code.to_bytes(2) + "geschlossen ✓".encode()) == code


def test_a_close_frame_may_be_empty() -> None:
    assert close_code(b"") == NO_STATUS
