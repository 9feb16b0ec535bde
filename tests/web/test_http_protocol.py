"""HTTP: the bounds and refusals that uvicorn leaves to us, on a real server."""

import asyncio
from typing import Any

import pytest

from tests.web.http_apps import GET, POST, app
from tests.web.socket_servers import HEAD as UPGRADE
from tests.web.socket_servers import serving
from web.http_protocol import HttpProtocol


async def test_a_connection_serves_one_request_after_another() -> None:
    async with serving(app) as served:
        client = await served.connect()

        for _ in range(3):
            client.send(POST + b"Content-Length: 5\r\n\r\nnotes")
            assert (await client.response())[::2] == (200, b"5 bytes")
            client.send(GET + b"\r\n")
            assert (await client.response())[::2] == (200, b"home")


async def test_requests_may_come_cut_anywhere() -> None:
    request = POST + b"Content-Length: 5\r\n\r\nnotes"
    heard = asyncio.Event()

    class Hearing(HttpProtocol):
        def data_received(self, data: bytes) -> None:
            super().data_received(data)
            heard.set()

    async with serving(app, http=Hearing) as served:
        client = await served.connect()

        for byte in request * 2:
            client.send(bytes((byte,)))
            await heard.wait()
            heard.clear()

        assert [(await client.response())[2] for _ in range(2)] == [b"5 bytes"] * 2


# Too slow.


# Too large, or readable in two ways.


def headers(count: int, size: int) -> bytes:
    return b"".join(b"X-%04d: %s\r\n" % (number, b"x" * size) for number in range(count))


@pytest.mark.parametrize(
    "request_",
    [
        pytest.param(GET + b"X: " + b"x" * 65_536 + b"\r\n\r\n", id="one header"),
        pytest.param(GET + headers(1000, 1) + b"\r\n", id="1,000 headers"),
        pytest.param(GET + headers(100, 700) + b"\r\n", id="headers add up"),
        pytest.param(GET.replace(b"/ ", b"/" + b"x" * 100_000 + b" ") + b"\r\n", id="path"),
        pytest.param(GET + b"X: " + b"x" * 600_000, id="a header without end"),
        pytest.param(GET + b"X: " + b"x" * 4_000_000 + b"\r\n\r\n", id="a huge header"),
    ],
)
async def test_a_head_that_is_too_large_is_refused(request_: bytes) -> None:
    async with serving(app) as served:
        client = await served.connect()
        client.send(request_)

        assert (await client.response())[0] == 431


async def test_a_head_under_the_limit_is_served() -> None:
    async with serving(app) as served:
        client = await served.connect()
        client.send(GET + headers(100, 600) + b"\r\n")

        assert (await client.response())[0] == 200


@pytest.mark.parametrize(
    "request_",
    [
        pytest.param(GET + b"Host: else.test\r\n\r\n", id="two hosts"),
        pytest.param(b"GET / HTTP/1.1\r\n\r\n", id="no host"),
        pytest.param(
            POST + b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
            id="CL and TE",
        ),
        pytest.param(
            POST + b"Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n",
            id="TE and CL",
        ),
        pytest.param(POST + b"Content-Length: 5\r\nContent-Length: 4\r\n\r\nnotes", id="two CL"),
        pytest.param(
            b"POST /notes HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
            id="TE in HTTP/1.0",
        ),
        pytest.param(
            POST + b"Connection: upgrade\r\nUpgrade: h2c\r\nContent-Length: 5\r\n\r\nnotes",
            id="a body behind an upgrade",
        ),
        pytest.param(UPGRADE + b"Content-Length: 5\r\n\r\nnotes", id="or behind ours"),
        pytest.param(POST + b"Transfer-Encoding: chunked\r\n\r\nx\r\n", id="no chunk"),
        pytest.param(b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", id="TLS"),
    ],
)
async def test_what_could_be_read_in_two_ways_is_refused(request_: bytes) -> None:
    async with serving(app) as served:
        client = await served.connect()
        client.send(request_)

        status, head, _ = await client.response()

        assert status == 400
        assert "connection: close" in head
        assert await client.rest() == b""


async def test_http_1_0_needs_no_host() -> None:
    async with serving(app) as served:
        client = await served.connect()
        client.send(b"GET / HTTP/1.0\r\n\r\n")

        assert (await client.response())[::2] == (200, b"home")


async def test_an_upgrade_to_something_else_is_a_plain_request() -> None:
    async with serving(app) as served:
        client = await served.connect()
        client.send(GET + b"Connection: upgrade\r\nUpgrade: h2c\r\n\r\n" + GET + b"\r\n")

        assert [(await client.response())[2] for _ in range(2)] == [b"home"] * 2


@pytest.mark.parametrize("behind", [UPGRADE + b"\r\n", b"rubbish\r\n\r\n"])
async def test_what_follows_a_request_does_not_mix_with_its_response(behind: bytes) -> None:
    async with serving(app) as served:
        client = await served.connect()
        client.send(GET + b"\r\n" + behind)

        assert (await client.response())[2] == b"home"
        assert await client.rest() == b""


async def test_an_endpoint_hears_of_a_body_that_broke_off() -> None:
    seen: asyncio.Queue[str] = asyncio.Queue()

    async def listen(scope: Any, receive: Any, send: Any) -> None:
        while (kind := (await receive())["type"]) != "http.disconnect":
            seen.put_nowait(kind)
        seen.put_nowait(kind)
        await send({"type": "http.response.start", "status": 200, "headers": []})

    async with serving(listen) as served:
        client = await served.connect()
        client.send(POST + b"Transfer-Encoding: chunked\r\n\r\n1\r\nx\r\n")
        assert await seen.get() == "http.request"
        client.send(b"not a chunk\r\n")

        assert (await client.response())[0] == 400
        assert await client.rest() == b""
        assert await seen.get() == "http.disconnect"
