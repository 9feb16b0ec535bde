"""The Redis bus: joins the nodes of a cluster by one pipelined publisher and one subscriber each.

Messages are lost as a matter of course, while Redis is away, when a queue is full, whenever a link is
made anew. What may have been lost is told, and the hub compares it with SQL: nothing waits for Redis.
"""

import asyncio
from collections import defaultdict
from collections.abc import Mapping, Sequence

import msgspec
import structlog

from chat.bus import Listener
from chat.events import AsOf, Envelope
from chat.redis_channels import (
    Canary,
    Channels,
    Counts,
    Publisher,
    Subscriber,
)
from chat.redis_links import Link, RedisConnection, read_url

log = structlog.get_logger(__name__)


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

    Only those of one ``cluster`` hear one another: a Redis knows no databases for what passes.
    """

    def __init__(self, url: str, node: str, cluster: str = "curbside") -> None:
        self.counts = Counts()
        self._node = node
        self._link = Link(read_url(url), self._use)
        self._publisher = Publisher(self.counts)
        self._channels = Channels(cluster)
        self._canary = Canary(self._channels.node(node), self.counts)
        self._subscriber = Subscriber(self._take)
        self._task: asyncio.Task[None] | None = None
        self._links = 0
        self._decoder = msgspec.msgpack.Decoder(Message)

    is_joined = True

    @property
    def is_degraded(self) -> bool:
        """Whether no canary has come back over the link that there is, if there is one."""
        return not self._canary.is_well

    def start(self, listener: Listener) -> None:
        """Begin to connect."""
        self._listener = listener
        self._task = asyncio.create_task(self._link.keep(), name="bus")

    async def close(self) -> None:
        """Send what is queued, within a deadline, and end."""
        await self._publisher.empty()
        self._link.end()
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    def follow(self, room: str) -> None:
        """Subscribe to a room."""
        self._subscriber.follow(self._channels.room(room), room)

    def unfollow(self, room: str) -> None:
        """Unsubscribe from a room."""
        self._subscriber.unfollow(self._channels.room(room))

    def publish(self, envelopes: Sequence[Envelope], as_of: Mapping[str, AsOf]) -> None:
        """Deliver here at once, and queue one message a room."""
        self._listener.deliver(envelopes)
        told: defaultdict[str, list[Envelope]] = defaultdict(list)
        for envelope in envelopes:
            told[envelope.room].append(envelope)
        for room, its in told.items():
            message = Message(self._node, room, as_of[room], its)
            self._publisher.put(self._channels.room(room), msgspec.msgpack.encode(message))

    def say(self, note: bytes, room: str | None) -> None:
        """Queue a note."""
        message = msgspec.msgpack.encode(Message(self._node, room or "", None, [], note))
        channel = self._channels.room(room) if room else self._channels.nodes
        self._publisher.put(channel, message)

    async def _use(self, speaking: RedisConnection, hearing: RedisConnection) -> None:
        """Use a link until some part of it fails, which ends the others."""
        self.counts.reconnects += self._links > 0
        self._links += 1
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._publisher.send(speaking))
            tasks.create_task(self._subscriber.read(hearing))
            await self._subscriber.subscribe(hearing, self._canary.channel, self._channels.nodes)
            tasks.create_task(self._subscriber.keep(hearing, self._listener.missed))
            tasks.create_task(self._canary.send(self._publisher))
            tasks.create_task(self._canary.watch())
            self._listener.missed(None)

    def _take(self, channel: bytes, payload: bytes) -> None:
        """Take in what came; what goes wrong with one message ends nothing."""
        try:
            if channel == self._canary.channel:
                self._canary.come(payload)
                self._link.prove()
            else:
                self._hear(self._decoder.decode(payload))
        except (msgspec.MsgspecError, ValueError, RecursionError):
            log.warning("bus message undecodable", channel=channel.decode(errors="replace"))
        except Exception:
            log.exception("bus message not delivered")

    def _hear(self, message: Message) -> None:
        if message.node == self._node:
            return
        self.counts.received += 1
        if message.note:
            self._listener.noted(message.node, message.note)
        elif message.as_of is not None:
            self._listener.hear(message.room, message.as_of, message.envelopes)
