"""Redis channels: how one node speaks on them, hears them, and proves that it would hear.

Queues are bounded, and whatever fails ends with its connection: nothing here tries again.
"""

import asyncio
import math
from collections.abc import Callable, Collection
from contextlib import suppress
from typing import NamedTuple

import msgspec

from chat.redis_links import COMMAND_DEADLINE, RedisConnection

QUEUE_BYTES = 8 * 1024 * 1024  # that wait for Redis; guessed: what it takes in a second
CHANNELS_AT_ONCE = 1_000  # in one command; guessed: confirmed well within COMMAND_DEADLINE
CANARY_EVERY = 1.0  # seconds
CANARY_LIMIT = 3.0  # seconds without one; a half-open link shows by nothing else


class Words(NamedTuple):
    """What Redis calls speaking and hearing."""

    publish: bytes
    subscribe: bytes
    unsubscribe: bytes
    message: bytes


PLAIN = Words(b"PUBLISH", b"SUBSCRIBE", b"UNSUBSCRIBE", b"message")
SHARDED = Words(b"SPUBLISH", b"SSUBSCRIBE", b"SUNSUBSCRIBE", b"smessage")


class Channels:
    """The names of the channels of one lane. ``nodes`` is the one that all who use it hear.

    A ``tag`` is what Redis Cluster finds their slot by: those of a lane are all with one master.
    """

    def __init__(self, cluster: str, tag: str = "") -> None:
        self._prefix = f"{{{tag}}}:{cluster}" if tag else cluster
        self.nodes = f"{self._prefix}:nodes".encode()

    def room(self, room: str) -> bytes:
        """Return the channel of what is told of a room."""
        return f"{self._prefix}:room:{room}".encode()

    def node(self, node: str) -> bytes:
        """Return the channel of a node's canaries."""
        return f"{self._prefix}:node:{node}".encode()


class Counts:
    """What the bus has done so far. Messages are of one room each, and canaries among them."""

    def __init__(self) -> None:
        self.published = 0  # taken by Redis
        self.dropped = 0  # for want of a link or of room in the queue
        self.received = 0  # from other nodes
        self.reconnects = 0
        self.lag = 0.0  # seconds from this node through Redis back to it, of the newest canary


class Publisher:
    """Sends all that is queued as one pipeline, then what was queued meanwhile."""

    def __init__(self, counts: Counts, words: Words) -> None:
        self._counts = counts
        self._verb = words.publish
        self._queue: list[tuple[bytes, bytes]] = []
        self._bytes = 0
        self._is_up = False
        self._woken = asyncio.Event()
        self._idle = asyncio.Event()
        self._idle.set()

    def put(self, channel: bytes, payload: bytes) -> None:
        """Queue a message, or drop it where there is no link or no room."""
        if not self._is_up or self._bytes + len(payload) > QUEUE_BYTES:
            self._counts.dropped += 1
            return
        self._queue.append((channel, payload))
        self._bytes += len(payload)
        self._woken.set()
        self._idle.clear()

    async def empty(self) -> None:
        """Return once nothing is queued, or after COMMAND_DEADLINE."""
        with suppress(TimeoutError):
            async with asyncio.timeout(COMMAND_DEADLINE):
                await self._idle.wait()

    async def send(self, connection: RedisConnection) -> None:
        """Send until the connection fails, and drop what it has not taken."""
        self._is_up = True
        try:
            while True:
                await self._woken.wait()
                self._woken.clear()
                await self._send(connection, self._taken())
                if not self._queue:
                    self._idle.set()
        finally:
            self._is_up = False
            self._counts.dropped += len(self._taken())
            self._idle.set()

    def _taken(self) -> list[tuple[bytes, bytes]]:
        taken, self._queue, self._bytes = self._queue, [], 0
        return taken

    async def _send(self, connection: RedisConnection, taken: list[tuple[bytes, bytes]]) -> None:
        confirmed = 0
        try:
            async with asyncio.timeout(COMMAND_DEADLINE):
                packed = connection.pack_commands((self._verb, *message) for message in taken)
                await connection.send_packed_command(packed)
                for _ in taken:
                    await connection.read_response(timeout=math.inf)
                    confirmed += 1
        finally:
            self._counts.published += confirmed
            self._counts.dropped += len(taken) - confirmed


class Subscriber:
    """Keeps Redis told of what is followed, and gives ``take`` the channel and payload that come."""

    def __init__(self, take: Callable[[bytes, bytes], None], words: Words) -> None:
        self._take = take
        self._words = words
        self._followed: dict[bytes, str] = {}
        self._changed: set[bytes] = set()
        self._woken = asyncio.Event()
        self._unconfirmed: set[bytes] = set()
        self._confirmed = asyncio.Event()

    def follow(self, channel: bytes, room: str) -> None:
        """Subscribe to the channel of a room."""
        self._followed[channel] = room
        self._change(channel)

    def unfollow(self, channel: bytes) -> None:
        """Unsubscribe from a channel."""
        self._followed.pop(channel, None)
        self._change(channel)

    def _change(self, channel: bytes) -> None:
        self._changed.add(channel)
        self._woken.set()

    async def read(self, connection: RedisConnection) -> None:
        """Read until the connection fails: the canary's watch is its deadline."""
        while True:
            kind, channel, content = await connection.read_response(timeout=math.inf)
            if kind == self._words.message:
                self._take(channel, content)
            elif channel not in self._unconfirmed:
                raise ConnectionError("unsubscribed by Redis: the slot has another master now")
            else:
                self._confirm(channel)

    def _confirm(self, channel: bytes) -> None:
        self._unconfirmed.remove(channel)
        if not self._unconfirmed:
            self._confirmed.set()

    async def subscribe(self, connection: RedisConnection, *more: bytes) -> None:
        """Subscribe a new connection to ``more`` and to all that is followed."""
        self._changed.clear()
        await self._ask(connection, self._words.subscribe, [*more, *self._followed])

    async def keep(
        self, connection: RedisConnection, missed: Callable[[Collection[str]], None]
    ) -> None:
        """Carry changes out, and tell of the rooms that were followed before Redis knew of it."""
        while True:
            await self._woken.wait()
            self._woken.clear()
            changed, self._changed = self._changed, set()
            rooms = {it: self._followed[it] for it in changed if it in self._followed}
            await self._ask(connection, self._words.unsubscribe, list(changed - rooms.keys()))
            await self._ask(connection, self._words.subscribe, list(rooms))
            if rooms:
                missed(rooms.values())

    async def _ask(self, connection: RedisConnection, verb: bytes, channels: list[bytes]) -> None:
        """Send a command, and return once all of it is confirmed."""
        for start in range(0, len(channels), CHANNELS_AT_ONCE):
            some = channels[start : start + CHANNELS_AT_ONCE]
            self._unconfirmed = set(some)
            self._confirmed.clear()
            async with asyncio.timeout(COMMAND_DEADLINE):
                await connection.send_command(verb, *some)
                await self._confirmed.wait()


class Canary:
    """Proves the link: what a node sends itself through Redis each second must come back."""

    def __init__(self, channel: bytes, counts: Counts) -> None:
        self.channel = channel
        self.is_well = False
        self._counts = counts
        self._came = asyncio.Event()

    async def send(self, publisher: Publisher) -> None:
        """Publish the loop's time each second."""
        while True:
            publisher.put(self.channel, msgspec.msgpack.encode(asyncio.get_running_loop().time()))
            await asyncio.sleep(CANARY_EVERY)

    async def watch(self) -> None:
        """Raise TimeoutError once too long a time has passed without one."""
        try:
            while True:
                async with asyncio.timeout(CANARY_LIMIT):
                    await self._came.wait()
                self._came.clear()
        finally:
            self.is_well = False

    def come(self, payload: bytes) -> None:
        """Hear that one has come back. Raises what decoding raises."""
        sent = msgspec.msgpack.decode(payload, type=float)
        self._counts.lag = asyncio.get_running_loop().time() - sent
        self.is_well = True
        self._came.set()
