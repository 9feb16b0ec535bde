"""Histories: what each client of a workload asked, was answered and was shown, in the order it was so.

All clients run in one process and write the same clock's time, the event loop's, so that what one was
answered can be said to come before what another asked.
"""

from collections.abc import Iterator
from typing import Any, NamedTuple

import msgspec
from sqlalchemy import select

from storage.engines import open_database
from storage.timeline import events


class Event(NamedTuple):
    """One event, as a client was shown it or as the log has it."""

    room: str
    seq: int
    event: str
    at: float
    by: str | None
    data: dict[str, Any]

    @property
    def is_voided(self) -> bool:
        return bool(self.data.get("voided"))


class Asked(NamedTuple):
    """A write was sent, for the first time or again. ``link`` counts the client's connections."""

    at: float
    link: int
    cid: str
    do: str
    room: str
    about: str | None = None
    """The id of the message that it is about, where it is no new one."""


class Answered(NamedTuple):
    """A write was done. ``seq`` is None where that made no event."""

    at: float
    link: int
    cid: str
    seq: int | None
    is_duplicate: bool


class Refused(NamedTuple):
    """A write was refused."""

    at: float
    link: int
    cid: str
    code: str
    may_retry: bool


class Entering(NamedTuple):
    """A room was asked for: until it is answered, nothing of it is shown."""

    at: float
    link: int
    room: str


class Entered(NamedTuple):
    """A room's stream begins, after ``position``: the client's own where it resumed, else the head."""

    at: float
    link: int
    room: str
    epoch: str
    position: int


class Shown(NamedTuple):
    """The server sent an event, whatever the client made of it."""

    at: float
    link: int
    event: Event


class Read(NamedTuple):
    """A page of messages was read, as of a number; ``messages`` are the ids by their numbers."""

    began: float
    room: str
    as_of: int
    messages: dict[int, str]


class Ended(NamedTuple):
    """The right to be in a room ended with the event of a number, on all devices of the person."""

    room: str
    seq: int


class Revoked(NamedTuple):
    """What the client signs in by was ended by then, whatever it is in the midst of."""

    at: float


class Closed(NamedTuple):
    """A link ended: by a close code, or 1006 where it broke, or 0 where the client left."""

    at: float
    link: int
    code: int


Note = Asked | Answered | Refused | Entering | Entered | Shown | Read | Ended | Revoked | Closed


class History:
    """All notes of one client, in order."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.person = ""
        self.notes: list[Note] = []


class Stint:
    """One stretch in which a client was in a room, from its answer to whatever ended it."""

    def __init__(self, asked: float, entered: Entered) -> None:
        self.asked = asked
        self.at = entered.at
        self.link = entered.link
        self.room = entered.room
        self.position = entered.position
        self.shown: list[Shown] = []
        self.end = float("inf")

    def reached(self, seq: int) -> float:
        """Return when the client had all up to a number, infinity where it never came."""
        if self.position >= seq:
            return self.at
        found = (shown.at for shown in self.shown if shown.event.seq >= seq)
        return next(found, float("inf"))


def stints(history: History) -> tuple[list[Stint], list[Shown]]:
    """Return the stints of a client, and what it was shown of rooms that it was not in.

    What was on its way when a room was asked for again belongs to the stint before.
    """
    found: list[Stint] = []
    stray: list[Shown] = []
    newest: dict[str, Stint] = {}
    asked: dict[str, float] = {}
    for note in history.notes:
        if isinstance(note, Entering):
            asked[note.room] = note.at
            if (stint := newest.get(note.room)) is not None:
                stint.end = note.at
        elif isinstance(note, Entered):
            newest[note.room] = Stint(asked[note.room], note)
            found.append(newest[note.room])
        elif isinstance(note, Closed):
            for stint in newest.values():
                stint.end = min(stint.end, note.at)
            newest.clear()
        elif isinstance(note, Shown):
            stint = newest.get(note.event.room)
            (stint.shown if stint else stray).append(note)
    return found, stray


def of_kind(history: History, *kinds: type[Any]) -> Iterator[Any]:
    """Yield the notes of some kinds."""
    return (note for note in history.notes if isinstance(note, kinds))


async def read_log(url: str) -> list[Event]:
    """Return every event that the database holds, own rooms' left out, in the order of numbers."""
    database = open_database(url, is_patient=True)
    try:
        rows = await database.reading(
            lambda sql: sql.execute(select(*events.c).order_by(events.c.room, events.c.seq)).all()
        )
    finally:
        await database.close()
    return [
        Event(row.room, row.seq, row.event, row.at, row.by, msgspec.msgpack.decode(row.data))
        for row in rows
        if not row.room.startswith("@")
    ]
