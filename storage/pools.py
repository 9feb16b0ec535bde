"""Pools: PostgreSQL's connections, each call on them with a deadline.

A link that says nothing for longer than DEADLINE is cut rather than waited for: the driver's own
settings would wait for ever on one that is half open (measured).
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from sqlalchemy import event
from sqlalchemy.engine import ExceptionContext
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine
from sqlalchemy.pool import ConnectionPoolEntry

from storage.database import Connection, DatabaseAway, reason

DEADLINE = 1.5  # seconds a call; whoever waits is refused within two. docs/protocol.md, unavailable
STATEMENT_MARGIN = 0.2  # seconds
CONNECT_LIMIT = 1.5  # seconds
POOL_LIMIT = 10.0  # seconds to wait for a connection while the server answers: a storm takes some
KEEPALIVE = {"idle": 10, "interval": 5, "count": 3}  # seconds, seconds, probes without an answer
# Seconds in which a transaction may do nothing. That of a node that was cut off holds its rooms for all
# others, while the node itself has given up after DEADLINE.
IDLE_LIMIT = 3.0


class Pool:
    """Connections of one kind. Who waits for one waits here, and not in SQLAlchemy."""

    def __init__(self, engine: AsyncEngine, size: int) -> None:
        self._engine = engine
        self._turns = asyncio.Semaphore(size)
        self._idle: dict[Any, ConnectionPoolEntry] = {}
        event.listen(engine.sync_engine, "checkin", self._check_in)
        event.listen(engine.sync_engine, "checkout", lambda it, *_: self._idle.pop(it, None))

    def _check_in(self, connection: Any, entry: ConnectionPoolEntry) -> None:
        if connection is not None:  # one that was discarded comes back as nothing
            self._idle[connection] = entry

    @asynccontextmanager
    async def turn(self) -> AsyncIterator[None]:
        """Wait for a turn. Raises DatabaseAway after POOL_LIMIT."""
        try:
            async with asyncio.timeout(POOL_LIMIT):
                await self._turns.acquire()
        except TimeoutError:
            raise DatabaseAway("every connection is busy") from None
        try:
            yield
        finally:
            self._turns.release()

    @asynccontextmanager
    async def connection(self) -> AsyncIterator[AsyncConnection]:
        """Lend a connection to one who has a turn. Raises DatabaseAway where none can be made."""
        try:
            connection = await self._engine.connect()
        except (DBAPIError, OSError) as error:
            raise DatabaseAway(reason(error)) from error
        try:
            yield connection
        finally:
            await connection.close()

    def drop_idle(self) -> None:
        """Use none again that nobody uses just now: they led where a lost one led."""
        for idle, entry in self._idle.items():
            idle.driver_connection.terminate()
            entry.invalidate(soft=True)  # it is made anew by whoever takes it next
        self._idle.clear()

    async def close(self) -> None:
        """Close every connection."""
        await self._engine.dispose()


def make_engine(url: str, limit: float | None, isolation: str, connections: int) -> AsyncEngine:
    """Return an engine of so many connections; ``limit`` is the seconds of a call, None for no end.

    The URL is the driver's to read: it knows of TLS and of several hosts, as libpq writes them.
    """
    milliseconds = {
        # Less than the driver's limit: a lock that is not had must not look like a link that is lost.
        "statement_timeout": limit - STATEMENT_MARGIN if limit else 0,
        "idle_in_transaction_session_timeout": IDLE_LIMIT if limit else 0,
    }
    settings = {name: str(int(seconds * 1000)) for name, seconds in milliseconds.items()}
    settings |= {f"tcp_keepalives_{name}": str(value) for name, value in KEEPALIVE.items()}
    engine = create_async_engine(
        "postgresql+asyncpg://",
        isolation_level=isolation,
        pool_size=connections,
        max_overflow=0,
        hide_parameters=True,  # what was written stays out of errors, and so out of logs
        connect_args={
            "dsn": url,
            "timeout": CONNECT_LIMIT,
            "command_timeout": limit,
            "server_settings": {"application_name": "curbside", "jit": "off", **settings},
        },
    )
    event.listen(engine.sync_engine, "handle_error", _end_silent_link)
    return engine


def discard(connection: Connection) -> None:
    """Have a connection never used again."""
    if not connection.invalidated:
        _terminate(connection)
        connection.invalidate()


def _end_silent_link(context: ExceptionContext) -> None:
    """Leave SQLAlchemy, which would end it in order, a link that has ended."""
    if context.connection is not None and isinstance(context.original_exception, OSError):
        _terminate(context.connection)


def _terminate(connection: Connection) -> None:
    """End the link at once: an orderly end would wait for an answer."""
    driver = connection.connection.driver_connection
    assert driver is not None
    driver.terminate()
