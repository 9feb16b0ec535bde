"""Reads: up to which number each person has read each room, and whether their devices know."""

from typing import NamedTuple

from sqlalchemy import (
    Boolean,
    Column,
    ColumnElement,
    Connection,
    Float,
    Table,
    bindparam,
    insert,
    select,
    update,
)

from storage.schema import Key, Number, metadata

reads = Table(
    "reads",
    metadata,
    Column("person", Key, primary_key=True),
    Column("room", Key, primary_key=True),
    Column("seq", Number, nullable=False),
    Column("told_at", Float, nullable=False),
    Column("told", Boolean, nullable=False),
    sqlite_with_rowid=False,
)


class Mark(NamedTuple):
    """One marker. ``told`` is false while its newest position waits to be told in ``@me``."""

    person: str
    room: str
    seq: int
    told_at: float
    told: bool


_OF = select(reads.c.room, reads.c.seq).where(reads.c.person == bindparam("person"))


class Reads:
    """Queries over markers, on one connection."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def find(self, person: str, room: str) -> Mark | None:
        """Return one marker."""
        row = self._connection.execute(select(reads).where(*_one(person, room))).one_or_none()
        return Mark(*row) if row else None

    def of(self, person: str) -> dict[str, int]:
        """Return a person's markers by room: one for each that they ever marked."""
        return {room: seq for room, seq in self._connection.execute(_OF, {"person": person})}

    def untold(self, person: str) -> list[Mark]:
        """Return a person's markers of which their devices have not heard."""
        rows = self._connection.execute(
            select(reads).where(reads.c.person == person, reads.c.told.is_(False))
        )
        return [Mark(*row) for row in rows]

    def add(self, mark: Mark) -> None:
        """Insert a first marker."""
        self._connection.execute(insert(reads).values(mark._asdict()))

    def move(self, mark: Mark) -> None:
        """Replace a marker."""
        self._connection.execute(
            update(reads).where(*_one(mark.person, mark.room)).values(mark._asdict())
        )


def _one(person: str, room: str) -> tuple[ColumnElement[bool], ...]:
    return reads.c.person == person, reads.c.room == room
