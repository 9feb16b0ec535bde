"""Answers: what each write was answered, by its author's cid, so that a retry changes nothing.

The content is not kept, only a keyed digest of it, which tells a retry from a reuse.
"""

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from sqlalchemy import (
    Column,
    Connection,
    LargeBinary,
    Table,
    Text,
    bindparam,
    insert,
    select,
    tuple_,
)

from storage.schema import metadata

answers = Table(
    "answers",
    metadata,
    Column("room", Text, primary_key=True),
    Column("by", Text, primary_key=True),
    Column("cid", Text, primary_key=True),
    Column("digest", LargeBinary, nullable=False),
    Column("answer", LargeBinary, nullable=False),
    sqlite_with_rowid=False,
)


class Write(NamedTuple):
    """What names one write for ever."""

    room: str
    by: str
    cid: str


class Answer(NamedTuple):
    """What was asked, as a digest, and what was answered, in MessagePack."""

    digest: bytes
    answer: bytes


# Built once: building a statement costs more than running it, and these run in every batch.
_GIVEN = select(*answers.c).where(
    tuple_(answers.c.room, answers.c.by, answers.c.cid).in_(bindparam("writes", expanding=True))
)
_KEEP = insert(answers)


class Answers:
    """Queries over answers, on one connection."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def given(self, writes: Iterable[Write]) -> dict[Write, Answer]:
        """Return the answers that some of ``writes`` got before."""
        rows = self._connection.execute(_GIVEN, {"writes": list(writes)})
        return {Write(*row[:3]): Answer(*row[3:]) for row in rows}

    def keep(self, rows: Sequence[dict[str, Any]]) -> None:
        """Insert the answers of one batch."""
        self._connection.execute(_KEEP, rows)
