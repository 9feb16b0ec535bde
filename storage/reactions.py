"""Reactions: who chose which emoji under which message."""

from collections.abc import Sequence

from sqlalchemy import (
    Column,
    ColumnElement,
    Connection,
    Float,
    Index,
    Table,
    bindparam,
    case,
    delete,
    func,
    insert,
    select,
)

from storage.messages import Reaction
from storage.schema import Key, metadata

NAMED_LIMIT = 20  # people a reaction names; guessed: as many fit the tooltip

reactions = Table(
    "reactions",
    metadata,
    Column("message", Key, primary_key=True),
    Column("emoji", Key, primary_key=True),
    Column("person", Key, primary_key=True),
    Column("at", Float, nullable=False),
    Index("ix_reactions_at", "message", "emoji", "at", "person"),
    sqlite_with_rowid=False,
)


_others = reactions.alias()
_FIRST = (
    select(_others.c.person)
    .where(_others.c.message == reactions.c.message, _others.c.emoji == reactions.c.emoji)
    .order_by(_others.c.at, _others.c.person)
    .limit(NAMED_LIMIT)
    .correlate(reactions)
    .subquery()
)  # by the index in time: however many there are, no more of them are read
_UNDER = (
    select(
        reactions.c.message,
        reactions.c.emoji,
        func.count().label("chosen"),
        func.max(case((reactions.c.person == bindparam("viewer"), 1), else_=0)).label("mine"),
        select(func.aggregate_strings(_FIRST.c.person, " ")).scalar_subquery().label("people"),
    )
    .where(reactions.c.message.in_(bindparam("messages", expanding=True)))
    .group_by(reactions.c.message, reactions.c.emoji)
    .order_by(func.min(reactions.c.at), reactions.c.emoji)
)


class Reactions:
    """Queries over reactions, on one connection."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def under(self, messages: Sequence[str], viewer: str) -> dict[str, list[Reaction]]:
        """Return the reactions of each message, in the order in which each emoji came first.

        Of each reaction at most NAMED_LIMIT people are read, however many there are.
        """
        found: dict[str, list[Reaction]] = {}
        rows = self._connection.execute(_UNDER, {"messages": messages, "viewer": viewer})
        for message, emoji, chosen, mine, people in rows:
            reaction = Reaction(emoji=emoji, count=chosen, mine=bool(mine), people=people.split())
            found.setdefault(message, []).append(reaction)
        return found

    def has(self, message: str, emoji: str, person: str) -> bool:
        """Return whether a person has chosen an emoji."""
        return bool(self._connection.execute(
            select(reactions.c.at).where(*_one(message, emoji, person))
        ).first())  # fmt: skip

    def emojis(self, message: str) -> set[str]:
        """Return the different emoji under a message."""
        return set(
            self._connection.execute(
                select(func.distinct(reactions.c.emoji)).where(reactions.c.message == message)
            ).scalars()
        )

    def add(self, message: str, emoji: str, person: str, at: float) -> None:
        """Insert one choice."""
        self._connection.execute(
            insert(reactions).values(message=message, emoji=emoji, person=person, at=at)
        )

    def take_back(self, message: str, emoji: str, person: str) -> None:
        """Delete one choice."""
        self._connection.execute(delete(reactions).where(*_one(message, emoji, person)))

    def clear(self, message: str) -> None:
        """Delete all choices under a message."""
        self._connection.execute(delete(reactions).where(reactions.c.message == message))


def _one(message: str, emoji: str, person: str) -> tuple[ColumnElement[bool], ...]:
    return (
        reactions.c.message == message,
        reactions.c.emoji == emoji,
        reactions.c.person == person,
    )
