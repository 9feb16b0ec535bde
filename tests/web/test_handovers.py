"""Handovers: sockets that an endpoint gives to a receiver, which hears what came before it."""

import asyncio

import pytest
from starlette.websockets import WebSocket

from chat.errors import Close
from chat.frames import TEXT
from tests.web.receivers import Recorder, app_of, watched
from tests.web.socket_servers import masked, serving
from web.frame_parser import CLOSE
from web.handshakes import HANDOVER


@pytest.fixture
def recorder() -> Recorder:
    return Recorder()


async def test_a_socket_is_handed_over_once_and_only_when_open(recorder: Recorder) -> None:
    refused: asyncio.Queue[str] = asyncio.Queue()

    async def endpoint(websocket: WebSocket) -> None:
        attach = websocket.scope["extensions"][HANDOVER]["attach"]
        try:
            attach(recorder.join)
        except RuntimeError as error:
            refused.put_nowait(str(error))
        await websocket.accept()
        attach(recorder.join)
        attach(recorder.join)

    async with serving(app_of(endpoint)) as served:
        client = await served.connect()
        await client.upgrade()
        await recorder.joined.wait()

        assert "only while it is open" in await refused.get()
        assert await client.close_code() == Close.SERVER_ERROR


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


async def test_a_client_that_left_before_the_handover_is_told_of(recorder: Recorder) -> None:
    accepted, left = asyncio.Event(), asyncio.Event()

    async def endpoint(websocket: WebSocket) -> None:
        await websocket.accept()
        accepted.set()
        await left.wait()
        websocket.scope["extensions"][HANDOVER]["attach"](recorder.join)

    ws = watched()
    async with serving(app_of(endpoint), ws=ws) as served:
        client = await served.connect()
        await client.upgrade(behind=masked(CLOSE, b"\x03\xe9"))
        await accepted.wait()
        assert await client.close_code() == 1001
        assert await client.rest() == b""
        await ws.lost.wait()
        left.set()

        assert await recorder.next() == ("closed", 1001)


async def test_a_bug_behind_the_handover_closes_with_1011(recorder: Recorder) -> None:
    async def endpoint(websocket: WebSocket) -> None:
        await websocket.accept()
        websocket.scope["extensions"][HANDOVER]["attach"](recorder.join)
        raise LookupError("a bug")

    async with serving(app_of(endpoint)) as served:
        client = await served.connect()
        await client.upgrade()

        assert await client.close_code() == Close.SERVER_ERROR
