"""Database: lends its connections to plain functions, whatever engine stands behind it.

``transaction`` commits all that a function changed, or nothing; ``reading`` sees one moment of the
database. Nothing above knows which engine it is: ``engines`` opens the one that a URL names.
"""

from collections.abc import Callable
from typing import Protocol, TypeVar

from sqlalchemy import Connection as Connection
from sqlalchemy.exc import DataError, DBAPIError, IntegrityError, ProgrammingError, SQLAlchemyError

Result = TypeVar("Result")

# Classes of SQLSTATE in which the server failed and not the statement: no connection, a transaction
# that may not write (a replica's), a clash with others, no memory or disk, a lock not had, told to
# stop, an error of the system's or its own.
TROUBLES = frozenset({"08", "25", "40", "53", "55", "57", "58", "XX"})

# What SQLite calls a write of its journal that failed: nobody reads what has no end. That a flush of it
# failed (SQLITE_IOERR_FSYNC) is another matter.
UNWRITTEN = frozenset({"SQLITE_FULL", "SQLITE_IOERR_WRITE"})


class DatabaseAway(Exception):
    """The database cannot be written or read for now; nothing was stored."""


class FateUnknown(Exception):
    """The commit failed half way: it may be there, or not."""


class Database(Protocol):
    """One database. Its work may be called again, where the engine undid it for a clash."""

    async def transaction(
        self, work: Callable[[Connection], Result], *, is_batch: bool = False
    ) -> Result:
        """Run ``work`` in a transaction and commit it; a batch's waits for none of the others.

        Raises DatabaseAway where it could not begin or was rolled back by the database, and whatever
        ``work`` raises: then nothing was stored. Raises FateUnknown where the commit itself failed.
        """

    def write(self, work: Callable[[Connection], Result]) -> Result:
        """Do as ``transaction`` does, in the calling thread: for the command line."""

    async def reading(self, work: Callable[[Connection], Result]) -> Result:
        """Run ``work`` on a reader's connection. Raises DatabaseAway."""

    def claim(self, *, is_shared: bool) -> bool:
        """Claim this database until ``close_writer``; return whether nobody's claim stands against it.

        Several may share it, while nobody claims it alone.
        """

    async def empty_journal(self) -> bool:
        """Take what was overwritten out of any journal that is kept beside the data.

        False where others are in the way just then.
        """

    async def close(self) -> None:
        """Close every connection."""

    def close_writer(self) -> None:
        """Close the writer's connection: for those who used ``write`` alone."""


def is_trouble(error: BaseException) -> bool:
    """Return whether the database failed, by a full disk say, and not the statement it was given."""
    if isinstance(error, OSError):  # a driver's own, of its link; a deadline among them
        return True
    if not isinstance(error, DBAPIError):
        return False
    state = getattr(error.orig, "sqlstate", None)
    if state is not None:
        return state[:2] in TROUBLES
    return not isinstance(error, IntegrityError | ProgrammingError | DataError)


def _is_unwritten(error: BaseException) -> bool:
    """Return whether a commit failed before the disk had the end of it, which makes it a commit."""
    return getattr(getattr(error, "orig", None), "sqlite_errorname", "") in UNWRITTEN


def is_taken(error: BaseException) -> bool:
    """Return whether a row was not inserted because there is one of that key."""
    return isinstance(error, IntegrityError)


def reason(error: BaseException) -> str:
    """Return what the driver said, without the statement."""
    return str(getattr(error, "orig", error)) or type(error).__name__


def run_transaction(
    connection: Connection, work: Callable[[Connection], Result], discard: Callable[[], None]
) -> Result:
    """Do what ``Database.transaction`` promises, on one connection.

    ``discard`` is called where the connection can be used no longer.
    """
    try:
        transaction = connection.begin()
    except (DBAPIError, OSError) as error:
        discard()
        raise DatabaseAway(reason(error)) from error
    try:
        result = work(connection)
    except BaseException as error:
        if is_trouble(error):
            discard()  # also where a rollback would go well: the driver may not have noticed the end
            raise DatabaseAway(reason(error)) from error
        try:
            transaction.rollback()
        except (SQLAlchemyError, OSError):
            discard()
        raise
    try:
        transaction.commit()
    except (DBAPIError, OSError) as error:
        discard()  # SQLAlchemy takes it for ended; the database may still be in its midst
        fate = DatabaseAway if _is_unwritten(error) else FateUnknown
        raise fate(reason(error)) from error
    return result
