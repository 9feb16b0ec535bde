"""Rooms: each with its epoch, its head and the revision of its rights.

A row is locked before anything in its room changes, and the numbers of its events are taken from it.
Everybody's own room (``@`` and the person's id) has such a row too.
"""

from collections.abc import Iterable, Sequence
from typing import Any

import msgspec
from sqlalchemy import (
    Boolean,
    Column,
    Connection,
    Float,
    Table,
    Text,
    bindparam,
    insert,
    select,
    update,
)  # fmt: skip

from storage.schema import Key, Number, metadata
from storage.statements import PreparedSelect, PreparedWrite

rooms = Table(
    "rooms",
    metadata,
    Column("id", Key, primary_key=True),
    Column("title", Text, nullable=False),
    Column("topic", Text, nullable=False),
    Column("private", Boolean, nullable=False),
    Column("epoch", Text, nullable=False),
    Column("head", Number, nullable=False),
    Column("revision", Number, nullable=False),
    Column("at", Float, nullable=False),
)


class Room(msgspec.Struct, frozen=True):
    """One room. ``revision`` grows whenever somebody's rights in it change."""

    id: str
    title: str
    topic: str
    private: bool
    epoch: str
    head: int
    revision: int
    at: float

    @classmethod
    def of(cls, row: Sequence[Any]) -> "Room":
        """Return a row as a room, from the driver too, whose truth may be a number."""
        return cls(*(*row[:3], bool(row[3]), *row[4:]))


_NAMED = (
    select(*rooms.c).where(rooms.c.id.in_(bindparam("ids", expanding=True))).order_by(rooms.c.id)
)
_LOCK = PreparedSelect(_NAMED.with_for_update(), of="ids")
_LOCK_FREE = PreparedSelect(_NAMED.with_for_update(skip_locked=True), of="ids")
_ADVANCE = PreparedWrite(
    update(rooms)
    .where(rooms.c.id == bindparam("key"))
    .values(head=bindparam("head"), revision=bindparam("revision"))
)


class Rooms:
    """Queries over rooms, on one connection."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def find(self, room: str) -> Room | None:
        """Return one room."""
        return next(iter(self.named([room])), None)

    def named(self, ids: Iterable[str]) -> list[Room]:
        """Return those of the rooms that exist."""
        return [Room(*row) for row in self._connection.execute(_NAMED, {"ids": list(ids)})]

    def locked(self, ids: Iterable[str], *, waits: bool) -> list[Room]:
        """Return those of the rooms that exist, locked in the order of their ids.

        Without ``waits``, those that another transaction has locked are left out.
        """
        lock = _LOCK if waits else _LOCK_FREE
        return [Room.of(row) for row in lock.rows(self._connection, list(ids))]

    def existing(self, ids: Iterable[str]) -> set[str]:
        """Return those of the ids that are a room's, locked or not."""
        found = select(rooms.c.id).where(rooms.c.id.in_(list(ids)))
        return set(self._connection.execute(found).scalars())

    def public_after(self, room: str, *, limit: int) -> list[Room]:
        """Return up to ``limit`` public rooms whose ids sort after ``room``."""
        rows = self._connection.execute(
            select(*rooms.c)
            .where(rooms.c.id > room, rooms.c.private.is_(False))
            .order_by(rooms.c.id)
            .limit(limit)
        )
        return [Room(*row) for row in rows]

    def add(self, room: Room) -> None:
        """Insert a room. Raises IntegrityError where the id is taken."""
        self._connection.execute(insert(rooms).values(msgspec.structs.asdict(room)))

    def advance(self, changes: list[dict[str, Any]]) -> None:
        """Set ``head`` and ``revision`` of the rooms that a batch changed, by their ``key``."""
        _ADVANCE.run(self._connection, changes)
