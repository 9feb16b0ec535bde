"""Chores: what is done at its time rather than asked for.

``curbside work`` does them in a process of its own, a server without Redis beside its work. Any number
of processes may do the same one at the same time: each is written so that this changes nothing.
"""

import asyncio
import math
import time
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from functools import partial
from typing import NamedTuple

import structlog

from storage.credentials import Credentials
from storage.database import Database, DatabaseAway, FateUnknown
from web.jobs import run_jobs

ROWS_A_COMMIT = (
    500  # guessed: a commit of so many holds a server's writer up for a few milliseconds
)

log = structlog.get_logger(__name__)


class Chore(NamedTuple):
    """What is done every so many seconds. ``do`` returns what the log is told, or nothing."""

    name: str
    every: float
    do: Callable[[Database, float], Awaitable[dict[str, object]]]


async def forget_expired(database: Database, now: float) -> dict[str, object]:
    """Delete the sessions, tokens and one-time codes that have expired."""
    forgotten = 0
    while True:
        found = await database.transaction(
            lambda sql: Credentials(sql).forget_expired(now, limit=ROWS_A_COMMIT)
        )
        if not found:
            return {"forgotten": forgotten} if forgotten else {}
        forgotten += found


async def empty_journal(database: Database, _now: float) -> dict[str, object]:
    """Take what was removed out of the write-ahead log, where it stays until it is overwritten.

    A reader in the way puts it off until the next time; there is nothing to tell of.
    """
    await database.empty_journal()
    return {}


def all_chores(secret: bytes) -> tuple[Chore, ...]:
    """Return every chore. ``secret`` is the server's key, by which answers are kept."""
    return (
        Chore("run_jobs", 1.0, partial(run_jobs, secret=secret)),
        Chore("forget_expired", 600.0, forget_expired),
        # Measured: one commit of that time waits some 10 ms for it.
        Chore("empty_journal", 10.0, empty_journal),
    )


class Chores:
    """Does chores in turn, each at its time, the first time at once."""

    def __init__(
        self, database: Database, chores: Sequence[Chore], *,
        wall_time: Callable[[], float] = time.time,
    ) -> None:  # fmt: skip
        self._database = database
        self._wall_time = wall_time
        self._due = dict.fromkeys(chores, -math.inf)
        self._ended = asyncio.Event()

    async def run(self) -> None:
        """Do them until ``end``."""
        loop = asyncio.get_running_loop()
        while not self._ended.is_set():
            wait = await self.do_due(loop.time())
            with suppress(TimeoutError):
                async with asyncio.timeout(wait):
                    await self._ended.wait()

    def end(self) -> None:
        """Do no other after the one that is being done: jobs that were taken would be left waiting."""
        self._ended.set()

    async def do_due(self, now: float) -> float:
        """Do what is due at the loop's time ``now``; return how many seconds later the next is."""
        for chore, due in self._due.items():
            if due <= now and not self._ended.is_set():
                self._due[chore] = now + chore.every
                await self._do(chore)
        return min(self._due.values(), default=math.inf) - now

    async def _do(self, chore: Chore) -> None:
        """Do one; whatever goes wrong there ends no other, and it is done again at its next time."""
        try:
            done = await chore.do(self._database, self._wall_time())
        except (DatabaseAway, FateUnknown) as error:
            log.warning("chore failed", chore=chore.name, error=str(error))
        except Exception:
            log.exception("chore failed", chore=chore.name)
        else:
            if done:
                log.info("chore done", chore=chore.name, **done)
