"""Seeded: the real program with one thing wrong in it, by which the checker is checked.

A server that a test starts may be given one of FAULTS. Nothing here is in the product.
"""

import asyncio
import random
import sys
import time
from collections.abc import Callable
from typing import Any

from chat.live_rooms import LiveRoom, Seat
from chat.redis_bus import Message, RedisBus
from chat.writer import Ask, Writer
from rooms.batches import Batch
from storage import rooms
from storage.answers import Answers
from storage.sqlite import SqliteDatabase
from storage.statements import PreparedSelect
from web.connections import Connections
from web.listeners import NodeListener
from web.watches import Watches

COMMIT_AFTER = 0.1  # seconds, of the commit that is answered before it is made
NOISE = 0.05  # of all bus messages, those lost, and as many twice, and as many late
LATE = 0.1  # seconds, at the most, of a bus message that others overtake


def answers_before_commit() -> None:
    """Answer what a transaction decided, then commit it, on SQLite."""
    commit = SqliteDatabase.transaction

    async def transaction(self: Any, work: Callable[[Any], Any], **more: Any) -> Any:
        loop = asyncio.get_running_loop()
        decided: asyncio.Future[Any] = loop.create_future()

        def decide(connection: Any) -> Any:
            result = work(connection)
            loop.call_soon_threadsafe(decided.set_result, result)
            time.sleep(COMMIT_AFTER)
            return result

        committing = asyncio.ensure_future(commit(self, decide, **more))
        await asyncio.wait([decided, committing], return_when=asyncio.FIRST_COMPLETED)
        return decided.result() if decided.done() else committing.result()

    _replace(SqliteDatabase, "transaction", transaction)


def forgets_cids() -> None:
    """Store a write as often as it is said."""
    _replace(Batch, "_answer_to", lambda self, write, searching: None)
    _replace(Answers, "keep", lambda self, rows: None)


def skips_on_resume() -> None:
    """Leave out the first event that a client missed."""
    seat = LiveRoom.seat

    def skip(self: LiveRoom, who: Seat, cursor: int) -> None:
        seat(self, who, min(cursor + 1, self.flushed))

    _replace(LiveRoom, "seat", skip)


def numbers_without_lock() -> None:
    """Take numbers from heads that another node may be about to move."""
    named = rooms._NAMED
    _replace(rooms, "_LOCK_FREE", PreparedSelect(named, of="ids"))
    _replace(rooms, "_LOCK", PreparedSelect(named, of="ids"))


def takes_the_last_first() -> None:
    """Decide what came last before what came first."""

    def put(self: Any, ask: Ask) -> None:
        ask.since = asyncio.get_running_loop().time()
        self._queue.appendleft(ask)
        asyncio.get_running_loop().call_later(LATE, self._woken.set)

    _replace(Writer, "put", put)


def keeps_streams() -> None:
    """Go on sending to those who are no members any more."""
    _replace(Connections, "dismiss", lambda self, rights: None)


def hears_nothing() -> None:
    """Learn of another node's events by nothing at all."""

    async def look(self: Watches) -> None:
        """Compare nothing with SQL."""

    _replace(RedisBus, "_hear", lambda self, message: None)
    _replace(NodeListener, "missed", lambda self, rooms: None)
    _replace(Watches, "_check_heads", look)


def noisy_bus() -> None:
    """Lose some of what other nodes say, hear some of it twice, and some late: no fault at all."""
    hear, dice = RedisBus._hear, random.Random(5)

    def mishear(self: RedisBus, message: Message) -> None:
        roll = dice.random() / NOISE
        if roll < 3:
            print("misheard", message.room, file=sys.stderr)  # noqa: T201  # a test counts these
        if roll < 1:
            return
        if 1 <= roll < 2:
            hear(self, message)
        if 2 <= roll < 3:
            later = asyncio.get_running_loop().call_later
            later(dice.random() * LATE, hear, self, message)
        else:
            hear(self, message)

    _replace(RedisBus, "_hear", mishear)


FAULTS: dict[str, Callable[[], None]] = {
    fault.__name__: fault
    for fault in (
        answers_before_commit, forgets_cids, skips_on_resume, numbers_without_lock,
        takes_the_last_first, keeps_streams, hears_nothing, noisy_bus,
    )
}  # fmt: skip


def _replace(where: Any, name: str, what: Any) -> None:
    """Put something else in place of what the product has, which must have it."""
    assert hasattr(where, name), f"{where} has no {name} any more"
    setattr(where, name, what)
