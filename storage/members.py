"""Members: who belongs to a room, in which role, and since which of its numbers."""

from collections.abc import Iterable

import msgspec
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
)  # fmt: skip

from storage.schema import Key, Number, metadata

members = Table(
    "members",
    metadata,
    Column("room", Key, primary_key=True),
    Column("person", Key, primary_key=True),
    Column("role", Text, nullable=False),
    Column("since", Number, nullable=False),
    Column("at", Float, nullable=False),
    Index("ix_members_person", "person"),
    sqlite_with_rowid=False,
)


class Member(msgspec.Struct, frozen=True):
    """One membership. ``role`` is owner, moderator or member; ``since`` the room's head at joining."""

    room: str
    person: str
    role: str
    since: int
    at: float


_OF = select(*members.c).where(members.c.person == bindparam("person"))
_ROLE = select(members.c.role).where(
    members.c.room == bindparam("room"), members.c.person == bindparam("person")
)


class Members:
    """Queries over members, on one connection."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def roles(self, room: str) -> dict[str, str]:
        """Return the role of every member of a room."""
        rows = self._connection.execute(
            select(members.c.person, members.c.role).where(members.c.room == room)
        )
        return {row.person: row.role for row in rows}

    def of(self, person: str) -> dict[str, Member]:
        """Return a person's memberships by room."""
        rows = self._connection.execute(_OF, {"person": person})
        return {row.room: Member(*row) for row in rows}

    def role(self, room: str, person: str) -> str | None:
        """Return a person's role in a room."""
        return self._connection.execute(_ROLE, {"room": room, "person": person}).scalar()

    def since(self, room: str, person: str) -> int | None:
        """Return the head at which a person joined, or None for no member."""
        return self._connection.execute(
            select(members.c.since).where(members.c.room == room, members.c.person == person)
        ).scalar()

    def counts(self, ids: Iterable[str]) -> dict[str, int]:
        """Return how many members each room has."""
        rows = self._connection.execute(
            select(members.c.room, func.count())
            .where(members.c.room.in_(list(ids)))
            .group_by(members.c.room)
        )
        return {room: count for room, count in rows}

    def add(self, member: Member) -> None:
        """Insert one membership."""
        self._connection.execute(insert(members).values(msgspec.structs.asdict(member)))

    def remove(self, room: str, person: str) -> None:
        """Delete one membership."""
        self._connection.execute(
            delete(members).where(members.c.room == room, members.c.person == person)
        )
