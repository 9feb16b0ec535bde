"""Redis lanes: one way through Redis, two connections to one server that are made anew when lost.

redis-py's own client reconnects and subscribes again in silence, and the messages between are lost
with no error; this one tells.
"""

import asyncio
from collections.abc import Awaitable, Callable, Collection

import msgspec
import structlog

from chat.redis_channels import PLAIN, SHARDED, Canary, Channels, Counts, Publisher, Subscriber
from chat.redis_links import FAILURES, RedisAddress, RedisConnection, connected

FIRST_WAIT, LONGEST_WAIT = 0.1, 1.0  # seconds until it is tried again, doubling; guessed

log = structlog.get_logger(__name__)

Missed = Callable[[Collection[str] | None], None]


class Link:
    """A connection to speak on and one to hear on, which are lost together.

    ``use`` is given both, and runs until one of them fails or proves to be dead.
    """

    def __init__(
        self, address: RedisAddress,
        use: Callable[[RedisConnection, RedisConnection], Awaitable[None]],
    ) -> None:  # fmt: skip
        self._address = address
        self._use = use
        self._wait = FIRST_WAIT
        self._is_lost = False
        self._is_ended = False

    async def keep(self) -> None:
        """Connect and use, and again after each loss, until it is cancelled or ended."""
        while not self._is_ended:
            try:
                # In a task of its own: until Python 3.13, one whose group failed stays marked as
                # cancelled, and until 3.11.4 a timeout in it is taken for that.
                await asyncio.create_task(self._use_once(), name="link")
            except* FAILURES as group:
                self._lose(group)
            except* Exception:
                log.exception("bus failed")
            await asyncio.sleep(self._wait)
            self._wait = min(2 * self._wait, LONGEST_WAIT)

    async def _use_once(self) -> None:
        async with connected(self._address) as speaking, connected(self._address) as hearing:
            if not self._is_ended:
                await self._use(speaking, hearing)

    def end(self) -> None:
        """Use no more links. Sentinels, and task groups that fail, may swallow a cancellation."""
        self._is_ended = True

    def prove(self) -> None:
        """Hear that it carries: after the next loss it is tried again soon."""
        self._wait = FIRST_WAIT
        if self._is_lost:
            self._is_lost = False
            log.info("bus is back")

    def _lose(self, group: BaseExceptionGroup[Exception]) -> None:
        """Log the first of many losses, by its kind alone: Redis may quote what it was sent."""
        if not self._is_lost:
            self._is_lost = True
            log.warning("bus lost", error=type(group.exceptions[0]).__name__)


class Lane:
    """One lane of a bus: ``hear`` is given what comes, ``missed`` told of what may not have come."""

    def __init__(
        self, address: RedisAddress, channels: Channels, node: str, counts: Counts, *,
        hear: Callable[[bytes], None], missed: Missed, is_sharded: bool,
    ) -> None:  # fmt: skip
        words = SHARDED if is_sharded else PLAIN
        self._hear = hear
        self._missed = missed
        self._counts = counts
        self._channels = channels
        self._link = Link(address, self._use)
        self._publisher = Publisher(counts, words)
        self._canary = Canary(channels.node(node), counts)
        self._subscriber = Subscriber(self._take, words)
        self._task: asyncio.Task[None] | None = None
        self._links = 0

    @property
    def is_degraded(self) -> bool:
        """Whether no canary has come back over the link that there is, if there is one."""
        return not self._canary.is_well

    def start(self) -> None:
        """Begin to connect."""
        self._task = asyncio.create_task(self._link.keep(), name="lane")

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

    def put(self, room: str | None, message: bytes) -> None:
        """Queue a message for those who follow a room, or for all nodes."""
        channel = self._channels.room(room) if room else self._channels.nodes
        self._publisher.put(channel, message)

    async def _use(self, speaking: RedisConnection, hearing: RedisConnection) -> None:
        """Use a link until some part of it fails, which ends the others."""
        self._counts.reconnects += self._links > 0
        self._links += 1
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._publisher.send(speaking))
            tasks.create_task(self._subscriber.read(hearing))
            await self._subscriber.subscribe(hearing, self._canary.channel, self._channels.nodes)
            tasks.create_task(self._subscriber.keep(hearing, self._missed))
            tasks.create_task(self._canary.send(self._publisher))
            tasks.create_task(self._canary.watch())
            self._missed(None)

    def _take(self, channel: bytes, payload: bytes) -> None:
        """Take in what came; what goes wrong with one message ends nothing."""
        try:
            if channel == self._canary.channel:
                self._canary.come(payload)
                self._link.prove()
            else:
                self._hear(payload)
        except (msgspec.MsgspecError, ValueError, RecursionError):
            log.warning("bus message undecodable", channel=channel.decode(errors="replace"))
        except Exception:
            log.exception("bus message not delivered")
