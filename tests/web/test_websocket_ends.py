"""How our WebSocket protocol ends a connection: faults, closes, and clients that say no word."""

import pytest

from chat.errors import Close
from chat.frames import BINARY, TEXT, framed
from tests.web.receivers import Impatient, Recorder, joined
from tests.web.socket_servers import masked
from web.frame_parser import CLOSE, CONTINUATION, PING


@pytest.fixture
def recorder() -> Recorder:
    return Recorder()


async def test_a_bug_in_a_receiver_closes_with_1011(recorder: Recorder) -> None:
    def fail(payload: bytes) -> None:
        raise LookupError

    recorder.react = fail
    async with joined(recorder) as (client, _):
        client.send(masked(TEXT, b"x"))

        assert await client.close_code() == Close.SERVER_ERROR


# Faults of the client.


@pytest.mark.parametrize(
    ("data", "code"),
    [
        pytest.param(b"\xc1\x80", 1002, id="reserved bits"),
        pytest.param(b"\x83\x80", 1002, id="reserved opcode"),
        pytest.param(b"\x81\x01x", 1002, id="not masked"),
        pytest.param(masked(CONTINUATION, b""), 1002, id="continuation of nothing"),
        pytest.param(masked(CLOSE, b"\x03\xed"), 1002, id="close code 1005"),
        pytest.param(masked(TEXT, b"\xff"), 1007, id="not UTF-8"),
        pytest.param(b"\x82\xff\x00\x00\x00\x00\x00\x02\x00\x01", 1009, id="declared too long"),
    ],
)
async def test_a_fault_is_answered_with_its_code(
    recorder: Recorder, data: bytes, code: int
) -> None:
    async with joined(recorder) as (client, _):
        client.send(data)

        assert await client.close_code() == code
        assert await client.rest() == b""
        client.writer.close()
        assert await recorder.next() == ("closed", code)


async def test_a_client_in_the_midst_of_a_long_message_still_reads_why(recorder: Recorder) -> None:
    async with joined(recorder) as (client, _):
        client.send(b"\x82\xff" + (4 * 2**20).to_bytes(8) + bytes(4 + 4 * 2**20))

        assert await client.close_code() == Close.TOO_BIG


async def test_a_failed_client_that_stays_is_cut_off(recorder: Recorder) -> None:
    async with joined(recorder, ws=Impatient) as (client, _):
        client.send(b"\x83\x80")

        assert await recorder.next() == ("closed", 1002)


# The end.


@pytest.mark.parametrize(("payload", "code"), [(b"\x03\xe9bye", 1001), (b"\x0f\xa0", 4000)])
async def test_a_close_is_echoed_and_ends_the_connection(
    recorder: Recorder, payload: bytes, code: int
) -> None:
    async with joined(recorder) as (client, _):
        client.send(masked(CLOSE, payload))

        assert await client.frame() == (CLOSE, payload[:2])
        assert await client.rest() == b""
        assert await recorder.next() == ("closed", code)


async def test_a_close_without_a_code_is_echoed_without_one(recorder: Recorder) -> None:
    async with joined(recorder) as (client, _):
        client.send(masked(CLOSE, b""))

        assert await client.frame() == (CLOSE, b"")
        assert await recorder.next() == ("closed", 1005)


async def test_what_comes_after_a_close_is_not_read(recorder: Recorder) -> None:
    async with joined(recorder) as (client, _):
        client.send(masked(CLOSE, b"\x03\xe8") + masked(TEXT, b"and another thing"))

        assert await recorder.next() == ("closed", 1000)


async def test_nothing_is_written_after_our_close(recorder: Recorder) -> None:
    async with joined(recorder) as (client, _):
        recorder.link.close(Close.TOO_SLOW, "too slow")
        recorder.link.send(framed(b"late", BINARY))
        recorder.link.ping()
        recorder.link.close(Close.INTERNAL)
        client.send(masked(PING, b"") + masked(TEXT, b"x") + masked(CLOSE, b"\x0f\xa2"))

        assert await client.frame() == (CLOSE, b"\x0f\xa2too slow")
        assert await client.rest() == b""
        assert await recorder.next() == ("closed", Close.TOO_SLOW)


async def test_a_client_that_does_not_answer_our_close_is_cut_off(recorder: Recorder) -> None:
    async with joined(recorder, ws=Impatient) as (client, _):
        recorder.link.close(Close.DRAINED)

        assert await client.close_code() == Close.DRAINED
        assert await client.rest() == b""
        assert await recorder.next() == ("closed", Close.DRAINED)


async def test_our_close_ends_a_link_that_was_not_reading(recorder: Recorder) -> None:
    async with joined(recorder) as (client, _):
        recorder.link.pause_reading()
        client.send(masked(TEXT, b"unread") + masked(CLOSE, b"\x03\xe8"))
        recorder.link.close(Close.SHEDDING)

        assert await recorder.next() == ("closed", Close.SHEDDING)


async def test_a_long_reason_is_cut_between_characters(recorder: Recorder) -> None:
    async with joined(recorder) as (client, _):
        recorder.link.close(Close.INTERNAL, "é" * 100)

        assert await client.frame() == (CLOSE, b"\x0f\xa0" + ("é" * 61).encode())


async def test_a_client_that_goes_without_a_word_is_1006(recorder: Recorder) -> None:
    async with joined(recorder) as (client, _):
        client.writer.write_eof()

        assert await recorder.next() == ("closed", 1006)
        assert await client.rest() == b""


async def test_a_connection_that_breaks_is_1006_and_the_link_is_harmless(
    recorder: Recorder,
) -> None:
    async with joined(recorder) as (client, served):
        client.writer.transport.abort()

        assert await recorder.next() == ("closed", 1006)
        for act in (recorder.link.ping, recorder.link.pause_reading, recorder.link.resume_reading):
            act()
        recorder.link.send(b"")
        recorder.link.close(Close.INTERNAL)
        assert not served.state.connections


async def test_a_half_closed_client_that_does_not_read_is_cut_off(recorder: Recorder) -> None:
    async with joined(recorder, ws=Impatient, receive_buffer=4096) as (client, _):
        recorder.link.send(framed(bytes(4 * 2**20), BINARY))
        client.writer.write_eof()

        assert await recorder.next() == ("write_paused", None)
        assert await recorder.next() == ("closed", 1006)
