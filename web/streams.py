"""Streams: entering rooms and leaving them, which only a connection can do.

Between the answer to ``room.enter`` and the live stream no event is lost or doubled: from the moment
at which the room's state is read, what happens in it is in the ring, and what came before it in SQL.
"""

from collections.abc import Awaitable
from contextlib import suppress
from typing import TYPE_CHECKING, Annotated

import msgspec

from chat.commands import Commands, Over, Rate, Reply, Request, RoomId, Runs, Seq
from chat.connection import Connection
from chat.errors import Close, Conflict, Unavailable
from chat.events import is_own_room, log_of
from chat.live_rooms import LiveRoom, Seat
from rooms.permissions import Actor, require_may_know, require_may_write
from rooms.readings import Reading
from rooms.snapshots import OwnSnapshot, Snapshot, own_snapshot, snapshot
from storage.rooms import Room

if TYPE_CHECKING:
    from web.curbside import Curbside

ROOMS_LIMIT = 200  # rooms one connection may be in; docs/protocol.md, The socket
REPLAY_LIMIT = 500  # events; docs/protocol.md, The socket


class EnterRoom(Request):
    """Ask for a room's stream: from a position, or with a snapshot of up to ``messages``."""

    room: RoomId
    epoch: str | None = None
    seq: Seq | None = None
    messages: Annotated[int, msgspec.Meta(ge=0, le=50)] = 50
    signals: bool = True


class Entered(Reply):
    """The room from here on: ``resumed`` where every missed event follows, else with a snapshot."""

    room: str
    epoch: str
    head: int
    resumed: bool
    snapshot: Snapshot | OwnSnapshot | None = None


class LeaveStream(Request):
    """Ask to end a room's stream."""

    room: RoomId


class Ping(Request):
    """Ask whether the server is there."""


class Pong(Reply):
    """The server's time."""

    now: float


class Caller:
    """One command of one who is connected, or of one who comes by HTTP."""

    def __init__(self, curbside: "Curbside", actor: Actor, connection: Connection | None) -> None:
        self.curbside = curbside
        self.actor = actor
        self.connection = connection
        self.person = actor.id
        self.device = connection
        self.tracker = curbside.tracker
        self.typing = curbside.typing
        self.now = curbside.loop_time()
        self.at = curbside.wall_time()
        self.seating: tuple[Seat, int] | None = None

    async def room_to_write(self, room: str) -> str:
        """Return the log of a room that the actor may write in. Raises Refusal."""
        log = log_of(room, self.person)
        rights = require_may_know(self.actor, await self.curbside.rights(log))
        require_may_write(self.actor, rights)
        return log


commands = Commands[Caller]()


@commands.add("connection.ping", runs=Runs.LIVE, scope="read", over=Over.SOCKET, rate=Rate.NONE)
def ping(caller: Caller, request: Ping) -> Pong:
    """Answer with the time."""
    return Pong(now=caller.curbside.wall_time())


@commands.add("room.leave", runs=Runs.LIVE, scope="read", over=Over.SOCKET, rate=Rate.NONE)
def leave_stream(caller: Caller, request: LeaveStream) -> None:
    """End a room's stream, also one that is about to begin."""
    assert caller.connection is not None
    caller.connection.entering.pop(request.room, None)
    caller.curbside.connections.unseat(caller.connection, request.room)


@commands.add("room.enter", runs=Runs.LIVE, scope="read", over=Over.SOCKET, rate=Rate.NONE)
def enter_room(caller: Caller, request: EnterRoom) -> Awaitable[Entered]:
    """Begin a room's stream, from a position or with a snapshot."""
    connection = caller.connection
    assert connection is not None
    if request.room in connection.entering:
        raise Conflict("This room is being entered already.")
    is_in = request.room in connection.seats  # and gives that seat up for the new one
    if len(connection.seats) + len(connection.entering) - is_in >= ROOMS_LIMIT:
        raise Conflict(f"A connection is in at most {ROOMS_LIMIT} rooms.")
    connection.entering[request.room] = caller  # at once: the next frame may be its room.leave
    caller.curbside.connections.unseat(connection, request.room)
    return _enter(caller, connection, request)


async def _enter(caller: Caller, connection: Connection, request: EnterRoom) -> Entered:
    log = log_of(request.room, caller.person)
    try:
        live = await caller.curbside.hub.open(log)
        entered = await _resume_or_start(caller, connection, live, request)
        _look_again(caller, connection, log, request.room)
        return entered
    finally:
        caller.curbside.hub.release(log)
        if connection.entering.get(request.room) is caller:
            del connection.entering[request.room]


def _look_again(caller: Caller, connection: Connection, log: str, room: str) -> None:
    """See what changed while the room was read: from here to the seat there is no other turn."""
    require_may_know(caller.actor, caller.curbside.known_rights(log))
    assert caller.seating is not None
    if connection.entering.get(room) is not caller:
        caller.seating = None  # left before it had begun
    elif caller.curbside.hub.find(log) is not caller.seating[0].room:
        caller.seating = None
        connection.close(Close.NOT_CONTINUOUS, "the room was numbered anew")


async def _resume_or_start(
    caller: Caller, connection: Connection, live: LiveRoom | None, request: EnterRoom
) -> Entered:
    rights = await caller.curbside.rights(live.id) if live else None
    require_may_know(caller.actor, rights)
    assert live is not None
    seat = Seat(connection, live, signals=request.signals)
    if request.epoch == live.epoch and request.seq is not None:
        await _catch_up(caller.curbside, live)
        missed = live.position - request.seq
        if 0 <= missed <= REPLAY_LIMIT:
            return _resume(caller, seat, live, request.seq)
    return await _start_fresh(caller, seat, live, request.messages)


async def _catch_up(curbside: "Curbside", live: LiveRoom) -> None:
    """Have a room up to date with other nodes, so that nothing they removed is replayed from here.

    While the database is away nothing is removed either, and what memory has is served.
    """
    if curbside.bus.is_joined:
        with suppress(Unavailable):
            await curbside.hub.catch_up(live.id)


def _resume(caller: Caller, seat: Seat, live: LiveRoom, seq: int) -> Entered:
    caller.seating = (seat, seq)
    head = max(live.flushed, seq)
    return Entered(room=live.name, epoch=live.epoch, head=head, resumed=True)


async def _start_fresh(caller: Caller, seat: Seat, live: LiveRoom, limit: int) -> Entered:
    def read(reading: Reading) -> tuple[Room, Snapshot | OwnSnapshot]:
        room = reading.room(live.name)
        own = is_own_room(room.id)
        return room, own_snapshot(reading) if own else snapshot(reading, room, limit)

    room, found = await caller.curbside.read(caller.actor, read)
    if room.epoch != live.epoch:
        seat.connection.close(Close.NOT_CONTINUOUS, "the room was numbered anew")
    caller.seating = (seat, room.head)
    return Entered(room=live.name, epoch=room.epoch, head=room.head, resumed=False, snapshot=found)


def begin_stream(caller: Caller) -> None:
    """Seat the connection: what it missed follows, then live events. Called right after the answer."""
    if caller.seating is None:
        return
    seat, cursor = caller.seating
    connection, live = seat.connection, seat.room
    if connection.is_closed:
        return
    connection.seats[live.name] = seat
    live.seat(seat, cursor)
    if seat.signals and not is_own_room(live.id):
        caller.tracker.enter(live.id, caller.person, connection)
        connection.signal(live.name, caller.tracker.everybody(live.id))
