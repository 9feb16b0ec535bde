"""Handshakes: which upgrades are refused, and how, on a real server."""

import pytest
from starlette.websockets import WebSocket

from tests.web.receivers import app_of
from tests.web.socket_servers import HEAD, serving
from web.echo import serve_echo


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


async def test_a_header_may_not_hold_a_line_break() -> None:
    async def endpoint(websocket: WebSocket) -> None:
        await websocket.accept(headers=[(b"X-Ward", b"4\r\nSet-Cookie: a=b")])

    async with serving(app_of(endpoint)) as served:
        client = await served.connect()

        assert (await client.upgrade())[0] == 500
