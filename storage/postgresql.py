"""PostgreSQL: asyncpg's connections, each call with a deadline, and clashes tried again.

A link that says nothing for longer than DEADLINE is ended rather than waited for: the driver's own
settings would wait for ever on one that is half open (measured).
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from typing import TypeVar

from sqlalchemy import event
from sqlalchemy.engine import URL, ExceptionContext, make_url
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from storage.database import Connection, DatabaseAway, is_trouble, reason, run_transaction

Result = TypeVar("Result")

DEADLINE = 1.5  # seconds a call; whoever waits is refused within two. docs/protocol.md, unavailable
CONNECT_LIMIT = 1.5  # seconds
KEEPALIVE = {"idle": 10, "interval": 5, "count": 3}  # seconds, seconds, probes without an answer
IDLE_LIMIT = (
    10.0  # seconds in which a transaction may do nothing: a node that was stopped holds locks
)
WRITERS = 4  # connections: the writer's, and those for sign-ins and chores beside it
READERS = 8  # connections; guessed: its readers are processes, and wait for no thread of ours
CLASHES = frozenset({"40001", "40P01"})  # serialisation failure, deadlock: all of it was undone
TRIES = 3
CLAIM = 0x6375726273696466  # the name of the lock that a server alone holds: "curbsidf"


class PostgresqlDatabase:
    """One PostgreSQL database: connections that write, and others that read."""

    def __init__(self, url: str, *, is_patient: bool = False) -> None:
        full = make_url(url).set(drivername="postgresql+asyncpg")
        limit = None if is_patient else DEADLINE
        self._writers = _engine(full, limit, "READ COMMITTED", WRITERS)
        self._readers = _engine(full, limit, "REPEATABLE READ", READERS).execution_options(
            postgresql_readonly=True
        )
        self._kept = AsyncExitStack()
        self._runner: asyncio.Runner | None = None

    async def transaction(self, work: Callable[[Connection], Result]) -> Result:
        """Run ``work`` in a transaction and commit it; up to TRIES times where it clashed."""
        for _ in range(TRIES - 1):
            try:
                return await self._transaction(work)
            except DatabaseAway as away:
                if not _is_clash(away.__cause__):
                    raise
        return await self._transaction(work)

    async def _transaction(self, work: Callable[[Connection], Result]) -> Result:
        async with _connected(self._writers) as connection:
            return await connection.run_sync(_in_transaction, work)

    def write(self, work: Callable[[Connection], Result]) -> Result:
        """Do as ``transaction`` does, on an event loop of its own."""
        self._runner = self._runner or asyncio.Runner()
        return self._runner.run(self.transaction(work))

    def claim(self) -> bool:
        """Return whether nobody else has claimed it, by a connection that stays open."""
        self._runner = self._runner or asyncio.Runner()
        return self._runner.run(self._claim())

    async def _claim(self) -> bool:
        connection = await self._kept.enter_async_context(_connected(self._writers))
        await connection.execution_options(isolation_level="AUTOCOMMIT")
        claim = f"SELECT pg_try_advisory_lock({CLAIM})"
        return bool((await connection.exec_driver_sql(claim)).scalar())

    async def reading(self, work: Callable[[Connection], Result]) -> Result:
        """Run ``work`` on a reader's connection. Raises DatabaseAway."""
        async with _connected(self._readers) as connection:
            return await connection.run_sync(_in_reading, work)

    async def empty_journal(self) -> bool:
        """Return True: the server keeps its own, and reuses it."""
        return True

    async def close(self) -> None:
        """Close every connection."""
        await self._kept.aclose()
        await self._writers.dispose()
        await self._readers.dispose()

    def close_writer(self) -> None:
        """Close what ``write`` used."""
        runner, self._runner = self._runner, None
        if runner is not None:
            runner.run(self.close())
            runner.close()


def _engine(url: URL, limit: float | None, isolation: str, connections: int) -> AsyncEngine:
    milliseconds = {
        "statement_timeout": limit or 0,
        "idle_in_transaction_session_timeout": IDLE_LIMIT if limit else 0,
    }
    settings = {name: str(int(seconds * 1000)) for name, seconds in milliseconds.items()}
    settings |= {f"tcp_keepalives_{name}": str(value) for name, value in KEEPALIVE.items()}
    engine = create_async_engine(
        url,
        isolation_level=isolation,
        pool_size=connections,
        max_overflow=0,
        pool_timeout=CONNECT_LIMIT,
        hide_parameters=True,  # what was written stays out of errors, and so out of logs
        connect_args={
            "timeout": CONNECT_LIMIT,
            "command_timeout": limit,
            "server_settings": {"application_name": "curbside", "jit": "off", **settings},
        },
    )
    event.listen(engine.sync_engine, "handle_error", _end_silent_link)
    return engine


@asynccontextmanager
async def _connected(engine: AsyncEngine) -> AsyncIterator[AsyncConnection]:
    """Lend a connection. Raises DatabaseAway where there is none to be had."""
    try:
        connection = await engine.connect()
    except PoolTimeoutError as error:
        raise DatabaseAway("every connection is busy") from error
    except (DBAPIError, OSError) as error:
        raise DatabaseAway(reason(error)) from error
    try:
        yield connection
    finally:
        await connection.close()


def _in_transaction(connection: Connection, work: Callable[[Connection], Result]) -> Result:
    return run_transaction(connection, work, lambda: _discard(connection))


def _in_reading(connection: Connection, work: Callable[[Connection], Result]) -> Result:
    try:
        return work(connection)
    except BaseException as error:
        if not is_trouble(error):
            raise
        _discard(connection)
        raise DatabaseAway(reason(error)) from error


def _end_silent_link(context: ExceptionContext) -> None:
    """Leave SQLAlchemy, which would end it in order, a link that has ended."""
    if context.connection is not None and isinstance(context.original_exception, OSError):
        _terminate(context.connection)


def _discard(connection: Connection) -> None:
    if not connection.invalidated:
        _terminate(connection)
        connection.invalidate()


def _terminate(connection: Connection) -> None:
    """End the link at once: an orderly end would wait for an answer."""
    driver = connection.connection.driver_connection
    assert driver is not None
    driver.terminate()


def _is_clash(error: BaseException | None) -> bool:
    state = getattr(getattr(error, "orig", None), "sqlstate", None)
    return state in CLASHES
