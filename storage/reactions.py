"""Reactions: who chose which emoji under which message."""

from collections.abc import Sequence

from sqlalchemy import (
    Column,
    ColumnElement,
    Connection,
    Float,
    Table,
    Text,
    bindparam,
    delete,
    func,
    insert,
    select,
)

from storage.messages import Reaction
from storage.schema import metadata

NAMED_LIMIT = 20  # people a reaction names; PROTOCOL.md, Core commands

reactions = Table(
    "reactions",
    metadata,
    Column("message", Text, primary_key=True),
    Column("emoji", Text, primary_key=True),
    Column("person", Text, primary_key=True),
    Column("at", Float, nullable=False),
    sqlite_with_rowid=False,
)


# Built once: building a statement costs more than running it.
_UNDER = (
    select(reactions.c.message, reactions.c.emoji, reactions.c.person)
    .where(reactions.c.message.in_(bindparam("messages", expanding=True)))
    .order_by(reactions.c.at, reactions.c.person)
)


class Reactions:
    """Queries over reactions, on one connection."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def under(self, messages: Sequence[str], viewer: str) -> dict[str, list[Reaction]]:
        """Return the reactions of each message, in the order in which each emoji came first."""
        rows = self._connection.execute(_UNDER, {"messages": messages})
        gathered: dict[str, dict[str, list[str]]] = {}
        for message, emoji, person in rows:
            gathered.setdefault(message, {}).setdefault(emoji, []).append(person)
        return {
            message: [_reaction(emoji, people, viewer) for emoji, people in emojis.items()]
            for message, emojis in gathered.items()
        }

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


def _reaction(emoji: str, people: list[str], viewer: str) -> Reaction:
    return Reaction(
        emoji=emoji, count=len(people), mine=viewer in people, people=people[:NAMED_LIMIT]
    )
