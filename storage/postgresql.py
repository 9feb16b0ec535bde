"""PostgreSQL: transactions and readings on asyncpg's connections, and clashes tried again."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from typing import TypeVar

from sqlalchemy.ext.asyncio import AsyncConnection

from storage.breaker import Breaker
from storage.database import (
    Connection,
    DatabaseAway,
    FateUnknown,
    is_trouble,
    reason,
    run_transaction,
)
from storage.pools import DEADLINE, Pool, discard, make_engine

Result = TypeVar("Result")

WRITERS = 3  # connections for sign-ins and chores; the batches have one of their own
READERS = 8  # connections; guessed: its readers are processes, and wait for no thread of ours
CLASHES = frozenset({"40001", "40P01"})  # serialisation failure, deadlock: all of it was undone
LOST = ("08", "57P")  # classes of SQLSTATE: no connection, the server is told to stop or to start
TRIES = 3
CLAIM = 0x6375726273696466  # the name of the lock that a server alone holds: "curbsidf"


class PostgresqlDatabase:
    """One PostgreSQL database: connections that write, and others that read."""

    def __init__(self, url: str, *, is_patient: bool = False) -> None:
        limit = None if is_patient else DEADLINE
        self._batches = Pool(make_engine(url, limit, "READ COMMITTED", 1), 1)
        self._writers = Pool(make_engine(url, limit, "READ COMMITTED", WRITERS), WRITERS)
        readers = make_engine(url, limit, "REPEATABLE READ", READERS)
        self._readers = Pool(readers.execution_options(postgresql_readonly=True), READERS)
        self._pools = (self._batches, self._writers, self._readers)
        self._breaker = Breaker()
        self._kept = AsyncExitStack()
        self._runner: asyncio.Runner | None = None

    async def transaction(
        self, work: Callable[[Connection], Result], *, is_batch: bool = False
    ) -> Result:
        """Run ``work`` in a transaction and commit it; up to TRIES times where it clashed."""
        pool = self._batches if is_batch else self._writers
        for _ in range(TRIES - 1):
            try:
                return await self._transaction(pool, work)
            except DatabaseAway as away:
                if not _is_clash(away.__cause__):
                    raise
        return await self._transaction(pool, work)

    async def _transaction(self, pool: Pool, work: Callable[[Connection], Result]) -> Result:
        async with self._connected(pool) as connection:
            return await connection.run_sync(_in_transaction, work)

    def write(self, work: Callable[[Connection], Result]) -> Result:
        """Do as ``transaction`` does, on an event loop of its own."""
        self._runner = self._runner or asyncio.Runner()
        return self._runner.run(self.transaction(work))

    def claim(self, *, is_shared: bool) -> bool:
        """Return whether nobody stands against it, by a connection that stays open."""
        self._runner = self._runner or asyncio.Runner()
        return self._runner.run(self._claim("_shared" if is_shared else ""))

    async def _claim(self, kind: str) -> bool:
        connection = await self._kept.enter_async_context(self._connected(self._writers))
        await connection.execution_options(isolation_level="AUTOCOMMIT")
        claim = f"SELECT pg_try_advisory_lock{kind}({CLAIM})"
        return bool((await connection.exec_driver_sql(claim)).scalar())

    async def reading(self, work: Callable[[Connection], Result]) -> Result:
        """Run ``work`` on a reader's connection. Raises DatabaseAway."""
        async with self._connected(self._readers) as connection:
            return await connection.run_sync(_in_reading, work)

    @asynccontextmanager
    async def _connected(self, pool: Pool) -> AsyncIterator[AsyncConnection]:
        """Lend a connection. Raises DatabaseAway where there is none to be had, or it is lost."""
        self._breaker.admit()
        trips = self._breaker.trips
        async with pool.turn():
            if self._breaker.trips != trips:
                raise DatabaseAway("it was found away while this waited for a connection")
            try:
                async with pool.connection() as connection:
                    yield connection
                self._breaker.reset()
            except Exception as error:
                self._note(error)
                raise

    def _note(self, error: Exception) -> None:
        """Use no link again that may have broken too; where nobody answers, hold callers off."""
        if not _is_lost(error):
            self._breaker.reset()
            return
        for pool in self._pools:
            pool.drop_idle()
        if isinstance(error.__cause__, OSError):  # silence, or a connection that was refused
            self._breaker.trip()

    async def empty_journal(self) -> bool:
        """Return True: the server keeps its own, and reuses it."""
        return True

    async def close(self) -> None:
        """Close every connection."""
        await self._kept.aclose()
        for pool in self._pools:
            await pool.close()

    def close_writer(self) -> None:
        """Close what ``write`` used."""
        runner, self._runner = self._runner, None
        if runner is not None:
            runner.run(self.close())
            runner.close()


def _in_transaction(connection: Connection, work: Callable[[Connection], Result]) -> Result:
    return run_transaction(connection, work, lambda: discard(connection))


def _in_reading(connection: Connection, work: Callable[[Connection], Result]) -> Result:
    try:
        return work(connection)
    except BaseException as error:
        if not is_trouble(error):
            raise
        discard(connection)
        raise DatabaseAway(reason(error)) from error


def _is_clash(error: BaseException | None) -> bool:
    return _state(error) in CLASHES


def _is_lost(error: Exception) -> bool:
    """Return whether it was the link or the server that failed, for everybody alike."""
    if not isinstance(error, DatabaseAway | FateUnknown):
        return False
    state = _state(error.__cause__)
    return state is None or state.startswith(LOST)


def _state(error: BaseException | None) -> str | None:
    return getattr(getattr(error, "orig", None), "sqlstate", None)
