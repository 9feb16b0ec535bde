"""Relays: ways to a port that fall silent, break in the midst of a frame, or lose one reply."""

import asyncio
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

LINK_BYTES = 65_536  # read at once
BREAK_AGAIN = 0.1  # seconds, for a link that was only being made


class Relay:
    """A way to a port of this machine. Set its faults at any time; those under way feel them."""

    def __init__(self, target: int, seed: int = 7) -> None:
        self.port = 0
        self.broken = 0
        self.breaks_within: int | None = None
        """Bytes to the client, after some number of which, up to this, a new link breaks."""
        self.delay = 0.0
        """Seconds by which whatever the other side says comes late."""
        self.loses_reply_to: bytes | None = None
        """What is passed on, done, and never answered: the link breaks instead. One time of ten."""
        self.falls_deaf_at: bytes | None = None
        """What is not passed on: from there on the relay is silent and deaf."""
        self._target = target
        self._random = random.Random(seed)
        self.speaks = asyncio.Event()
        self.hears = asyncio.Event()
        self.speak()
        self._ways: set[asyncio.StreamWriter] = set()

    def fall_silent(self, *, deaf: bool = False) -> None:
        """Bring back nothing of what the other side says, and ``deaf``, take nothing there either.

        Every link stays open; an end that is under way is kept from the other side like all else.
        """
        self.speaks.clear()
        if deaf:
            self.hears.clear()

    def speak(self) -> None:
        """Carry what was said meanwhile, and all that follows."""
        self.speaks.set()
        self.hears.set()

    def break_links(self) -> None:
        """Reset every link that there is."""
        for way in self._ways:
            way.transport.abort()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Carry one link until either side ends it."""
        link = _Link(self)
        try:
            there, out = await asyncio.open_connection("127.0.0.1", self._target)
        except OSError:
            writer.transport.abort()
            return
        self._ways |= {out, writer}
        ways = [
            asyncio.ensure_future(link.carry_in(reader, out)),
            asyncio.ensure_future(link.carry_out(there, writer)),
        ]
        await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
        for way in ways:
            way.cancel()
        await asyncio.gather(*ways, return_exceptions=True)
        self._ways -= {out, writer}
        out.close()  # in order: what was taken for the other side still reaches it
        writer.transport.abort()

    def allowance(self) -> int | None:
        """Return after how many bytes a new link breaks."""
        most = self.breaks_within
        return None if most is None else self._random.randrange(most)

    def listen(self, data: bytes) -> None:
        """Fall deaf where this is what it waits for."""
        if self.falls_deaf_at is not None and self.falls_deaf_at in data:
            self.falls_deaf_at = None
            self.fall_silent(deaf=True)

    def is_unlucky(self, data: bytes) -> bool:
        """Return whether the reply to this is to be lost."""
        asked = self.loses_reply_to
        return asked is not None and asked in data and self._random.randrange(10) == 0


class _Link:
    """One link, and how much it may yet carry."""

    def __init__(self, relay: Relay) -> None:
        self._relay = relay
        self._left = relay.allowance()
        self._is_doomed = False

    async def carry_in(self, reader: asyncio.StreamReader, out: asyncio.StreamWriter) -> None:
        while data := await reader.read(LINK_BYTES):
            self._relay.listen(data)
            await self._relay.hears.wait()
            self._is_doomed = self._is_doomed or self._relay.is_unlucky(data)
            out.write(data)
        await self._relay.hears.wait()

    async def carry_out(self, there: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await there.read(LINK_BYTES):
            await self._relay.speaks.wait()
            await asyncio.sleep(self._relay.delay)
            if self._is_doomed:
                return
            if self._left is not None and len(data) > self._left:
                writer.write(data[: self._left])
                self._relay.broken += 1
                return
            self._left = None if self._left is None else self._left - len(data)
            writer.write(data)


@asynccontextmanager
async def relaying(target: int) -> AsyncIterator[Relay]:
    """Yield a way to a port, for as long as it is needed."""
    relay = Relay(target)
    links: set[asyncio.Task[None]] = set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        links.add(task)
        task.add_done_callback(links.discard)
        await relay.serve(reader, writer)

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    relay.port = server.sockets[0].getsockname()[1]
    try:
        yield relay
    finally:
        server.close()
        relay.speak()
        while links:  # broken, not cancelled: asyncio reports a stream's task that was cancelled
            relay.break_links()
            await asyncio.wait(links, timeout=BREAK_AGAIN)
        await server.wait_closed()
