"""Curbside: joins the parts into one node. What ``app`` serves, and what tests construct.

It takes no feature's name: it finds commands, hands them to where they run, and what was committed to
the bus.
"""

import asyncio
import inspect
import time
from collections.abc import Callable, Iterable, Sequence
from typing import Any, TypeVar
from weakref import WeakValueDictionary

import structlog

from chat.bus import Bus, MemoryBus
from chat.codecs import refuse_unsafe
from chat.commands import Command, Commands, Request, Runs
from chat.commits import Commits
from chat.errors import Refusal, Unavailable, Unknown
from chat.events import Envelope
from chat.hub import Hub
from chat.pages import PAGE_BYTES, PAGE_EVENTS
from chat.writer import Ask, Decision, Outcome, Writer
from presence import status
from presence.peers import Peers
from presence.tracker import Tracker
from presence.typing_signals import TypingSignals
from rooms import bots, directory, membership, messages, people, pins, reactions, reads
from rooms.batches import Batch
from rooms.permissions import Actor, Rights, require_scope
from rooms.readings import Reading, load_rights
from rooms.unit_of_work import Policy
from storage.answers import AnsweredBefore
from storage.database import Connection as SqlConnection
from storage.database import Database, DatabaseAway, FateUnknown
from storage.rooms import Rooms
from storage.timeline import Timeline
from web import sessions, streams
from web.connections import Connections
from web.limits import CommandLimits
from web.listeners import NodeListener
from web.metrics import Metrics, offer_figures
from web.streams import Caller
from web.watches import Watches

Result = TypeVar("Result")

log = structlog.get_logger(__name__)

RIGHTS_KEPT = 10_000  # rooms; those with nobody in them are forgotten first
READS_A_PERSON = 2  # at once; half of the readers, so that nobody's many sockets hold up the rest
READ_TRIES = 3  # reads again when content had to go meanwhile


def all_commands() -> Commands[Any]:
    """Return every command that a client can send."""
    commands = Commands[Any]()
    for module in (directory, messages, people):
        commands.include(module.commands, module.readings)
    commands.include(sessions.visitors, sessions.readings)
    for each in (bots, membership, pins, reactions, reads, status, streams):
        commands.include(each.commands)
    return commands


class Curbside:
    """One node. Started before it serves, stopped after."""

    def __init__(
        self, database: Database, *, secret: bytes, policy: Policy = Policy(),  # noqa: B008  # frozen
        is_limited: bool = True, wall_time: Callable[[], float] = time.time, bus: Bus | None = None,
    ) -> None:  # fmt: skip
        self.database = database
        self.commands = all_commands()
        self.wall_time = wall_time
        self.tracker = Tracker()
        self.typing = TypingSignals()
        self.bus: Bus = bus or MemoryBus()
        self.peers = Peers(self.tracker, self.typing, self.bus.say)
        self.commits = Commits()
        self.hub = Hub(self._heads, self._after, self.bus, self.commits)
        self.writer = Writer(self._decide, self._publish)
        self.connections = Connections(self)
        self.watches = Watches(self)
        self.limits = CommandLimits(is_limited=is_limited)
        self.metrics = Metrics()
        offer_figures(self.metrics, self)
        self.is_ready = False
        self._listener = NodeListener(self)
        self.secret = secret
        self.policy = policy
        self._known: dict[str, Rights] = {}
        self._turns: WeakValueDictionary[str, asyncio.Semaphore] = WeakValueDictionary()
        self._trim_at = RIGHTS_KEPT

    async def start(self) -> None:
        """Begin to write, deliver and watch."""
        if not self.limits.is_limited:
            log.warning("LIMITS ARE OFF: for benchmarks alone")
        self.bus.start(self._listener)
        self.writer.start()
        self.watches.start()
        self.is_ready = True

    async def stop(self) -> None:
        """Decide what is queued and close everything."""
        self.is_ready = False
        await self.watches.stop()
        await self.connections.stop()
        await self.writer.stop()
        self.peers.leave()
        await self.bus.close()
        await self._listener.close()
        await self.hub.close()
        await self.database.close()

    async def has_database(self) -> bool:
        """Return whether the database can be read."""
        try:
            await self.reading(lambda connection: Rooms(connection).find(""))
        except Unavailable:
            return False
        return True

    async def reading(self, work: Callable[[SqlConnection], Result]) -> Result:
        """Run ``work`` on a reader's connection. Raises Unavailable."""
        try:
            return await self.database.reading(work)
        except DatabaseAway:
            self.metrics.database_failed("unavailable")
            raise Unavailable("The database is away. Try again.") from None

    async def transaction(
        self, work: Callable[[SqlConnection], Result], *, is_batch: bool = False
    ) -> Result:
        """Run ``work`` in a transaction. Raises Unavailable, or Unknown."""
        try:
            with self.commits:
                return await self.database.transaction(work, is_batch=is_batch)
        except DatabaseAway:
            self.metrics.database_failed("unavailable")
            raise Unavailable("The database is away. Nothing was stored; try again.") from None
        except FateUnknown:
            self.metrics.database_failed("unknown")
            raise Unknown("It may be stored or not. Try again, with the same cid.") from None

    def loop_time(self) -> float:
        """Return the event loop's time, seconds."""
        return asyncio.get_running_loop().time()

    async def run(self, name: str, payload: Any, actor: Actor) -> Any:
        """Run one command for an actor and return its reply. Raises Refusal."""
        command = self.commands.find(name)
        asked_at = time.perf_counter()
        try:
            reply = await self._run(command, self.request(command, payload, actor), actor)
        except Refusal as refusal:
            self.count(command, asked_at, refusal)
            raise
        self.count(command, asked_at, None)
        return reply

    async def _run(self, command: Command, request: Request, actor: Actor) -> Any:
        if command.runs is Runs.WRITES:
            return await self._write(command, request, actor)
        if command.runs is Runs.READS:
            return await self.read(actor, lambda reading: command.handler(reading, request))
        reply = command.handler(Caller(self, actor, None), request)
        return await reply if inspect.isawaitable(reply) else reply

    def count(self, command: Command, asked_at: float, refusal: Refusal | None) -> None:
        """Count a command that has ended, for the metrics. ``asked_at`` is of ``time.perf_counter``:
        the loop's own clock stands still within a turn, and uvloop's has whole milliseconds.
        """
        outcome = refusal.code if refusal else "ok"
        self.metrics.command(command.name, outcome, time.perf_counter() - asked_at)

    def request(self, command: Command, payload: Any, actor: Actor) -> Request:
        """Return a payload as the command's request, if the actor may ask that now. Raises Refusal."""
        require_scope(actor, command.scope)
        self.limits.require(command, actor, self.loop_time())
        refuse_unsafe(payload)
        request: Request = command.convert(payload)
        return request

    async def _write(self, command: Command, request: Request, actor: Actor) -> Any:
        ended: asyncio.Future[Outcome] = asyncio.get_running_loop().create_future()

        def answer(outcome: Outcome) -> None:
            if not ended.done():
                ended.set_result(outcome)

        self.writer.put(Ask(command, actor, request, answer))
        outcome = await ended
        if outcome.refusal is not None:
            raise outcome.refusal
        return outcome.reply

    async def read(self, actor: Actor, work: Callable[[Reading], Result]) -> Result:
        """Run a reading use case, again where content had to go while it read. Raises Refusal."""

        def read(connection: SqlConnection) -> Result:
            return work(Reading(connection, actor, self._known, self.wall_time()))

        turn = self._turns.setdefault(actor.id, asyncio.Semaphore(READS_A_PERSON))
        async with turn:
            return await self._unvoided(read)

    async def rights(self, log: str) -> Rights | None:
        """Return the rights in a room, from memory while it is live here."""
        live = self.hub.find(log)
        if live is None or not live.is_open or log not in self._known:
            await self._heads([log])
        return self._known.get(log)

    def known_rights(self, log: str) -> Rights | None:
        """Return the rights in a room as memory has them."""
        return self._known.get(log)

    async def _decide(self, asks: Sequence[Ask]) -> Decision:
        decision, rights = await self._decided(asks)
        self._learn(rights.values())
        for digest in decision.ended:
            self.connections.end_session(digest)
        self.metrics.batch(len(asks), len(decision.told))
        return decision

    async def _decided(
        self, asks: Sequence[Ask], *, recalls: bool = False
    ) -> tuple[Decision, dict[str, Rights]]:
        """Decide a batch, as one that was never put before, and again where some of it was."""

        def decide(connection: SqlConnection) -> tuple[Decision, dict[str, Rights]]:
            batch = Batch(
                connection, known=self._known, policy=self.policy, secret=self.secret,
                now=self.wall_time(), recalls=recalls,
            )  # fmt: skip
            return batch.run(asks), batch.rights

        try:
            return await self.transaction(decide, is_batch=True)
        except AnsweredBefore:
            return await self._decided(asks, recalls=True)

    def _publish(self, decision: Decision) -> None:
        for envelope in decision.told:
            self.typing.stop(envelope.room, envelope.by)
        self.bus.publish(decision.told, decision.as_of)

    async def _heads(self, logs: Sequence[str]) -> dict[str, tuple[str, int]]:
        def read(connection: SqlConnection) -> tuple[dict[str, tuple[str, int]], list[Rights]]:
            found = Rooms(connection).named(logs)
            heads = {room.id: (room.epoch, room.head) for room in found}
            return heads, [load_rights(connection, room, self._known) for room in found]

        heads, rights = await self.reading(read)
        self._learn(rights)
        return heads

    async def _after(self, log: str, seq: int) -> list[Envelope]:
        """Return a page of events, having learnt the rights that held: who lost theirs gets none."""

        def read(connection: SqlConnection) -> tuple[list[Envelope], list[Rights]]:
            logged = Timeline(connection).after(log, seq, limit=PAGE_EVENTS, limit_bytes=PAGE_BYTES)
            rooms = Rooms(connection).named([log])
            rights = [load_rights(connection, room, self._known) for room in rooms]
            return [Envelope(**event._asdict()) for event in logged], rights

        envelopes, rights = await self.reading(read)
        self._learn(rights)
        return envelopes

    async def _unvoided(self, work: Callable[[SqlConnection], Result]) -> Result:
        """Read again where content had to go meanwhile, so that it is in no answer after that."""

        def read(connection: SqlConnection) -> tuple[int, Result]:
            return self.hub.voidings, work(connection)

        for _ in range(READ_TRIES):
            voidings, result = await self.reading(read)
            if self.hub.voidings == voidings:
                return result
        raise Unavailable("The room is changing too fast. Try again.")

    def _learn(self, rights: Iterable[Rights]) -> None:
        """Keep the newest rights of each room, and end the streams of those who lost theirs."""
        for found in rights:
            known = self._known.get(found.room)
            if known is None or found.epoch != known.epoch or found.revision > known.revision:
                self._known[found.room] = found
                if known is not None:
                    self.connections.dismiss(found)
        if len(self._known) > self._trim_at:
            self._known = {log: kept for log, kept in self._known.items() if self.hub.find(log)}
            self._trim_at = max(RIGHTS_KEPT, 2 * len(self._known))
