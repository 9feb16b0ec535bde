"""Live rooms: one room as this node has it, and the seats of those who are in it.

What is due to a room in one turn of the event loop leaves as one buffer, the same bytes to every
seat of an audience. A seat that cannot take them leaves the audience with a cursor and catches up
once its socket has drained; nothing is queued for it meanwhile.
"""

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING

from chat import sweeps
from chat.codecs import Wire
from chat.commits import Commits
from chat.events import Signal, is_own_room, wire_name
from chat.rings import Entry, Passing, Piece, Ring, void
from chat.sweeps import Sweep

if TYPE_CHECKING:
    from chat.connection import Connection

OWN_RING = 16  # events of ``@me``, which bridge the moment between a read and its seat


class Tally:
    """What the rooms of one hub have done so far. Counted by the flush, never by the seat."""

    __slots__ = ("delivered", "healed", "heals", "replayed")

    def __init__(self) -> None:
        self.delivered = 0  # events to seats in step, each seat counting
        self.replayed = 0  # events to seats that were behind
        self.heals = 0  # how often a hole was looked for in SQL
        self.healed = 0  # events that came from there


class Seat:
    """One connection's place in one room. ``cursor`` is the last number it was sent, None in step."""

    __slots__ = ("connection", "cursor", "room", "signals", "told_head")

    def __init__(self, connection: "Connection", room: "LiveRoom", *, signals: bool) -> None:
        self.connection = connection
        self.room = room
        self.signals = signals
        self.cursor: int | None = None
        self.told_head = -1

    @property
    def position(self) -> int:
        """The newest number it was sent."""
        return self.room.sent_to(self) if self.cursor is None else self.cursor


class LiveRoom:
    """One room on this node. ``position`` is its newest number here, ``flushed`` the newest sent.

    ``behind`` takes the seats that lack some of what was sent.
    """

    __slots__ = (
        "_ahead", "_audiences", "_behind", "_pending", "_scheduled", "_sweep", "_swept_from", "_tally",
        "epoch", "flushed", "held", "id", "name", "position", "ring", "seats", "weighed",
    )  # fmt: skip

    def __init__(
        self, room: str, behind: Callable[[Seat], None], tally: Tally, commits: Commits
    ) -> None:
        self._behind = behind
        self._tally = tally
        self.id = room
        self.name = wire_name(room)
        self.epoch = ""
        self.position = self.flushed = -1
        self.ring = Ring(OWN_RING) if is_own_room(room) else Ring()
        self.weighed = 0  # bytes of the ring that the hub has counted
        self.held: dict[int, Entry] = {}
        self.seats: dict[Connection, Seat] = {}
        self._ahead: set[Seat] = set()
        self._audiences: dict[tuple[Wire, bool], dict[Seat, None]] = {}
        self._pending: list[Entry | Passing] = []
        self._scheduled = False
        self._sweep = Sweep(self._swept, commits)
        self._swept_from = -1

    @property
    def is_open(self) -> bool:
        """Return whether its head is known."""
        return self.position >= 0

    def begin(self, epoch: str, head: int) -> None:
        """Start from a head that SQL gave."""
        self.epoch = epoch
        self.position = self.flushed = head

    def append(self, entry: Entry) -> None:
        """Take the next event in, to be sent by the end of this turn of the loop."""
        self.position = entry.envelope.seq
        self.ring.add(entry)
        self._queue(entry)

    def void(self, subject: str, before: int) -> None:
        """Take away the content of ``subject`` below ``before`` from all that may yet be sent."""
        self.ring.void(subject, before)
        void(self._pending, subject, before)
        void(self.held.values(), subject, before)
        self._sweep.void(subject, before)

    def pass_on(self, signal: Signal) -> None:
        """Send a signal to those who want signals."""
        if self.seats:
            self._queue(Passing(self.name, signal))

    def seat(self, seat: Seat, cursor: int) -> None:
        """Let a seat follow after ``cursor``."""
        self.seats[seat.connection] = seat
        seat.cursor = cursor
        self.catch_up(seat)

    def unseat(self, connection: "Connection") -> None:
        """Let a connection follow no longer."""
        seat = self.seats.pop(connection, None)
        if seat is not None:
            self._audience(seat).pop(seat, None)
            self._ahead.discard(seat)
            self._sweep.drop(seat)

    def pause(self, connection: "Connection") -> None:
        """Take a seat out of the fan-out, keeping the last number it was sent."""
        seat = self.seats[connection]
        if seat.cursor is None:
            seat.cursor = self.sent_to(seat)
            self._sweep.drop(seat)
            self._audience(seat).pop(seat, None)

    def sent_to(self, seat: Seat) -> int:
        """Return the newest number that a seat in step was sent."""
        return self._swept_from if self._sweep.lacks(seat) else self.flushed

    def catch_up(self, seat: Seat) -> None:
        """Put a seat in step, or have it sent what it lacks, while its socket takes it."""
        if not seat.connection.write_is_paused and not self.settle(seat):
            self._behind(seat)

    def settle(self, seat: Seat) -> bool:
        """Return whether there is nothing to send a seat: it is in step from here on, or gone."""
        if self.seats.get(seat.connection) is not seat or seat.cursor is None:
            return True
        if seat.cursor < self.flushed:
            return False
        if seat.cursor > self.flushed:
            self._ahead.add(seat)
        else:
            seat.cursor = None
            self._audience(seat)[seat] = None
        return True

    def piece_after(self, seq: int) -> Piece | None:
        """Return all that was sent after a number, or None where the ring no longer has it."""
        if not self.ring.covers(seq, self.flushed):
            return None
        return Piece(list(self.ring.between(seq, self.flushed)), self.flushed)

    def _audience(self, seat: Seat) -> dict[Seat, None]:
        key = (seat.connection.wire, seat.signals)
        audience = self._audiences.get(key)
        if audience is None:
            audience = self._audiences[key] = {}
        return audience

    def _queue(self, entry: Entry | Passing) -> None:
        self._pending.append(entry)
        if not self._scheduled:
            self._scheduled = True
            self._schedule()

    def _schedule(self) -> None:
        loop, rest = asyncio.get_running_loop(), self._sweep.rest
        if rest > 0:
            loop.call_later(rest, self._flush)
        else:
            loop.call_soon(self._flush)

    def _swept(self) -> None:
        if self._scheduled:
            self._schedule()

    def _flush(self) -> None:
        if self._sweep.is_under_way:
            return  # its end schedules this again, so that each seat's order holds
        self._scheduled = False
        pending, self._pending = self._pending, []
        self._swept_from, self.flushed = self.flushed, self.position
        whole = Piece(pending, self.flushed)
        entries = [part for part in pending if isinstance(part, Entry)]
        events = Piece(entries, self.flushed)
        for (wire, signals), audience in self._audiences.items():
            piece = whole if signals else events
            if audience and piece:
                self._tally.delivered += len(entries) * len(audience)
                self._send(piece, wire, audience)
        if self._sweep.is_under_way:
            self._sweep.go()
        for seat in tuple(self._ahead):
            if seat.cursor is not None and seat.cursor <= self.flushed:
                self._ahead.discard(seat)
                self.catch_up(seat)

    def _send(self, piece: Piece, wire: Wire, audience: dict[Seat, None]) -> None:
        if len(self.seats) > sweeps.SLICE:
            self._sweep.add(audience, piece)
            return
        joined = piece.joined(wire)
        for seat in tuple(audience):
            seat.connection.send(joined)
