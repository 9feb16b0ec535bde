"""Nodes: Redis buses and whatever they brought; and ways to Redis that go wrong unnoticed."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Collection, Sequence
from contextlib import asynccontextmanager
from urllib.parse import urlsplit

import msgspec

from chat.events import AsOf, Envelope
from chat.redis_bus import RedisBus
from tests.waiting import until


class Node:
    """One node's bus. Its own listener, which keeps everything."""

    def __init__(self, url: str, name: str) -> None:
        self.bus = RedisBus(url, name)
        self.delivered: list[Envelope] = []
        self.heard: list[Envelope] = []
        self.as_of: list[tuple[str, AsOf]] = []
        self.told_missed: list[set[str] | None] = []
        self.notes: list[tuple[str, bytes]] = []

    def deliver(self, envelopes: Sequence[Envelope]) -> None:
        self.delivered += envelopes

    def hear(self, room: str, as_of: AsOf, envelopes: Sequence[Envelope]) -> None:
        self.heard += envelopes
        self.as_of.append((room, as_of))

    def noted(self, node: str, note: bytes) -> None:
        self.notes.append((node, note))

    def missed(self, rooms: Collection[str] | None) -> None:
        self.told_missed.append(None if rooms is None else set(rooms))

    def say(self, *envelopes: Envelope, revision: int = 1) -> None:
        """Publish."""
        as_of = AsOf("epoch", revision)
        self.bus.publish(envelopes, {each.room: as_of for each in envelopes})


@asynccontextmanager
async def node(url: str, name: str, *rooms: str) -> AsyncIterator[Node]:
    """Give a node that is well and hears rooms."""
    made = Node(url, name)
    for room in rooms:
        made.bus.follow(room)
    made.bus.start(made)
    try:
        await until(lambda: not made.bus.is_degraded)
        yield made
    finally:
        await made.bus.close()


def envelope(room: str, seq: int, text: str = "Troponin is back") -> Envelope:
    """Return a post."""
    data = msgspec.msgpack.encode({"text": text})
    return Envelope(room, seq, "message.posted", 1.0, "ana", data, subject=f"m{seq}")


class Relay:
    """A way to a server that can go half-open: nothing is closed, but nothing comes back.

    ``mutes_hearing`` has it so for connections that subscribe, ``mutes_speaking`` for the others. With
    ``tls`` it is a server of TLS, as the proxies before a Redis are.
    """

    def __init__(self, url: str, tls: ssl.SSLContext | None = None) -> None:
        self._target = urlsplit(url)
        self._tls = tls
        self._tasks: set[asyncio.Task[None]] = set()
        self.mutes_hearing = self.mutes_speaking = False
        self.taken = 0  # connections

    @property
    def url(self) -> str:
        """The server's URL by this way."""
        scheme = "rediss" if self._tls else "redis"
        return f"{scheme}://127.0.0.1:{self._server.sockets[0].getsockname()[1]}/0"

    async def start(self) -> None:
        """Take connections."""
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0, ssl=self._tls)

    async def stop(self) -> None:
        """End it and all connections by it."""
        self._server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._server.wait_closed()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        self.taken += 1
        there, out = await asyncio.open_connection(self._target.hostname, self._target.port)
        subscribed = asyncio.Event()
        try:
            await asyncio.gather(
                self._pump_in(reader, out, subscribed), self._pump_out(there, writer, subscribed)
            )
        except asyncio.CancelledError:
            pass  # ends without an error that asyncio's streams would report
        finally:
            out.close()
            writer.close()

    async def _pump_in(
        self, reader: asyncio.StreamReader, out: asyncio.StreamWriter, subscribed: asyncio.Event
    ) -> None:
        while data := await reader.read(65_536):
            if b"SUBSCRIBE" in data:
                subscribed.set()
            out.write(data)
        out.close()

    async def _pump_out(
        self, there: asyncio.StreamReader, writer: asyncio.StreamWriter, subscribed: asyncio.Event
    ) -> None:
        while data := await there.read(65_536):
            if not (self.mutes_hearing if subscribed.is_set() else self.mutes_speaking):
                writer.write(data)
        writer.close()
