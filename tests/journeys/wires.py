"""Wires: what lies between a browser and the server, and can be cut.

Playwright's offline switch leaves an open WebSocket alone; a wire that is cut does not.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress


class Wire:
    """A TCP proxy to a server's port. A page that is opened through it has its port in its origin."""

    def __init__(self, port: int) -> None:
        self.port = 0
        self.is_deaf = False
        """Whether what the server says is lost, while it hears everything."""
        self._to = port
        self._server: asyncio.Server | None = None
        self._ends: set[asyncio.StreamWriter] = set()
        self._pumps: set[asyncio.Task[None]] = set()

    @property
    def origin(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    async def mend(self) -> None:
        """Carry connections, on the same port as before."""
        self._server = await asyncio.start_server(self._connected, "127.0.0.1", self.port)
        self.port = self._server.sockets[0].getsockname()[1]

    async def cut(self) -> None:
        """Break every connection and refuse new ones. Nothing under way arrives."""
        if self._server is not None:
            self._server.close()
        for end in self._ends:
            end.transport.abort()
        await asyncio.gather(*self._pumps, return_exceptions=True)

    async def _connected(self, near: asyncio.StreamReader, back: asyncio.StreamWriter) -> None:
        try:
            far, onward = await asyncio.open_connection("127.0.0.1", self._to)
        except ConnectionError:
            back.transport.abort()
            return
        for source, sink in ((near, onward), (far, back)):
            self._ends.add(sink)
            task = asyncio.create_task(self._pump(source, sink, is_answer=sink is back))
            self._pumps.add(task)
            task.add_done_callback(self._pumps.discard)

    async def _pump(
        self, source: asyncio.StreamReader, sink: asyncio.StreamWriter, *, is_answer: bool
    ) -> None:
        with suppress(ConnectionError):
            while data := await source.read(65_536):
                if is_answer and self.is_deaf:
                    continue
                sink.write(data)
                await sink.drain()
        sink.close()
        self._ends.discard(sink)


@asynccontextmanager
async def wired(port: int) -> AsyncIterator[Wire]:
    """Yield a wire to a port."""
    wire = Wire(port)
    await wire.mend()
    try:
        yield wire
    finally:
        await wire.cut()
