"""Connections: everybody who is connected to this node, served one command after another."""

import asyncio
import inspect
import math
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Coroutine, Iterator
from typing import TYPE_CHECKING, Any

import structlog

from chat.commands import Command, Over, Request, Runs
from chat.connection import Connection, Re
from chat.errors import BadRequest, Close, Internal, Refusal
from chat.events import Signal
from chat.writer import Ask, Outcome
from rooms.permissions import Rights, may_know
from web.authority import AuthorityWatch
from web.streams import Caller, begin_stream

if TYPE_CHECKING:
    from web.curbside import Curbside

DRAINED_A_SECOND = 200  # connections; guessed: as many as another node can welcome at ease

log = structlog.get_logger(__name__)


class RoomClosing(Signal, signal="room.closing"):
    """The room's stream has ended: the right to be there is gone."""

    reason: str


class ConnectionClosing(Signal, signal="connection.closing"):
    """The server stops: reconnect after so many seconds, elsewhere."""

    after: float


class Connections:
    """Serves every connection of a node. The Listener of each of them."""

    def __init__(self, curbside: "Curbside") -> None:
        self._curbside = curbside
        self._all: dict[Connection, None] = {}
        self._of: dict[str, int] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self.authority = AuthorityWatch(curbside, self._all)
        self.is_draining = False
        self.most = math.inf
        """How many there may be; more are sent away before they begin."""
        self.pauses = 0
        """How often a client's socket was full."""
        self.closings: Counter[Close] = Counter()
        """Those whom the server closed, by its reasons."""

    async def stop(self) -> None:
        """End every task and every connection."""
        for connection in self._all:
            connection.drop_reads()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for connection in list(self._all):
            connection.close(Close.RESTARTING, "the server restarts")

    async def drain(self, window: float) -> None:
        """Send everybody elsewhere, each in a slot of their own within ``window`` seconds."""
        self.is_draining = True
        leaving = list(self._all)
        window = min(window, len(leaving) / DRAINED_A_SECOND)
        for number, connection in enumerate(leaving):
            slot = round(window * number / len(leaving), 3)
            connection.signal(None, ConnectionClosing(after=slot))
        start = self._curbside.loop_time()
        for number, connection in enumerate(leaving):
            wait = start + window * number / len(leaving) - self._curbside.loop_time()
            if wait > 0:
                await asyncio.sleep(wait)
            connection.close(Close.DRAINED, "the server restarts")

    def __len__(self) -> int:
        return len(self._all)

    def __iter__(self) -> Iterator[Connection]:
        return iter(self._all)

    @property
    def is_full(self) -> bool:
        """Whether no more may come."""
        return len(self._all) >= self.most

    def count_of(self, person: str) -> int:
        """Return how many connections a person has here."""
        return self._of.get(person, 0)

    def add(self, connection: Connection) -> None:
        """Serve a connection from now on."""
        self._all[connection] = None
        self.authority.add(connection)
        person = connection.actor.id
        self._of[person] = self.count_of(person) + 1

    def left(self, connection: Connection) -> None:
        """Forget a connection that is closed."""
        if connection not in self._all:
            return
        del self._all[connection]
        if connection.ended is not None:
            self.closings[connection.ended] += 1
        person = connection.actor.id
        self._of[person] -= 1
        if not self._of[person]:
            del self._of[person]
        connection.entering.clear()
        for name in list(connection.seats):
            self.unseat(connection, name)
        self._curbside.tracker.forget(person, connection)

    def paused(self, connection: Connection) -> None:
        """Take a connection whose socket is full out of every fan-out."""
        self.pauses += 1
        for seat in connection.seats.values():
            seat.room.pause(connection)

    def resumed(self, connection: Connection) -> None:
        """Let a connection whose socket has drained catch up."""
        for seat in list(connection.seats.values()):
            if seat.cursor is not None:
                seat.room.catch_up(seat)

    def unseat(self, connection: Connection, room: str) -> None:
        """End a connection's stream of a room."""
        seat = connection.seats.pop(room, None)
        if seat is not None:
            live, person = seat.room, connection.actor.id
            live.unseat(connection)
            self._curbside.tracker.leave(live.id, person, connection, self._curbside.loop_time())

    def dismiss(self, rights: Rights) -> None:
        """End the streams of those who may no longer know of a room."""
        live = self._curbside.hub.find(rights.room)
        for connection in list(live.seats) if live else ():
            if not may_know(connection.actor, rights):
                self.unseat(connection, rights.room)
                connection.signal(rights.room, RoomClosing(reason="You are no longer a member."))

    def end_session(self, session: bytes) -> None:
        """Close every connection that came with a session or a token."""
        for connection in list(self._all):
            if connection.session == session:
                connection.close(Close.SIGNED_OUT, "signed out")

    def asked(self, connection: Connection, re: Re, do: str, payload: dict[str, Any]) -> None:
        """Serve one command of one connection."""
        try:
            command = self._find(connection, do)
            request = self._curbside.request(command, payload, connection.actor)
            self._serve(_Asked(self._curbside, connection, re, command), request)
        except Refusal as refusal:
            connection.refuse(re, refusal)

    def _find(self, connection: Connection, do: str) -> Command:
        try:
            command = self._curbside.commands.find(do)
        except BadRequest:
            connection.count_malformed()
            raise
        if command.over is Over.HTTP:
            raise BadRequest(f"{do} is asked over HTTP alone")
        return command

    def _serve(self, asked: "_Asked", request: Request) -> None:
        actor, command = asked.connection.actor, asked.command
        if command.runs is Runs.WRITES:
            self._curbside.writer.put(Ask(command, actor, request, asked.end))
            return
        if command.runs is Runs.READS:
            reply = self._curbside.read(actor, lambda reading: command.handler(reading, request))
            asked.connection.read(_Read(asked, reply, None, self._spawn))
            return
        caller = Caller(self._curbside, actor, asked.connection)
        reply = command.handler(caller, request)
        if inspect.isawaitable(reply):
            asked.connection.read(_Read(asked, reply, caller, self._spawn))
        else:
            asked.end(Outcome(reply=reply))

    def _spawn(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task


class _Asked:
    """One command that a connection asked, until it is answered."""

    __slots__ = ("_at", "_curbside", "_re", "command", "connection")

    def __init__(
        self, curbside: "Curbside", connection: Connection, re: Re, command: Command
    ) -> None:
        self._curbside = curbside
        self._re = re
        self._at = time.perf_counter()
        self.connection = connection
        self.command = command

    def end(self, outcome: Outcome) -> None:
        """Answer, unless the client is gone."""
        self._curbside.count(self.command, self._at, outcome.refusal)
        if self.connection.is_closed:
            return
        if outcome.refusal is not None:
            self.connection.refuse(self._re, outcome.refusal)
        else:
            self.connection.answer(self._re, outcome.reply)

    async def end_later(self, reply: Awaitable[Any], caller: Caller | None) -> None:
        """Answer when the reply is there; nothing comes between it and the stream it begins."""
        try:
            found = await reply
        except Refusal as refusal:
            self.end(Outcome(refusal=refusal))
        except Exception:
            log.exception("command failed", command=self.command.name)
            self.end(Outcome(refusal=Internal("Something went wrong on the server.")))
        else:
            self.end(Outcome(reply=found))
            if caller is not None:
                begin_stream(caller)


class _Read:
    """A command that is answered later, from when its connection starts it."""

    __slots__ = ("_asked", "_caller", "_reply", "_spawn")

    def __init__(
        self, asked: _Asked, reply: Coroutine[Any, Any, Any], caller: Caller | None,
        spawn: Callable[[Coroutine[Any, Any, None]], asyncio.Task[None]],
    ) -> None:  # fmt: skip
        self._asked = asked
        self._reply = reply
        self._caller = caller
        self._spawn = spawn

    def start(self) -> None:
        """Read in a task, and tell the connection of its end."""
        task = self._spawn(self._asked.end_later(self._reply, self._caller))
        task.add_done_callback(lambda _: self._asked.connection.read_ended())

    def drop(self) -> None:
        """Leave it: nothing was read."""
        self._reply.close()
