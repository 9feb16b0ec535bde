"""Pins: which messages a room keeps in view."""

from collections.abc import Sequence

from sqlalchemy import (
    Column,
    Connection,
    Float,
    Index,
    Table,
    Text,
    bindparam,
    delete,
    func,
    insert,
    select,
    update,
)

from storage.messages import Message, Pinned, messages
from storage.schema import Key, metadata

pins = Table(
    "pins",
    metadata,
    Column("message", Key, primary_key=True),
    Column("room", Key, nullable=False),
    Column("by", Key, nullable=False),
    Column("at", Float, nullable=False),
    Column("note", Text),
    Index("ix_pins_room", "room"),
)


_AMONG = select(pins).where(pins.c.message.in_(bindparam("ids", expanding=True)))
_OF = (
    select(messages)
    .join(pins, pins.c.message == messages.c.id)
    .where(pins.c.room == bindparam("room"))
    .order_by(pins.c.at.desc(), pins.c.message.desc())
)


class Pins:
    """Queries over pins, on one connection."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def among(self, ids: Sequence[str]) -> dict[str, Pinned]:
        """Return those of the messages that are pinned."""
        rows = self._connection.execute(_AMONG, {"ids": ids})
        return {row.message: Pinned(at=row.at, by=row.by, note=row.note) for row in rows}

    def of(self, room: str) -> list[Message]:
        """Return a room's pinned messages, the latest pin first: as many as a room may have."""
        return [Message.of(row) for row in self._connection.execute(_OF, {"room": room})]

    def count(self, room: str) -> int:
        """Return how many pins a room has."""
        return self._connection.execute(
            select(func.count()).select_from(pins).where(pins.c.room == room)
        ).scalar_one()

    def add(self, room: str, message: str, pinned: Pinned) -> None:
        """Insert a pin."""
        self._connection.execute(
            insert(pins).values(
                room=room, message=message, by=pinned.by, at=pinned.at, note=pinned.note
            )
        )

    def annotate(self, message: str, note: str | None) -> None:
        """Change a pin's note alone."""
        self._connection.execute(update(pins).where(pins.c.message == message).values(note=note))

    def remove(self, message: str) -> bool:
        """Delete a pin; return whether there was one."""
        return bool(
            self._connection.execute(delete(pins).where(pins.c.message == message)).rowcount
        )
