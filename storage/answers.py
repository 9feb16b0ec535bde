"""Answers: what each write was answered, by its author's cid, so that a retry changes nothing.

The content is not kept, only a keyed digest of it, which tells a retry from a reuse.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

from sqlalchemy import Column, Connection, LargeBinary, Table, bindparam, insert, select
from sqlalchemy.exc import IntegrityError

from storage.schema import Key, metadata
from storage.statements import PreparedWrite

answers = Table(
    "answers",
    metadata,
    Column("room", Key, primary_key=True),
    Column("by", Key, primary_key=True),
    Column("cid", Key, primary_key=True),
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


class AnsweredBefore(Exception):
    """A write of this transaction was answered in an earlier one."""


_GIVEN = select(answers.c.digest, answers.c.answer).where(
    answers.c.room == bindparam("room"),
    answers.c.by == bindparam("by"),
    answers.c.cid == bindparam("cid"),
)
_KEEP = PreparedWrite(insert(answers))


class Answers:
    """Queries over answers, on one connection."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def given(self, write: Write) -> Answer | None:
        """Return what a write was answered before."""
        row = self._connection.execute(_GIVEN, write._asdict()).one_or_none()
        return Answer(*row) if row else None

    def keep(self, rows: Sequence[dict[str, Any]]) -> None:
        """Insert the answers of one batch. Raises AnsweredBefore: then roll the transaction back."""
        try:
            _KEEP.run(self._connection, rows)
        except IntegrityError as error:
            raise AnsweredBefore from error
