"""HTTP requests that come slowly: which are waited for, and which are cut off."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, StreamingResponse
from starlette.routing import Route

from tests.web.http_apps import GET, POST, Hasty, app, take_notes
from tests.web.socket_servers import Served, serving


@pytest.mark.parametrize(
    "begun",
    [
        pytest.param(b"", id="nothing"),
        pytest.param(b"\r\n\r\n", id="blank lines"),
        pytest.param(GET, id="half a head"),
        pytest.param(GET + b"\r\n" + GET, id="half of the next head"),
        pytest.param(POST + b"Content-Length: 9\r\n\r\nnot", id="half a body"),
    ],
)
async def test_a_request_that_does_not_go_on_is_cut_off(begun: bytes) -> None:
    async with serving(app, http=Hasty, timeout_keep_alive=60) as served:
        client = await served.connect()
        client.send(begun)

        answer = await client.rest()

        assert (b"home" in answer) == (begun.count(b"GET") == 2)


async def test_a_byte_now_and_then_does_not_keep_a_head_open() -> None:
    async with serving(app, http=Hasty) as served:
        client = await served.connect()
        client.send(GET)
        ended = asyncio.ensure_future(client.rest())

        while not ended.done():
            client.send(b"X-Slow: 1\r\n")
            await asyncio.wait([ended], timeout=0.02)

        assert await ended == b""


async def test_a_body_may_take_longer_while_it_keeps_coming() -> None:
    checks: asyncio.Queue[None] = asyncio.Queue()

    class Patient(Hasty):
        body_bytes = 1

        def _check_body(self) -> None:
            super()._check_body()
            checks.put_nowait(None)

    async with serving(app, http=Patient) as served:
        client = await served.connect()
        client.send(POST + b"Content-Length: 4\r\n\r\n")

        for _ in range(3):
            client.send(b"x")
            await checks.get()
        client.send(b"x")

        assert (await client.response())[2] == b"4 bytes"


@asynccontextmanager
async def serving_late() -> AsyncIterator[Served]:
    """Serve an endpoint that takes no body before the time for one has run out."""
    timed_out = asyncio.Event()

    class Watched(Hasty):
        def _check_body(self) -> None:
            super()._check_body()
            timed_out.set()

    async def slow(request: Request) -> PlainTextResponse:
        await timed_out.wait()
        return await take_notes(request)

    routes = [Route("/notes", slow, methods=["POST"])]
    async with serving(Starlette(routes=routes), http=Watched) as served:
        yield served


async def test_a_body_that_the_server_does_not_take_is_not_slow() -> None:
    size = 2**20
    async with serving_late() as served:
        client = await served.connect()
        client.send(POST + b"Content-Length: %d\r\n\r\n" % size + bytes(size))

        assert (await client.response())[2] == b"1048576 bytes"


async def test_a_client_that_waits_for_100_continue_is_not_slow() -> None:
    async with serving_late() as served:
        client = await served.connect()
        client.send(POST + b"Content-Length: 1\r\nExpect: 100-continue\r\n\r\n")

        assert (await client.response())[0] == 100
        client.send(b"x")
        assert (await client.response())[2] == b"1 bytes"


async def test_a_long_response_is_not_cut_by_the_clock_of_the_next_request() -> None:
    late = asyncio.Event()

    class Watched(Hasty):
        def _head_is_late(self) -> None:
            super()._head_is_late()
            late.set()

    async def pieces() -> Any:
        yield "be"
        await late.wait()
        yield "gun"

    async def stream(request: Request) -> StreamingResponse:
        return StreamingResponse(pieces(), headers={"Content-Length": "5"})

    async with serving(Starlette(routes=[Route("/", stream)]), http=Watched) as served:
        client = await served.connect()
        client.send(GET + b"\r\n" + GET)

        assert (await client.response())[2] == b"begun"
