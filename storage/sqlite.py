"""SQLite: one file, a writer's connection in its own thread, and readers.

A whole batch runs in one thread hop, alone. Every commit is on disk (WAL, ``synchronous=FULL``) before
``transaction`` returns.
"""

import asyncio
import sqlite3
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

from sqlalchemy import Engine, create_engine, event
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from storage.database import Connection, DatabaseAway, is_trouble, reason, run_transaction
from storage.serial_threads import SerialThread
from storage.statements import on_cursor

Result = TypeVar("Result")

BUSY_LIMIT = 1.5  # seconds to wait for another process's write lock; the refusal comes after
PATIENT_LIMIT = 30.0  # seconds, of a command that waits for its turn beside a server
JOURNAL_LIMIT = 0.05  # seconds to wait for readers, with the write lock, before the journal is cut
READ_LIMIT = (
    10.0  # seconds to wait for a reader's connection; guessed: a client asks again after that
)
BUSY_AGAIN = 0.01  # seconds; a first start holds the lock for some 30 ms
READERS = 4  # connections; guessed: more only contend for two cores


class SqliteDatabase:
    """One SQLite database."""

    def __init__(self, url: str, *, is_patient: bool = False) -> None:
        self._url = make_url(url)
        self._thread = SerialThread("writer")
        self._engine = create_engine(
            self._url.set(drivername="sqlite+pysqlite"), hide_parameters=True
        )  # what was written stays out of errors, and so out of logs
        self._readers: AsyncEngine = create_async_engine(
            self._url.set(drivername="sqlite+aiosqlite"),
            pool_size=READERS,
            max_overflow=0,
            pool_timeout=READ_LIMIT,
            hide_parameters=True,
        )
        limit = PATIENT_LIMIT if is_patient else BUSY_LIMIT
        _prepare(self._engine, begin="BEGIN IMMEDIATE", limit=limit)
        _prepare(self._readers.sync_engine, begin="BEGIN", limit=limit)
        self._writer: Connection | None = None

    async def transaction(
        self, work: Callable[[Connection], Result], *, is_batch: bool = False
    ) -> Result:
        """Run ``work`` in the writer's transaction and commit it, in the writer's thread."""
        return await self._thread.run(lambda: self.write(work))

    def write(self, work: Callable[[Connection], Result]) -> Result:
        """Do as ``transaction`` does, in the calling thread."""
        connection = self._writer = self._writer or self._connect()
        return run_transaction(connection, work, self._discard)

    def _discard(self) -> None:
        writer, self._writer = self._writer, None
        if writer is not None:
            writer.invalidate()
            writer.close()

    def _connect(self) -> Connection:
        try:
            return self._engine.connect()
        except DBAPIError as error:  # also for a file that is no database at all
            raise DatabaseAway(reason(error)) from error

    async def reading(self, work: Callable[[Connection], Result]) -> Result:
        """Run ``work`` on a reader's connection. Raises DatabaseAway."""
        try:
            async with self._readers.connect() as connection, connection.begin():
                return await connection.run_sync(work)
        except PoolTimeoutError as error:
            raise DatabaseAway("every reader is busy") from error
        except DBAPIError as error:
            if is_trouble(error):
                raise DatabaseAway(reason(error)) from error
            raise

    def copy_to(self, path: Path) -> None:
        """Write a consistent copy of the live database to ``path``."""
        source = sqlite3.connect(str(self._url.database))
        target = sqlite3.connect(path)
        with target:
            source.backup(target)
        target.close()
        source.close()

    def claim(self, *, is_shared: bool) -> bool:
        """Return True: whoever serves holds a lock beside the file."""
        return True

    async def empty_journal(self) -> bool:
        """Take what was overwritten out of the write-ahead log too: move it all, and cut it to nothing.

        False where somebody reads or writes just then; writers wait JOURNAL_LIMIT for it at most.
        """
        return await asyncio.to_thread(self._empty_journal)

    def _empty_journal(self) -> bool:
        journal = Path(f"{self._url.database}-wal")
        if not journal.exists() or not journal.stat().st_size:
            return True
        connection = sqlite3.connect(str(self._url.database), timeout=JOURNAL_LIMIT)
        try:
            # What can be moved while others write is moved first: the cut then holds them up for less.
            connection.execute("PRAGMA wal_checkpoint(PASSIVE)")
            [is_busy, *_] = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
        except sqlite3.Error as error:
            raise DatabaseAway(str(error)) from error
        finally:
            connection.close()
        return not is_busy

    async def close(self) -> None:
        """Close every connection."""
        await self._readers.dispose()
        await self._thread.run(self.close_writer)
        self._thread.end()

    def close_writer(self) -> None:
        """Close the writer's connection: for those who used ``write`` alone."""
        writer, self._writer = self._writer, None
        if writer is not None:
            writer.close()
        self._engine.dispose()


def _prepare(engine: Engine, *, begin: str, limit: float) -> None:
    @event.listens_for(engine, "connect")
    def configure(connection: Any, _record: object) -> None:
        # With the driver's own transactions, RELEASE of the first savepoint commits.
        connection.isolation_level = None
        cursor = connection.cursor()
        _keep_a_journal(cursor, limit)
        for pragma in (
            "synchronous=FULL", f"busy_timeout={int(limit * 1000)}",
            "foreign_keys=ON", "secure_delete=ON", "cache_size=-16000",
        ):  # fmt: skip
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()

    @event.listens_for(engine, "begin")
    def start(connection: Connection) -> None:
        on_cursor(connection, lambda cursor: cursor.execute(begin))


def _keep_a_journal(cursor: Any, limit: float) -> None:
    """Have a database write ahead. SQLite waits for nobody there, and two first starts would clash."""
    end = time.monotonic() + limit
    while True:
        try:
            cursor.execute("PRAGMA journal_mode=WAL")
        except sqlite3.OperationalError:
            if time.monotonic() > end:
                raise
            time.sleep(BUSY_AGAIN)
        else:
            return
