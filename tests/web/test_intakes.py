"""Intakes: a client that sends much is served in turns, in order, and others in between."""

from typing import Any

import pytest

from chat.errors import Close
from chat.frames import TEXT
from tests.web.receivers import Recorder, Turns, joined
from tests.web.socket_servers import masked
from web.frame_parser import CLOSE, CONTINUATION, PING, PONG
from web.paces import FRAMES_A_TURN, Pace
from web.websocket_protocol import WebSocketProtocol

TURNS = 10
MANY = TURNS * FRAMES_A_TURN


@pytest.fixture
def recorder() -> Recorder:
    return Recorder()


@pytest.fixture
async def turns(recorder: Recorder) -> Any:
    counted = Turns(recorder)
    counted.count()
    yield counted
    counted.stop()


def numbered(count: int) -> bytes:
    return b"".join(masked(TEXT, b"%d" % number) for number in range(count))


async def test_many_messages_come_in_order_and_in_many_turns(
    recorder: Recorder, turns: Turns
) -> None:
    async with joined(recorder) as (client, _):
        client.send(numbered(MANY))

        received = [await recorder.next() for _ in range(MANY)]

    assert received == [("text", b"%d" % number) for number in range(MANY)]
    assert turns.most() <= FRAMES_A_TURN


@pytest.mark.parametrize(
    "filling",
    [masked(PING, b"") * MANY, masked(PONG, b"") * MANY, masked(CONTINUATION, b"", final=False) * MANY],
    ids=["pings", "pongs", "empty fragments"],
)  # fmt: skip
async def test_frames_that_are_no_message_take_turns_too(
    recorder: Recorder, turns: Turns, filling: bytes
) -> None:
    async with joined(recorder) as (client, _):
        client.send(masked(TEXT, b"first"))
        client.send(masked(TEXT, b"sec", final=False) + filling + masked(CONTINUATION, b"ond"))

        assert [await recorder.next() for _ in range(2)] == [
            ("text", b"first"),
            ("text", b"second"),
        ]

    first, second = turns.came
    assert second - first >= TURNS - 1


async def test_pausing_and_resuming_at_each_message_adds_no_turns(
    recorder: Recorder, turns: Turns
) -> None:
    count = recorder.react

    def blink(payload: bytes) -> None:
        count(payload)
        recorder.link.pause_reading()
        recorder.link.resume_reading()

    recorder.react = blink
    async with joined(recorder) as (client, _):
        client.send(numbered(MANY))

        received = [await recorder.next() for _ in range(MANY)]

    assert received == [("text", b"%d" % number) for number in range(MANY)]
    assert turns.most() <= FRAMES_A_TURN


async def test_nothing_more_is_read_while_frames_wait_for_their_turn(recorder: Recorder) -> None:
    waiting: list[int] = []

    class Measuring(WebSocketProtocol):
        __slots__ = ()

        def data_received(self, data: bytes) -> None:
            parser = self._intake._parser
            waiting.append(len(parser._data) - parser._at)
            super().data_received(data)

    async with joined(recorder, ws=Measuring) as (client, _):
        client.send(masked(PING, b"") * 100_000)
        client.send(masked(TEXT, b"last"))
        for _ in range(100_000):
            await client.frame()

        assert await recorder.next() == ("text", b"last")

    assert len(waiting) > 2
    assert max(waiting) < len(masked(TEXT, b"last"))


async def test_a_pause_in_a_later_turn_holds_what_is_left(recorder: Recorder) -> None:
    def pause(payload: bytes) -> None:
        if payload == b"%d" % (MANY // 2):
            recorder.link.pause_reading()

    recorder.react = pause
    async with joined(recorder) as (client, served):
        client.send(numbered(MANY))
        half = [await recorder.next() for _ in range(MANY // 2 + 1)]
        # The server answers another client only after it had its chance to go on with this one.
        await (await served.connect()).upgrade(b"GET /ws HTTP/1.1\r\n")
        assert recorder.told.empty()

        recorder.link.resume_reading()

        rest = [await recorder.next() for _ in range(MANY // 2 - 1)]
    assert half + rest == [("text", b"%d" % number) for number in range(MANY)]


@pytest.mark.parametrize(
    ("end", "code"),
    [(masked(CLOSE, b"\x03\xe9"), 1001), (masked(TEXT, b"\xff"), 1007)],
    ids=["close", "broken text"],
)
async def test_an_end_behind_many_messages_comes_after_them(
    recorder: Recorder, end: bytes, code: int
) -> None:
    async with joined(recorder) as (client, _):
        client.send(numbered(MANY) + end + numbered(MANY))

        received = [await recorder.next() for _ in range(MANY)]
        assert await client.close_code() == code
        client.writer.close()

        assert received == [("text", b"%d" % number) for number in range(MANY)]
        assert await recorder.next() == ("closed", code)


async def test_nothing_is_handled_after_our_close_in_a_later_turn(recorder: Recorder) -> None:
    def close(payload: bytes) -> None:
        if payload == b"%d" % (MANY // 2):
            recorder.link.close(Close.SHEDDING)

    recorder.react = close
    async with joined(recorder) as (client, _):
        client.send(numbered(MANY) + masked(CLOSE, b"\x0f\xa5"))

        received = [await recorder.next() for _ in range(MANY // 2 + 2)]

    assert received[-1] == ("closed", Close.SHEDDING)


# Floods.


@pytest.mark.parametrize(
    "flood",
    [numbered(MANY), masked(PING, b"") * MANY, masked(PONG, b"") * MANY,
     masked(TEXT, b"", final=False) + masked(CONTINUATION, b"", final=False) * MANY],
    ids=["messages", "pings", "pongs", "empty fragments"],
)  # fmt: skip
async def test_a_flood_is_closed_with_its_code(recorder: Recorder, flood: bytes) -> None:
    async with joined(recorder, pace=Pace(100, 0.001)) as (client, _):
        client.send(flood)

        assert await client.close_code() == Close.FLOODING
        assert await client.rest() == b""
        client.writer.close()
        while (told := await recorder.next())[0] == "text":
            pass
    assert told == ("closed", Close.FLOODING)


async def test_who_keeps_to_the_pace_is_served_all(recorder: Recorder) -> None:
    async with joined(recorder, pace=Pace(MANY + 1, 0.001)) as (client, _):
        client.send(numbered(MANY))

        received = [await recorder.next() for _ in range(MANY)]

        assert received[-1] == ("text", b"%d" % (MANY - 1))
        recorder.link.ping()
        assert await client.frame() == (PING, b"")
