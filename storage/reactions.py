"""Reactions: who chose which emoji under which message."""

from collections.abc import Sequence
from itertools import groupby

from sqlalchemy import (
    Column,
    ColumnElement,
    Connection,
    Float,
    Table,
    Text,
    bindparam,
    case,
    delete,
    func,
    insert,
    select,
)

from storage.messages import Reaction
from storage.schema import metadata

NAMED_LIMIT = 20  # people a reaction names; guessed: as many fit the tooltip

reactions = Table(
    "reactions",
    metadata,
    Column("message", Text, primary_key=True),
    Column("emoji", Text, primary_key=True),
    Column("person", Text, primary_key=True),
    Column("at", Float, nullable=False),
    sqlite_with_rowid=False,
)


_OF_ONE = [reactions.c.message, reactions.c.emoji]
_RANKED = (
    select(
        reactions.c.message,
        reactions.c.emoji,
        reactions.c.person,
        func.row_number()
        .over(partition_by=_OF_ONE, order_by=[reactions.c.at, reactions.c.person])
        .label("place"),
        func.count().over(partition_by=_OF_ONE).label("chosen"),
        func.min(reactions.c.at).over(partition_by=_OF_ONE).label("first"),
        func.max(case((reactions.c.person == bindparam("viewer"), 1), else_=0))
        .over(partition_by=_OF_ONE)
        .label("mine"),
    )
    .where(reactions.c.message.in_(bindparam("messages", expanding=True)))
    .subquery()
)
_UNDER = (
    select(_RANKED)
    .where(_RANKED.c.place <= NAMED_LIMIT)
    .order_by(_RANKED.c.message, _RANKED.c.first, _RANKED.c.emoji, _RANKED.c.place)
)


class Reactions:
    """Queries over reactions, on one connection."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def under(self, messages: Sequence[str], viewer: str) -> dict[str, list[Reaction]]:
        """Return the reactions of each message, in the order in which each emoji came first.

        Of each reaction at most NAMED_LIMIT people are read, however many there are.
        """
        rows = self._connection.execute(_UNDER, {"messages": messages, "viewer": viewer})
        found: dict[str, list[Reaction]] = {}
        for (message, emoji), named in groupby(rows, key=lambda row: (row.message, row.emoji)):
            first, *others = named
            found.setdefault(message, []).append(
                Reaction(
                    emoji=emoji, count=first.chosen, mine=bool(first.mine),
                    people=[row.person for row in (first, *others)],
                )
            )  # fmt: skip
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
