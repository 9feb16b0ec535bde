"""Sweeps: the writes of one large room, a slice in each turn of the event loop, and a rest after them.

A write is a call of the kernel's: to a thousand seats they take a hundredth of a second. In slices,
whoever waits in other rooms has their turn between. The rest leaves them half of the loop, and what
comes meanwhile leaves in the next write, which costs the same for one event as for ten. While a commit
is under way it rests between slices, and so much less in the end.
"""

import asyncio
from collections.abc import Callable, Iterable
from itertools import islice
from time import perf_counter
from typing import TYPE_CHECKING

from chat.commits import Commits
from chat.rings import Piece

if TYPE_CHECKING:
    from chat.live_rooms import Seat

# Seats written to in one turn: some 0.4 ms, for which others may wait.
SLICE = (
    32  # measured: beside a room of 1,000 an answer's p99 was 11 ms (now 8: 0014), at 128 it was 19
)
# Times what the sweep took. Measured: at 3 a post at 20 a second waits for the one before it.
REST = 1.0
REST_LIMIT = 0.1  # seconds; guessed: later than that a reader would notice
ADVANCE = 0.005  # seconds of rest before they are earned; guessed: most commits take less


class Sweep:
    """What is still to be written to some seats of one room. ``ended`` is called after the last."""

    __slots__ = (
        "_commits", "_ended", "_is_due", "_owed", "_rests_since", "_rests_until", "_unsent"
    )  # fmt: skip

    def __init__(self, ended: Callable[[], None], commits: Commits) -> None:
        self._ended = ended
        self._commits = commits
        self._unsent: dict[Seat, Piece] = {}
        self._is_due = False
        self._owed = 0.0  # seconds of rest; below zero where they were had in advance
        self._rests_since: float | None = None
        self._rests_until = 0.0

    @property
    def is_under_way(self) -> bool:
        """Whether there is a slice to follow, be it that whoever was in it has left."""
        return bool(self._unsent) or self._is_due

    @property
    def rest(self) -> float:
        """In how many seconds the room may be written to again: none where it is below zero."""
        return self._rests_until - perf_counter()

    def add(self, seats: Iterable["Seat"], piece: Piece) -> None:
        """Have a piece written to seats."""
        self._unsent.update(dict.fromkeys(seats, piece))

    def drop(self, seat: "Seat") -> None:
        """Write nothing to a seat."""
        self._unsent.pop(seat, None)

    def lacks(self, seat: "Seat") -> bool:
        """Return whether a seat is still to be written to."""
        return seat in self._unsent

    def void(self, subject: str, before: int) -> None:
        """Take away the content of ``subject`` from all that is still to be written."""
        for piece in set(self._unsent.values()):
            piece.void(subject, before)

    def go(self) -> None:
        """Write a slice, and have the next one follow."""
        self._is_due = False
        begun = perf_counter()
        if self._rests_since is not None:
            self._owed -= begun - self._rests_since
            self._rests_since = None
        self._write()
        now = perf_counter()
        self._owed += REST * (now - begun)
        if self._unsent:
            self._go_on(now)
        else:
            self._end(now)

    def _write(self) -> None:
        for seat in list(islice(self._unsent, SLICE)):
            piece = self._unsent.pop(seat, None)
            if piece is not None:
                seat.connection.send(piece.joined(seat.connection.wire))

    def _end(self, now: float) -> None:
        self._rests_until = now + min(self._owed, REST_LIMIT)
        self._owed = min(self._owed, 0.0)
        self._ended()

    def _go_on(self, now: float) -> None:
        """Have the next slice follow: after a commit under way, where there is rest left for that."""
        self._is_due = True
        left = self._owed + ADVANCE
        if self._commits.are_under_way and left > 0:
            self._rests_since = now
            self._commits.let_by(self.go, left)
        else:
            asyncio.get_running_loop().call_soon(self.go)
