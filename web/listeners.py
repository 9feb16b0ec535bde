"""Listeners: what a node does with what its bus brings, and with what the bus may have lost."""

import asyncio
from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING

import structlog

from chat.errors import Refusal
from chat.events import AsOf, Envelope

if TYPE_CHECKING:
    from web.curbside import Curbside

log = structlog.get_logger(__name__)


class NodeListener:
    """Delivers to the hub of one node, and has it compared with SQL by one task at a time."""

    def __init__(self, curbside: "Curbside") -> None:
        self._curbside = curbside
        self._unchecked: set[str] | None = set()  # None stands for every room
        self._checking: asyncio.Task[None] | None = None

    def deliver(self, envelopes: Sequence[Envelope]) -> None:
        """Deliver what was committed here."""
        self._curbside.hub.deliver(envelopes)

    def hear(self, room: str, as_of: AsOf, envelopes: Sequence[Envelope]) -> None:
        """Deliver what another node committed, unless the rights known here are older.

        Then, or where its numbers are others', nothing of it goes out before the newer are read, lest
        those who lost theirs are sent it: the comparison learns them with the head, dismisses, and
        delivers from SQL.
        """
        known = self._curbside.known_rights(room)
        if known is None or known.epoch != as_of.epoch or known.revision < as_of.revision:
            self._compare([room])
        else:
            self.deliver(envelopes)

    def noted(self, node: str, note: bytes) -> None:
        """Take in who is here by another node."""
        self._curbside.peers.hear(node, note, self._curbside.loop_time())

    def missed(self, rooms: Collection[str] | None) -> None:
        """Compare rooms with SQL, all where it is None, and ask the others who is there."""
        self._curbside.peers.ask(rooms)
        self._compare(rooms)

    def _compare(self, rooms: Collection[str] | None) -> None:
        """Compare after what is being compared."""
        if rooms is None or self._unchecked is None:
            self._unchecked = None
        else:
            self._unchecked.update(rooms)
        if self._checking is None:
            self._checking = asyncio.create_task(self._check(), name="missed")

    async def close(self) -> None:
        """End what is being compared."""
        if self._checking is not None:
            self._checking.cancel()
            await asyncio.gather(self._checking, return_exceptions=True)

    async def _check(self) -> None:
        """Compare until nothing is left. What fails is left to the head check."""
        try:
            while self._unchecked is None or self._unchecked:
                rooms, self._unchecked = self._unchecked, set()
                await self._curbside.hub.check(rooms)
        except Refusal as refusal:
            log.warning("not compared", code=refusal.code)
        except Exception:
            log.exception("not compared")
        finally:
            self._checking = None
