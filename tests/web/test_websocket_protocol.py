"""WebSockets: the protocol class on a real server, as clients and receivers meet it."""

import asyncio
from typing import Any

import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed

from chat.errors import Close
from chat.frames import BINARY, MESSAGE_LIMIT, TEXT, framed
from tests.web.receivers import Recorder, app_of, handing_over, joined
from tests.web.socket_servers import HEAD, masked, serving
from web.echo import serve_echo
from web.frame_parser import CLOSE, CONTINUATION, PING, PONG


@pytest.fixture
def recorder() -> Recorder:
    return Recorder()


# Messages.


@pytest.mark.parametrize("http", ["httptools", "h11"])
async def test_it_works_behind_the_http_protocols_of_uvicorn(http: str) -> None:
    async with serving(app_of(serve_echo), http=http) as served, connect(served.url) as client:
        await client.send("afebrile")

        assert await client.recv() == "afebrile"


@pytest.mark.parametrize("extensions", [True, False])
async def test_messages_of_every_length_are_echoed(extensions: bool) -> None:
    echo = app_of(serve_echo)

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await echo(scope if extensions else {**scope, "extensions": {}}, receive, send)

    messages: list[bytes | str] = [
        bytes(size) for size in (0, 1, 125, 126, 65_535, 65_536, MESSAGE_LIMIT)
    ]
    async with serving(app) as served, connect(served.url, max_size=None) as client:
        for message in [*messages, "", "Ödem", "x" * MESSAGE_LIMIT]:
            await client.send(message)
            assert await client.recv() == message


async def test_compression_is_never_negotiated() -> None:
    async with serving(app_of(serve_echo)) as served:
        client = await served.connect()

        _, head, _ = await client.upgrade(
            HEAD + b"Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits\r\n"
        )

    assert "extensions" not in head


async def test_a_message_in_fragments_arrives_whole(recorder: Recorder) -> None:
    async with joined(recorder) as (client, _):
        client.send(masked(TEXT, b"sinus ", final=False) + masked(PING, b"!"))
        client.send(masked(CONTINUATION, b"rhythm"))

        assert await client.frame() == (PONG, b"!")
        assert await recorder.next() == ("text", b"sinus rhythm")


async def test_a_socket_handed_over_keeps_no_task(recorder: Recorder) -> None:
    async with joined(recorder) as (client, served):
        client.send(masked(BINARY, b"still here"))
        await recorder.next()

        assert not served.state.tasks
        assert len(served.state.connections) == 1


async def test_bytes_behind_the_handshake_are_not_lost(recorder: Recorder) -> None:
    async with serving(handing_over(recorder)) as served:
        client = await served.connect()

        await client.upgrade(behind=masked(TEXT, b"first") + masked(TEXT, b"second"))

        assert await recorder.next() == ("text", b"first")
        assert await recorder.next() == ("text", b"second")


# Pings.


async def test_pings_are_answered_each_and_in_order(recorder: Recorder) -> None:
    async with joined(recorder) as (client, _):
        client.send(b"".join(masked(PING, b"%d" % number) for number in range(2000)))

        pongs = [await client.frame() for _ in range(2000)]

    assert pongs == [(PONG, b"%d" % number) for number in range(2000)]


async def test_who_does_not_read_gets_only_the_last_pong(recorder: Recorder) -> None:
    async with joined(recorder, receive_buffer=4096) as (client, _):
        recorder.link.send(framed(bytes(4 * 2**20), BINARY))
        assert await recorder.next() == ("write_paused", None)
        client.send(b"".join(masked(PING, b"%d" % number) for number in range(9)))
        client.send(masked(TEXT, b"now"))
        assert await recorder.next() == ("text", b"now")

        [first, second] = [await client.frame() for _ in range(2)]

    assert first[0] == BINARY
    assert second == (PONG, b"8")


async def test_a_pong_counts_as_being_heard(recorder: Recorder) -> None:
    async with joined(recorder) as (client, _):
        recorder.link.heard = 0.0
        recorder.link.ping()
        assert await client.frame() == (PING, b"")
        client.send(masked(PONG, b"") + masked(TEXT, b""))
        await recorder.next()

        assert 0.0 < recorder.link.heard <= asyncio.get_running_loop().time()


# Back-pressure.


async def test_a_slow_client_pauses_and_resumes_the_receiver(recorder: Recorder) -> None:
    frame = framed(bytes(16_384), BINARY)
    async with joined(recorder, receive_buffer=4096) as (client, _):
        for _ in range(60):  # not quite 1 MiB
            recorder.link.send(frame)
        assert await recorder.next() == ("write_paused", None)

        for _ in range(60):
            assert await client.frame() == (BINARY, bytes(16_384))

        assert await recorder.next() == ("write_resumed", None)


async def test_a_receiver_is_not_told_of_a_pause_within_send(recorder: Recorder) -> None:
    async with joined(recorder, receive_buffer=4096):
        recorder.link.send(framed(bytes(4 * 2**20), BINARY))

        assert recorder.told.empty()
        assert await recorder.next() == ("write_paused", None)


async def test_what_was_read_waits_in_order_for_reading_to_resume(recorder: Recorder) -> None:
    def pause_at_two(payload: bytes) -> None:
        if payload == b"2":
            recorder.link.pause_reading()

    recorder.react = pause_at_two
    async with joined(recorder) as (client, served):
        client.send(b"".join(masked(TEXT, b"%d" % number) for number in range(5)))
        assert [await recorder.next() for _ in range(3)][-1] == ("text", b"2")
        client.send(masked(TEXT, b"5"))
        # The server answers another client only after it had its chance to read this one.
        await (await served.connect()).upgrade(b"GET /ws HTTP/1.1\r\n")
        assert recorder.told.empty()

        recorder.link.resume_reading()

        assert [await recorder.next() for _ in range(3)] == [("text", b"%d" % n) for n in (3, 4, 5)]


async def test_pausing_and_resuming_at_each_message_loses_none(recorder: Recorder) -> None:
    def blink(payload: bytes) -> None:
        recorder.link.pause_reading()
        recorder.link.resume_reading()

    recorder.react = blink
    async with joined(recorder) as (client, _):
        client.send(b"".join(masked(TEXT, b"%d" % number) for number in range(50)))

        received = [await recorder.next() for _ in range(50)]

    assert received == [("text", b"%d" % number) for number in range(50)]


# Shutdown.


async def test_shutdown_closes_with_1012(recorder: Recorder) -> None:
    async with joined(recorder) as (client, served), connect(served.url) as other:
        stopping = asyncio.ensure_future(served.server.shutdown())
        assert await client.frame() == (CLOSE, b"\x03\xf4")
        client.send(masked(CLOSE, b"\x03\xf4"))

        with pytest.raises(ConnectionClosed) as closed:
            await other.recv()
        await stopping

    assert closed.value.rcvd is not None
    assert closed.value.rcvd.code == Close.RESTARTING
    assert await recorder.next() == ("closed", Close.RESTARTING)
