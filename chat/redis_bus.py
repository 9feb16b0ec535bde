"""The Redis bus: joins the nodes of a cluster by a pipelined publisher and a subscriber a lane each.

Messages are lost as a matter of course, while Redis is away, when a queue is full, whenever a link is
made anew. What may have been lost is told, and the hub compares it with SQL: nothing waits for Redis.
"""

import asyncio
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from zlib import crc32

import msgspec

from chat.bus import Listener
from chat.events import AsOf, Envelope
from chat.redis_channels import Channels, Counts
from chat.redis_lanes import Lane
from chat.redis_links import read_url


class Message(msgspec.Struct, array_like=True, frozen=True):
    """What one node tells the others, of one room where it names one: events, or a note.

    Versions run side by side: fields are only added, at the end and with a default, and what another
    version has beyond them is ignored.
    """

    node: str
    room: str
    as_of: AsOf | None
    envelopes: list[Envelope]
    note: bytes = b""


class RedisBus:
    """The bus of node ``node`` through the Redis at ``url``. Raises ValueError for no such URL.

    Only those of one ``cluster`` hear one another: a Redis knows no databases for what passes. All
    that is told of a room takes one lane, and so keeps its order.
    """

    def __init__(self, url: str, node: str, cluster: str = "curbside") -> None:
        self.counts = Counts()
        self._node = node
        self._lanes = [
            Lane(
                address, Channels(cluster, tag), node, self.counts,
                hear=self._take, missed=self._miss, is_sharded=bool(tag),
            )
            for tag, address in read_url(url).lanes().items()
        ]  # fmt: skip
        self._decoder = msgspec.msgpack.Decoder(Message)

    is_joined = True

    @property
    def is_degraded(self) -> bool:
        """Whether some lane brings nothing for now."""
        return any(lane.is_degraded for lane in self._lanes)

    def start(self, listener: Listener) -> None:
        """Begin to connect."""
        self._listener = listener
        for lane in self._lanes:
            lane.start()

    async def close(self) -> None:
        """Send what is queued, within a deadline, and end."""
        await asyncio.gather(*(lane.close() for lane in self._lanes))

    def follow(self, room: str) -> None:
        """Subscribe to a room."""
        self._lane(room).follow(room)

    def unfollow(self, room: str) -> None:
        """Unsubscribe from a room."""
        self._lane(room).unfollow(room)

    def publish(self, envelopes: Sequence[Envelope], as_of: Mapping[str, AsOf]) -> None:
        """Deliver here at once, and queue one message a room."""
        self._listener.deliver(envelopes)
        told: defaultdict[str, list[Envelope]] = defaultdict(list)
        for envelope in envelopes:
            told[envelope.room].append(envelope)
        for room, its in told.items():
            message = Message(self._node, room, as_of[room], its)
            self._lane(room).put(room, msgspec.msgpack.encode(message))

    def say(self, note: bytes, room: str | None) -> None:
        """Queue a note."""
        message = msgspec.msgpack.encode(Message(self._node, room or "", None, [], note))
        self._lane(room or "").put(room, message)

    def _lane(self, room: str) -> Lane:
        return self._lanes[crc32(room.encode()) % len(self._lanes)]

    def _miss(self, rooms: Collection[str] | None) -> None:
        self._listener.missed(rooms)

    def _take(self, payload: bytes) -> None:
        self._hear(self._decoder.decode(payload))

    def _hear(self, message: Message) -> None:
        if message.node == self._node:
            return
        self.counts.received += 1
        if message.note:
            self._listener.noted(message.node, message.note)
        elif message.as_of is not None:
            self._listener.hear(message.room, message.as_of, message.envelopes)
