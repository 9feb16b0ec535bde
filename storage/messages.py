"""Messages: every post in its present state, found by room and number or by id."""

from collections.abc import Iterable, Sequence
from typing import Any

import msgspec
from sqlalchemy import (
    Column,
    Connection,
    Float,
    Row,
    Select,
    Table,
    Text,
    bindparam,
    func,
    insert,
    literal,
    select,
    union_all,
    update,
)  # fmt: skip

from storage.schema import Key, Number, metadata
from storage.statements import PreparedWrite

UNREAD_LIMIT = 1_000  # messages; counting stops there, so that a long absence costs no scan

messages = Table(
    "messages",
    metadata,
    Column("room", Key, primary_key=True),
    Column("seq", Number, primary_key=True, autoincrement=False),
    Column("id", Key, nullable=False, unique=True),
    Column("at", Float, nullable=False),
    Column("by", Key, nullable=False),
    Column("kind", Text, nullable=False),
    Column("text", Text, nullable=False),
    Column("version", Number, nullable=False),
    Column("reply_to", Key),
    Column("edited_at", Float),
    Column("removed_at", Float),
    Column("removed_by", Key),
    Column("removed_reason", Text),
    sqlite_with_rowid=False,
)


class Removed(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """That a message was removed: by a moderator where ``by`` is not its author."""

    at: float
    by: str
    reason: str | None = None


class Reaction(msgspec.Struct, frozen=True, kw_only=True):
    """One emoji under a message, and the first people who chose it."""

    emoji: str
    count: int
    mine: bool
    people: list[str]


class Pinned(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """That a message is kept in view, by whom, and with which word on why."""

    at: float
    by: str
    note: str | None = None


class Message(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One message as on the wire. A removed one has no text. ``seq`` is that of its posting."""

    id: str
    seq: int
    at: float
    by: str
    kind: str
    text: str
    version: int
    reactions: list[Reaction]
    edited_at: float | None = None
    removed: Removed | None = None
    reply_to: str | None = None
    pinned: Pinned | None = None

    @classmethod
    def of(cls, row: Row[Any]) -> "Message":
        """Return a row as a message, without what other tables know of it."""
        removed = (
            Removed(at=row.removed_at, by=row.removed_by, reason=row.removed_reason)
            if row.removed_at is not None
            else None
        )
        return cls(
            id=row.id, seq=row.seq, at=row.at, by=row.by, kind=row.kind, text=row.text,
            version=row.version, reactions=[], edited_at=row.edited_at, removed=removed,
            reply_to=row.reply_to,
        )  # fmt: skip


_ADD = PreparedWrite(insert(messages))
_IN_ROOM = select(messages).where(messages.c.room == bindparam("room")).limit(bindparam("most"))
_BEFORE = _IN_ROOM.where(messages.c.seq < bindparam("seq")).order_by(messages.c.seq.desc())
_AFTER = _IN_ROOM.where(messages.c.seq > bindparam("seq")).order_by(messages.c.seq)


class Messages:
    """Queries over messages, on one connection."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def find(self, room: str, message: str) -> Message | None:
        """Return one message of a room, by id."""
        row = self._connection.execute(
            select(messages).where(messages.c.id == message, messages.c.room == room)
        ).one_or_none()
        return Message.of(row) if row else None

    def before(self, room: str, seq: int, *, limit: int) -> list[Message]:
        """Return up to ``limit`` messages older than ``seq``, newest first."""
        return self._page(_BEFORE, room, seq, limit)

    def after(self, room: str, seq: int, *, limit: int) -> list[Message]:
        """Return up to ``limit`` messages newer than ``seq``, oldest first."""
        return self._page(_AFTER, room, seq, limit)

    def _page(self, page: Select[Any], room: str, seq: int, limit: int) -> list[Message]:
        rows = self._connection.execute(page, {"room": room, "seq": seq, "most": limit})
        return [Message.of(row) for row in rows]

    def unread(self, person: str, marks: dict[str, int]) -> dict[str, int]:
        """Return how many messages of others stand above each room's mark, at most UNREAD_LIMIT."""
        if not marks:
            return {}
        counts = []
        for room, seq in marks.items():
            above = (
                select(literal(1))
                .where(
                    messages.c.room == room, messages.c.seq > seq,
                    messages.c.by != person, messages.c.removed_at.is_(None),
                )
                .limit(UNREAD_LIMIT)
                .subquery()
            )  # fmt: skip
            counts.append(
                select(literal(room), select(func.count()).select_from(above).scalar_subquery())
            )
        return {room: count for room, count in self._connection.execute(union_all(*counts))}

    def add(self, rows: Sequence[dict[str, Any]]) -> None:
        """Insert new messages."""
        _ADD.run(self._connection, rows)

    def edit(self, message: str, text: str, version: int, at: float) -> None:
        """Replace a message's text."""
        self._change(message, text=text, version=version, edited_at=at)

    def remove(self, message: str, removed: Removed) -> None:
        """Take a message's text away for good."""
        self._change(
            message, text="", removed_at=removed.at, removed_by=removed.by,
            removed_reason=removed.reason,
        )  # fmt: skip

    def _change(self, message: str, **values: object) -> None:
        self._connection.execute(update(messages).where(messages.c.id == message).values(values))


def people_of(found: Iterable[Message]) -> set[str]:
    """Return the ids of everybody whom these messages name."""
    named: set[str] = set()
    for message in found:
        named.add(message.by)
        for reaction in message.reactions:
            named.update(reaction.people)
        if message.removed:
            named.add(message.removed.by)
        if message.pinned:
            named.add(message.pinned.by)
    return named
