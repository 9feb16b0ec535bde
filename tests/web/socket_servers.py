"""A real uvicorn in this process, and a client that can do what no library allows."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import uvicorn
from websockets.frames import Frame, Opcode

from web.http_protocol import HttpProtocol
from web.websocket_protocol import WebSocketProtocol

HEAD = (
    b"GET /ws HTTP/1.1\r\nHost: curbside.test\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n"
)


def masked(opcode: int, payload: bytes, *, final: bool = True) -> bytes:
    """Return one frame as a client sends it."""
    return Frame(Opcode(opcode), payload, fin=final).serialize(mask=True)


class RawClient:
    """A TCP connection that says what it is told to."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer

    def send(self, data: bytes) -> None:
        self.writer.write(data)

    async def response(self) -> tuple[int, str, bytes]:
        """Read one response: its status, its head in lower case, its body."""
        head = (await self.reader.readuntil(b"\r\n\r\n")).decode().lower()
        _, _, length = head.partition("content-length: ")
        body = await self.reader.readexactly(int(length.split()[0])) if length else b""
        return int(head.split()[1]), head, body

    async def upgrade(self, head: bytes = HEAD, behind: bytes = b"") -> tuple[int, str, bytes]:
        self.send(head + b"\r\n" + behind)
        return await self.response()

    async def frame(self) -> tuple[int, bytes]:
        first, length = await self.reader.readexactly(2)
        if length > 125:
            length = int.from_bytes(await self.reader.readexactly(2 if length == 126 else 8))
        return first & 0x0F, await self.reader.readexactly(length)

    async def close_code(self) -> int:
        """Read up to the close frame."""
        while (frame := await self.frame())[0] != Opcode.CLOSE:
            pass
        return int.from_bytes(frame[1][:2])

    async def rest(self) -> bytes:
        """Read until the server ends the connection."""
        try:
            return await self.reader.read()
        except ConnectionResetError:
            return b""


class Served:
    """A running server."""

    def __init__(self, server: uvicorn.Server) -> None:
        self.server = server
        self.state = server.server_state
        self.port: int = server.servers[0].sockets[0].getsockname()[1]
        self._clients: list[RawClient] = []

    @property
    def url(self) -> str:
        return f"ws://127.0.0.1:{self.port}/ws"

    async def connect(self, *, receive_buffer: int | None = None) -> RawClient:
        sock = socket.socket()
        if receive_buffer:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        sock.setblocking(False)
        await asyncio.get_running_loop().sock_connect(sock, ("127.0.0.1", self.port))
        # A small limit: the stream reader may not hide that a client does not read.
        reader, writer = await asyncio.open_connection(sock=sock, limit=receive_buffer or 2**20)
        self._clients.append(RawClient(reader, writer))
        return self._clients[-1]

    async def stop(self) -> None:
        for listener in self.server.servers:
            listener.close()
        for client in self._clients:
            client.writer.transport.abort()
        for connection in list(self.state.connections):
            transport: Any = getattr(connection, "_transport", None) or connection.transport
            transport.abort()
        if self.state.tasks:
            await asyncio.wait(self.state.tasks)


@asynccontextmanager
async def serving(
    app: Any, *, ws: Any = WebSocketProtocol, http: Any = HttpProtocol, **options: Any
) -> AsyncIterator[Served]:
    """Serve an ASGI application on a free port."""
    config = uvicorn.Config(
        app, port=0, ws=ws, http=http, lifespan="off", log_config=None, **options
    )
    config.load()
    server = uvicorn.Server(config)
    server.lifespan = config.lifespan_class(config)
    await server.startup()
    served = Served(server)
    try:
        yield served
    finally:
        await served.stop()
