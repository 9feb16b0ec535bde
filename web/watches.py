"""Watches: what a node looks after every second or two, for as long as it serves."""

import asyncio
import inspect
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, NamedTuple

import structlog

from chat import heartbeats, shedding
from chat.errors import Refusal
from chat.events import Signal
from chat.heartbeats import Heartbeats
from chat.shedding import shed

if TYPE_CHECKING:
    from web.curbside import Curbside

HEADS_EVERY = 2.0  # seconds until what another process wrote is delivered here
HEADS_WHILE_DEGRADED = 0.5  # seconds, of which the other is a multiple
AUTHORITY_EVERY = 1.0  # seconds; with the look itself, everybody is told within two
QUEUE_EVERY = 0.5  # seconds; who waits for the writer is refused within two, by its WAIT_LIMIT
PRESENCE_EVERY = 1.0  # seconds between two signals of a room: reading stays calm

log = structlog.get_logger(__name__)


class Watch(NamedTuple):
    """One thing to look after, every so many seconds."""

    name: str
    every: float
    look: Callable[[], Awaitable[None] | None]


class Watches:
    """The watches of one node. A look that fails is logged, and made again at its next time."""

    def __init__(self, curbside: "Curbside") -> None:
        self._curbside = curbside
        self._hearts = Heartbeats(curbside.connections)
        self._tasks: list[asyncio.Task[None]] = []
        self._heads_after = HEADS_EVERY

    def start(self) -> None:
        """Begin to look after hearts, heads, presence, the queue, and what people came with."""
        node = self._curbside
        for watch in (
            Watch("hearts", heartbeats.EVERY, self._sweep),
            Watch("unread", shedding.EVERY, lambda: shed(node.connections, shedding.UNREAD_LIMIT)),
            Watch("heads", HEADS_WHILE_DEGRADED, self._check_heads),
            Watch("presence", PRESENCE_EVERY, lambda: self.tell_presence(node.loop_time())),
            Watch("authority", AUTHORITY_EVERY, node.connections.authority.check),
            Watch("queue", QUEUE_EVERY, lambda: node.writer.refuse_overdue(node.loop_time())),
        ):
            self._tasks.append(asyncio.create_task(_keep(watch), name=watch.name))

    async def stop(self) -> None:
        """End them."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def tell_presence(self, now: float) -> None:
        """Send each room what changed of who is there and who types. ``now`` is the loop's time."""
        node = self._curbside
        node.peers.look(now, node.wall_time(), is_cut_off=node.bus.is_degraded)
        signals: list[tuple[str, Signal]] = [*node.tracker.changes(now), *node.typing.changes(now)]
        for room, signal in signals:
            live = node.hub.find(room)
            if live is not None:
                live.pass_on(signal)

    async def _check_heads(self) -> None:
        """Compare every room with SQL when it is time, and whenever the bus may bring nothing."""
        self._heads_after -= HEADS_WHILE_DEGRADED
        if self._heads_after <= 0 or self._curbside.bus.is_degraded:
            self._heads_after = HEADS_EVERY
            await self._curbside.hub.check()

    def _sweep(self) -> None:
        self._hearts.sweep(self._curbside.loop_time(), self._curbside.wall_time())


async def _keep(watch: Watch) -> None:
    while True:
        await asyncio.sleep(watch.every)
        try:
            looking = watch.look()
            if inspect.isawaitable(looking):
                await looking
        except Refusal as refusal:
            log.warning("watch failed", watch=watch.name, code=refusal.code)
        except Exception:
            log.exception("watch failed", watch=watch.name)
