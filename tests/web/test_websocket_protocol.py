"""WebSockets: the protocol class on a real server, as clients and endpoints meet it."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.responses import JSONResponse
from starlette.routing import WebSocketRoute
from starlette.websockets import WebSocket
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed

from chat.errors import Close
from chat.frames import BINARY, TEXT, framed
from chat.links import Link
from tests.web.socket_servers import HEAD, RawClient, Served, masked, serving
from web.echo import serve_echo
from web.frame_parser import CLOSE, CONTINUATION, PING, PONG
from web.handshakes import HANDOVER
from web.websocket_protocol import MESSAGE_LIMIT, WebSocketProtocol

Endpoint = Callable[[WebSocket], Any]


class Recorder:
    """A Receiver that keeps what it is told, and may do something at each message."""

    def __init__(self) -> None:
        self.link: Link
        self.joined = asyncio.Event()
        self.told: asyncio.Queue[tuple[str, object]] = asyncio.Queue()
        self.react: Callable[[bytes], object] = lambda payload: None

    def join(self, link: Link) -> "Recorder":
        self.link = link
        self.joined.set()
        return self

    def received(self, payload: bytes, *, text: bool) -> None:
        self.told.put_nowait(("text" if text else "binary", payload))
        self.react(payload)

    def write_paused(self) -> None:
        self.told.put_nowait(("write_paused", None))

    def write_resumed(self) -> None:
        self.told.put_nowait(("write_resumed", None))

    def closed(self, code: int) -> None:
        self.told.put_nowait(("closed", code))

    async def next(self) -> tuple[str, object]:
        return await asyncio.wait_for(self.told.get(), 10)


def app_of(endpoint: Endpoint) -> Starlette:
    return Starlette(routes=[WebSocketRoute("/ws", endpoint)])


def handing_over(recorder: Recorder) -> Starlette:
    async def endpoint(websocket: WebSocket) -> None:
        await websocket.accept()
        websocket.scope["extensions"][HANDOVER]["attach"](recorder.join)

    return app_of(endpoint)


@asynccontextmanager
async def joined(
    recorder: Recorder, *, ws: type = WebSocketProtocol, receive_buffer: int | None = None
) -> AsyncIterator[tuple[RawClient, Served]]:
    """Serve, connect a client that says what it is told to, and hand its socket to the recorder."""
    async with serving(handing_over(recorder), ws=ws) as served:
        client = await served.connect(receive_buffer=receive_buffer)
        assert (await client.upgrade())[0] == 101
        await recorder.joined.wait()
        yield client, served


@pytest.fixture
def recorder() -> Recorder:
    return Recorder()


class Impatient(WebSocketProtocol):
    __slots__ = ()

    close_seconds = 0.05


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

    messages = [bytes(size) for size in (0, 1, 125, 126, 65_535, 65_536, MESSAGE_LIMIT)]
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


async def test_messages_that_came_before_the_handover_come_first(recorder: Recorder) -> None:
    async def endpoint(websocket: WebSocket) -> None:
        await websocket.accept()
        assert await websocket.receive_text() == "0"
        websocket.scope["extensions"][HANDOVER]["attach"](recorder.join)

    async with serving(app_of(endpoint)) as served:
        client = await served.connect()
        await client.upgrade(behind=b"".join(masked(TEXT, b"%d" % number) for number in range(40)))

        received = [await recorder.next() for _ in range(39)]

    assert received == [("text", b"%d" % number) for number in range(1, 40)]


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
        before = recorder.link.heard
        recorder.link.ping()
        assert await client.frame() == (PING, b"")
        client.send(masked(PONG, b"") + masked(TEXT, b""))
        await recorder.next()

        assert before < recorder.link.heard <= asyncio.get_running_loop().time()


# Back-pressure.


async def test_a_slow_client_pauses_and_resumes_the_receiver(recorder: Recorder) -> None:
    frame = framed(bytes(16_384), BINARY)
    async with joined(recorder, receive_buffer=4096) as (client, _):
        sent = 0
        while recorder.told.empty():
            recorder.link.send(frame)
            sent += 1
            await asyncio.sleep(0)
        assert await recorder.next() == ("write_paused", None)

        for _ in range(sent):
            assert await client.frame() == (BINARY, bytes(16_384))

        assert await recorder.next() == ("write_resumed", None)
        assert sent * len(frame) < 2**20


async def test_a_receiver_is_not_told_of_a_pause_within_send(recorder: Recorder) -> None:
    async with joined(recorder, receive_buffer=4096):
        recorder.link.send(framed(bytes(4 * 2**20), BINARY))

        assert recorder.told.empty()
        assert await recorder.next() == ("write_paused", None)


async def test_what_was_read_waits_in_order_for_reading_to_resume(recorder: Recorder) -> None:
    recorder.react = lambda payload: payload == b"2" and recorder.link.pause_reading()
    async with joined(recorder) as (client, _):
        client.send(b"".join(masked(TEXT, b"%d" % number) for number in range(5)))
        assert [await recorder.next() for _ in range(3)][-1] == ("text", b"2")
        client.send(masked(TEXT, b"5"))
        # Whatever the server might have read by now has had its turn.
        await RoundTrip(recorder.link).done()
        assert recorder.told.empty()

        recorder.link.resume_reading()

        assert [await recorder.next() for _ in range(3)] == [("text", b"%d" % n) for n in (3, 4, 5)]


class RoundTrip:
    """Some turns of the loop, in which a socket that is read would have been."""

    def __init__(self, link: Link) -> None:
        self.link = link

    async def done(self) -> None:
        for _ in range(20):
            await asyncio.sleep(0)


async def test_pausing_and_resuming_at_each_message_loses_none(recorder: Recorder) -> None:
    def blink(payload: bytes) -> None:
        recorder.link.pause_reading()
        recorder.link.resume_reading()

    recorder.react = blink
    async with joined(recorder) as (client, _):
        client.send(b"".join(masked(TEXT, b"%d" % number) for number in range(50)))

        received = [await recorder.next() for _ in range(50)]

    assert received == [("text", b"%d" % number) for number in range(50)]


async def test_the_queue_of_an_endpoint_is_bounded_and_keeps_the_order() -> None:
    go_on = asyncio.Event()
    received: asyncio.Queue[bytes] = asyncio.Queue()

    async def endpoint(websocket: WebSocket) -> None:
        await websocket.accept()
        await go_on.wait()
        async for message in websocket.iter_bytes():
            received.put_nowait(message)

    async with serving(app_of(endpoint)) as served:
        client = await served.connect()
        await client.upgrade()
        client.writer.transport.set_write_buffer_limits(high=0)
        client.send(b"".join(masked(BINARY, bytes(4)) for _ in range(16)))
        client.send(masked(BINARY, bytes(MESSAGE_LIMIT)) * 200)
        # What no one takes fills the kernel, and the client is left with the rest.
        drained = asyncio.ensure_future(client.writer.drain())
        done, _ = await asyncio.wait([drained], timeout=0.2)
        assert not done

        go_on.set()
        sizes = [len(await asyncio.wait_for(received.get(), 10)) for _ in range(216)]
        await drained

    assert sizes == [4] * 16 + [MESSAGE_LIMIT] * 200


async def test_an_endpoint_waits_in_send_for_a_slow_client() -> None:
    sent = 0
    held = asyncio.Event()

    async def endpoint(websocket: WebSocket) -> None:
        nonlocal sent
        await websocket.accept()
        while sent < 200:
            sending = asyncio.ensure_future(websocket.send_bytes(bytes(2**16)))
            done, _ = await asyncio.wait([sending], timeout=0.1)
            if not done:
                held.set()
            await sending
            sent += 1

    async with serving(app_of(endpoint)) as served:
        client = await served.connect(receive_buffer=4096)
        await client.upgrade()
        await asyncio.wait_for(held.wait(), 10)
        assert sent < 100

        frames = [await client.frame() for _ in range(201)]

    assert frames[:-1] == [(BINARY, bytes(2**16))] * 200
    assert frames[-1] == (CLOSE, b"\x03\xe8")


# Endpoints.


async def test_an_endpoint_sees_what_was_asked() -> None:
    scope: dict[str, Any] = {}

    async def app(given: dict[str, Any], receive: Any, send: Any) -> None:
        scope.update(given)
        await receive()
        await send({
            "type": "websocket.accept",
            "subprotocol": "curbside.v1.json",
            "headers": [(b"X-Ward", b"4")],
        })  # fmt: skip

    async with serving(app, root_path="/curbside") as served:
        client = await served.connect()
        head = HEAD.replace(b"/ws", b"/r%C3%B6ntgen?since=1&x=%20")
        status, answered, _ = await client.upgrade(
            head + b"Sec-WebSocket-Protocol: curbside.v1.msgpack\r\nCookie: a=b\r\n"
            b"Sec-WebSocket-Protocol: , curbside.v1.json\r\n"
        )

    assert (status, scope["type"], scope["scheme"]) == (101, "websocket", "ws")
    assert (scope["path"], scope["root_path"]) == ("/curbside/röntgen", "/curbside")
    assert scope["raw_path"] == b"/curbside/r%C3%B6ntgen"
    assert scope["query_string"] == b"since=1&x=%20"
    assert scope["subprotocols"] == ["curbside.v1.msgpack", "curbside.v1.json"]
    assert (b"cookie", b"a=b") in scope["headers"]
    assert scope["server"] == ("127.0.0.1", served.port)
    assert "sec-websocket-accept: s3pplmbitxaq9kygzzhzrbk+xoo=" in answered
    assert "sec-websocket-protocol: curbside.v1.json" in answered
    assert "x-ward: 4" in answered


async def test_an_endpoint_may_deny_with_a_response() -> None:
    async def endpoint(websocket: WebSocket) -> None:
        await websocket.send_denial_response(
            JSONResponse({"code": "signed_out"}, status_code=401, headers={"X-Ward": "4"})
        )

    async with serving(app_of(endpoint)) as served:
        client = await served.connect()

        status, head, body = await client.upgrade()

        assert (status, body) == (401, b'{"code":"signed_out"}')
        assert "x-ward: 4" in head
        assert "connection: close" in head
        assert await client.rest() == b""
        assert not served.state.connections


async def test_a_denial_may_come_in_pieces() -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "websocket.http.response.start", "status": 503, "headers": []})
        await send({"type": "websocket.http.response.body", "body": b"re", "more_body": True})
        await send({"type": "websocket.http.response.body", "body": b"starting"})
        assert (await receive())["type"] == "websocket.connect"
        assert (await receive())["type"] == "websocket.disconnect"

    async with serving(app) as served:
        client = await served.connect()

        assert (await client.upgrade())[::2] == (503, b"restarting")


async def _close(websocket: WebSocket) -> None:
    await websocket.close()


async def _return(websocket: WebSocket) -> None:
    pass


async def _raise(websocket: WebSocket) -> None:
    raise LookupError("a bug")


@pytest.mark.parametrize(("endpoint", "status"), [(_close, 403), (_return, 500), (_raise, 500)])
async def test_an_endpoint_that_does_not_accept(endpoint: Endpoint, status: int) -> None:
    async with serving(app_of(endpoint)) as served:
        client = await served.connect()

        assert (await client.upgrade())[0] == status
        assert await client.rest() == b""


@pytest.mark.parametrize(("endpoint", "code"), [(_return, 1000), (_raise, 1011), (_close, 1000)])
async def test_an_endpoint_that_ends_closes(endpoint: Endpoint, code: int) -> None:
    async def accepting(websocket: WebSocket) -> None:
        await websocket.accept()
        await endpoint(websocket)

    async with serving(app_of(accepting)) as served:
        client = await served.connect()
        await client.upgrade()

        assert await client.close_code() == code


async def test_a_bug_behind_the_handover_closes_with_1011(recorder: Recorder) -> None:
    async def endpoint(websocket: WebSocket) -> None:
        await websocket.accept()
        websocket.scope["extensions"][HANDOVER]["attach"](recorder.join)
        raise LookupError("a bug")

    async with serving(app_of(endpoint)) as served:
        client = await served.connect()
        await client.upgrade()

        assert await client.close_code() == Close.SERVER_ERROR


async def test_an_endpoint_hears_of_the_end_and_may_send_no_more() -> None:
    seen: asyncio.Queue[object] = asyncio.Queue()

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await receive()
        await send({"type": "websocket.accept"})
        seen.put_nowait(await receive())
        seen.put_nowait(await receive())
        try:
            await send({"type": "websocket.send", "text": "anyone?"})
        except OSError as gone:
            seen.put_nowait(gone)
            raise

    async with serving(app) as served:
        client = await served.connect()
        await client.upgrade(behind=masked(CLOSE, b"\x0f\xa1"))

        gone = {"type": "websocket.disconnect", "code": 4001}
        assert [await seen.get(), await seen.get()] == [gone, gone]
        assert isinstance(await seen.get(), OSError)


async def test_a_socket_is_handed_over_once_and_only_when_open(recorder: Recorder) -> None:
    refused: asyncio.Queue[str] = asyncio.Queue()

    async def endpoint(websocket: WebSocket) -> None:
        attach = websocket.scope["extensions"][HANDOVER]["attach"]
        for step in (websocket.accept, lambda: asyncio.sleep(0)):
            try:
                attach(recorder.join)
            except RuntimeError as error:
                refused.put_nowait(str(error))
            await step()
        attach(recorder.join)

    async with serving(app_of(endpoint)) as served:
        client = await served.connect()
        await client.upgrade()
        await recorder.joined.wait()

        assert "only while it is open" in await refused.get()
        assert await client.close_code() == Close.SERVER_ERROR


async def test_a_client_that_left_before_the_handover_is_told_of(recorder: Recorder) -> None:
    accepted, left = asyncio.Event(), asyncio.Event()

    async def endpoint(websocket: WebSocket) -> None:
        await websocket.accept()
        accepted.set()
        await left.wait()
        websocket.scope["extensions"][HANDOVER]["attach"](recorder.join)

    async with serving(app_of(endpoint)) as served:
        client = await served.connect()
        await client.upgrade(behind=masked(CLOSE, b"\x03\xe9"))
        await accepted.wait()
        assert await client.close_code() == 1001
        assert await client.rest() == b""
        while served.state.connections:
            await asyncio.sleep(0)
        left.set()

        assert await recorder.next() == ("closed", 1001)


async def test_a_header_may_not_hold_a_line_break() -> None:
    async def endpoint(websocket: WebSocket) -> None:
        await websocket.accept(headers=[(b"X-Ward", b"4\r\nSet-Cookie: a=b")])

    async with serving(app_of(endpoint)) as served:
        client = await served.connect()

        assert (await client.upgrade())[0] == 500


# The handshake.


def without(name: bytes) -> bytes:
    return b"".join(line for line in HEAD.splitlines(True) if not line.startswith(name))


def with_key(key: bytes) -> bytes:
    return without(b"Sec-WebSocket-Key") + b"Sec-WebSocket-Key: " + key + b"\r\n"


@pytest.mark.parametrize(
    ("head", "status"),
    [
        pytest.param(HEAD.replace(b"HTTP/1.1", b"HTTP/1.0"), 400, id="HTTP/1.0"),
        pytest.param(HEAD.replace(b"GET", b"PUT"), 400, id="PUT"),
        pytest.param(HEAD + b"Host: else.test\r\n", 400, id="two hosts"),
        pytest.param(without(b"Host"), 400, id="no host"),
        pytest.param(HEAD + b"Content-Length: 4\r\n", 400, id="a body"),
        pytest.param(HEAD + b"Transfer-Encoding: chunked\r\n", 400, id="a chunked body"),
        pytest.param(
            HEAD + b"Content-Length: 4\r\nTransfer-Encoding: chunked\r\n", 400, id="CL and TE"
        ),
        pytest.param(without(b"Sec-WebSocket-Key"), 400, id="no key"),
        pytest.param(with_key(b"dGhlIHNhbXBsZQ=="), 400, id="short key"),
        pytest.param(with_key(b"dGhlIHNhbXBsZSBub25jZQ"), 400, id="key that is not base64"),
        pytest.param(HEAD + b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n", 400, id="two keys"),
        pytest.param(without(b"Sec-WebSocket-Version"), 426, id="no version"),
        pytest.param(HEAD.replace(b"Version: 13", b"Version: 8"), 426, id="version 8"),
    ],
)
async def test_a_wrong_handshake_is_refused(head: bytes, status: int) -> None:
    async with serving(app_of(serve_echo)) as served:
        client = await served.connect()

        answer = await client.upgrade(head)

        assert answer[0] == status
        assert (status == 426) == ("sec-websocket-version: 13" in answer[1])
        assert await client.rest() == b""


async def test_the_lists_of_a_handshake_may_be_split_and_mixed() -> None:
    head = HEAD.replace(b"Upgrade: websocket", b"upgrade: foo, WebSocket")
    head = head.replace(b"Connection: Upgrade", b"connection: upgrade\r\nConnection: keep-alive")
    async with serving(app_of(serve_echo)) as served:
        client = await served.connect()

        assert (await client.upgrade(head + b"Content-Length: 0\r\n"))[0] == 101


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


async def test_shutdown_ends_an_endpoint_that_waits() -> None:
    async with serving(app_of(lambda websocket: _receive(websocket))) as served:
        async with connect(served.url) as client:
            await served.server.shutdown()
            with pytest.raises(ConnectionClosed):
                await client.recv()

        assert client.close_code == Close.RESTARTING


async def _receive(websocket: WebSocket) -> None:
    await websocket.accept()
    await websocket.receive()


async def test_shutdown_during_the_handshake_answers_503() -> None:
    async def endpoint(websocket: WebSocket) -> None:
        await websocket.receive()
        await websocket.receive()

    async with serving(app_of(endpoint)) as served:
        client = await served.connect()
        client.send(HEAD + b"\r\n")
        while not served.state.tasks:
            await asyncio.sleep(0)
        stopping = asyncio.ensure_future(served.server.shutdown())

        status, head, _ = await client.response()
        await stopping

    assert status == 503
    assert "retry-after" in head
