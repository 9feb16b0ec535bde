"""The audit: who did what to whom, each entry chained to the one before, none ever changed.

An entry's hash is SHA-256 of the hash before it and of the entry in MessagePack. Whoever edits,
deletes or swaps entries is found by ``fault``; whoever cuts off the newest, by the head, unless they
make the whole chain anew: keep a head elsewhere to find that as well.
"""

import hashlib
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import msgspec
from sqlalchemy import (
    Column,
    Connection,
    Float,
    LargeBinary,
    Select,
    Table,
    Text,
    event,
    insert,
    select,
    update,
)  # fmt: skip

from storage.schema import Key, Number, first_row, metadata

PAGE = 1_000  # entries read at a time; guessed: a megabyte at most

audit = Table(
    "audit",
    metadata,
    Column("seq", Number, primary_key=True, autoincrement=False),
    Column("at", Float, nullable=False),
    Column("by", Key, nullable=False),
    Column("action", Text, nullable=False),
    Column("room", Key),
    Column("target", Key),
    Column("reason", Text),
    Column("hash", LargeBinary, nullable=False),
)

FORBID_CHANGES = {
    "sqlite": [
        f"CREATE TRIGGER audit_no_{what} BEFORE {what} ON audit"
        " BEGIN SELECT RAISE(ABORT, 'the audit is only added to'); END"
        for what in ("update", "delete")
    ],
    "postgresql": [
        "CREATE OR REPLACE FUNCTION audit_is_only_added_to() RETURNS trigger LANGUAGE plpgsql"
        " AS $$ BEGIN RAISE EXCEPTION 'the audit is only added to'; END $$",
        "CREATE TRIGGER audit_no_change BEFORE UPDATE OR DELETE OR TRUNCATE ON audit"
        " FOR EACH STATEMENT EXECUTE FUNCTION audit_is_only_added_to()",
    ],
}

audit_head = Table(
    "audit_head",
    metadata,
    Column("id", Number, primary_key=True, autoincrement=False),
    Column("seq", Number, nullable=False),
    Column("hash", LargeBinary, nullable=False),
)
"""One row, which whoever adds entries locks: two writers make one chain."""
first_row(audit_head, id=0, seq=0, hash=b"")


@event.listens_for(audit, "after_create")
def _forbid_changes(_table: Table, connection: Connection, **_: object) -> None:
    """Have the database refuse what no statement of ours does."""
    for statement in FORBID_CHANGES[connection.dialect.name]:
        connection.exec_driver_sql(statement)


class Act(NamedTuple):
    """What somebody did: ``by`` is a person's id, or nothing for whoever runs the server."""

    at: float
    by: str
    action: str
    room: str | None = None
    target: str | None = None
    reason: str | None = None


class Head(NamedTuple):
    """The newest entry's number, and its hash; 0 and nothing before the first."""

    seq: int
    hash: bytes


_NONE = Head(0, b"")
_HEAD = select(audit_head.c.seq, audit_head.c.hash)


class Audit:
    """Queries over the audit, on one connection."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def add(self, rows: Sequence[dict[str, Any]]) -> None:
        """Append acts to the chain, in their order."""
        head, entries = self._head(_HEAD.with_for_update()), []
        for row in rows:
            act = Act(**row)
            head = Head(head.seq + 1, _chained(head, act))
            entries.append({**act._asdict(), **head._asdict()})
        self._connection.execute(insert(audit), entries)
        self._connection.execute(update(audit_head).values(head._asdict()))

    def head(self) -> Head:
        """Return where the chain ends."""
        return self._head(_HEAD)

    def fault(self) -> str | None:
        """Return what is wrong first, naming the entry, or None for a chain that is whole."""
        head = _NONE
        for seq, act, kept in self._entries():
            if seq != head.seq + 1:
                return f"entry {head.seq + 1} is missing"
            head = Head(seq, _chained(head, act))
            if kept != head.hash:
                return f"entry {seq} is not what was recorded"
        end = self.head()
        if end.seq > head.seq:
            return f"entry {head.seq + 1} is missing"
        return None if end == head else f"the head is not that of entry {head.seq}"

    def _head(self, head: Select[Any]) -> Head:
        row = self._connection.execute(head).one_or_none()
        return Head(*row) if row else _NONE

    def _entries(self) -> Iterator[tuple[int, Act, bytes]]:
        last = -(2**62)
        while True:
            rows = self._connection.execute(
                select(*audit.c).where(audit.c.seq > last).order_by(audit.c.seq).limit(PAGE)
            ).all()
            yield from ((row[0], Act(*row[1:-1]), row[-1]) for row in rows)
            if len(rows) < PAGE:
                return
            last = rows[-1][0]


def _chained(head: Head, act: Act) -> bytes:
    return hashlib.sha256(head.hash + msgspec.msgpack.encode((head.seq + 1, *act))).digest()
