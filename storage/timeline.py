"""Timeline: each room's numbered events, the log that all else is folded from.

Numbers of a room are 1, 2, 3 … without holes: they are taken from the room's row in the transaction
that inserts the events.
"""

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from sqlalchemy import (
    Column,
    Connection,
    Float,
    Index,
    LargeBinary,
    Table,
    Text,
    func,
    insert,
    select,
    update,
)

from storage.schema import Key, Number, metadata
from storage.statements import PreparedWrite

events = Table(
    "events",
    metadata,
    Column("room", Key, primary_key=True),
    Column("seq", Number, primary_key=True, autoincrement=False),
    Column("event", Text, nullable=False),
    Column("at", Float, nullable=False),
    Column("by", Key),
    Column("data", LargeBinary, nullable=False),
    Column("subject", Key),
    Column("voids", Key),
    sqlite_with_rowid=False,
)
_HAS_SUBJECT = events.c.subject.is_not(None)
Index(
    "ix_events_subject", events.c.subject, sqlite_where=_HAS_SUBJECT, postgresql_where=_HAS_SUBJECT
)


class Logged(NamedTuple):
    """One event as stored. ``data`` is MessagePack; ``subject`` and ``voids`` as in its envelope."""

    room: str
    seq: int
    event: str
    at: float
    by: str | None
    data: bytes
    subject: str | None
    voids: str | None


_APPEND = PreparedWrite(insert(events))


class Timeline:
    """Queries over the log, on one connection."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def append(self, rows: Sequence[dict[str, Any]]) -> None:
        """Insert events whose numbers were taken in this transaction."""
        _APPEND.run(self._connection, rows)

    def after(self, room: str, seq: int, *, limit: int, limit_bytes: int) -> list[Logged]:
        """Return the next events above ``seq``, in order: one, and more while within both limits."""
        above = [events.c.room == room, events.c.seq > seq]
        sizes = (
            select(events.c.seq, func.length(events.c.data))
            .where(*above)
            .order_by(events.c.seq)
            .limit(limit)
        )
        last = _last_within(self._connection.execute(sizes), limit_bytes)
        rows = self._connection.execute(
            select(*events.c).where(*above, events.c.seq <= last).order_by(events.c.seq)
        )
        return [Logged(*row) for row in rows]

    def void(self, room: str, subject: str, data: bytes) -> None:
        """Put ``data`` in place of what every event so far about ``subject`` carried."""
        self._connection.execute(
            update(events)
            .where(events.c.room == room, events.c.subject == subject)
            .values(data=data, subject=None)
        )


def _last_within(sizes: Iterable[Any], limit_bytes: int) -> int:
    """Return the last of the numbers whose sizes fit, of the first whether it does or not."""
    last = total = 0
    for seq, size in sizes:
        total += size
        if last and total > limit_bytes:
            break
        last = seq
    return last
