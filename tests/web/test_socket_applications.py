"""ASGI applications on a socket: what an endpoint sees, sends and is told, on a real server."""

import asyncio
from typing import Any

import pytest
from starlette.responses import JSONResponse
from starlette.websockets import WebSocket
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed

from chat.errors import Close
from chat.frames import BINARY, MESSAGE_LIMIT
from tests.web.receivers import Endpoint, app_of, watched
from tests.web.socket_servers import HEAD, masked, serving
from web.frame_parser import CLOSE


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


# Back-pressure.


async def test_the_queue_of_an_endpoint_is_bounded_and_keeps_the_order() -> None:
    go_on = asyncio.Event()
    received: asyncio.Queue[bytes] = asyncio.Queue()

    async def endpoint(websocket: WebSocket) -> None:
        await websocket.accept()
        await go_on.wait()
        async for message in websocket.iter_bytes():
            received.put_nowait(message)

    ws = watched()
    async with serving(app_of(endpoint), ws=ws) as served:
        client = await served.connect()
        await client.upgrade()
        client.writer.transport.set_write_buffer_limits(high=0)
        client.send(b"".join(masked(BINARY, bytes(4)) for _ in range(16)))
        client.send(masked(BINARY, bytes(MESSAGE_LIMIT)) * 200)
        drained = asyncio.ensure_future(client.writer.drain())
        await ws.reading_paused.wait()
        assert not drained.done()

        go_on.set()
        sizes = [len(await asyncio.wait_for(received.get(), 10)) for _ in range(216)]
        await drained

    assert sizes == [4] * 16 + [MESSAGE_LIMIT] * 200


async def test_an_endpoint_waits_in_send_for_a_slow_client() -> None:
    sent = 0

    async def endpoint(websocket: WebSocket) -> None:
        nonlocal sent
        await websocket.accept()
        for _ in range(200):
            await websocket.send_bytes(bytes(2**16))
            sent += 1

    ws = watched()
    async with serving(app_of(endpoint), ws=ws) as served:
        client = await served.connect(receive_buffer=4096)
        await client.upgrade()
        await ws.writing_paused.wait()
        await (await served.connect()).upgrade(b"GET /ws HTTP/1.1\r\n")
        assert sent < 20

        frames = [await client.frame() for _ in range(201)]

    assert frames[:-1] == [(BINARY, bytes(2**16))] * 200
    assert frames[-1] == (CLOSE, b"\x03\xe8")


# Shutdown.


async def test_shutdown_ends_an_endpoint_that_waits() -> None:
    async with serving(app_of(_receive)) as served:
        async with connect(served.url) as client:
            await served.server.shutdown()
            with pytest.raises(ConnectionClosed):
                await client.recv()

        assert client.close_code == Close.RESTARTING


async def _receive(websocket: WebSocket) -> None:
    await websocket.accept()
    await websocket.receive()


async def test_shutdown_during_the_handshake_answers_503() -> None:
    started = asyncio.Event()

    async def endpoint(websocket: WebSocket) -> None:
        await websocket.receive()
        started.set()
        await websocket.receive()

    async with serving(app_of(endpoint)) as served:
        client = await served.connect()
        client.send(HEAD + b"\r\n")
        await started.wait()
        stopping = asyncio.ensure_future(served.server.shutdown())

        status, head, _ = await client.response()
        await stopping

    assert status == 503
    assert "retry-after" in head
