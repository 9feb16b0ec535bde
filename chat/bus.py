"""The bus: carries what was committed to every node that has somebody in the room.

Delivery may be lost, doubled or out of order: numbers say so, and the hub fills holes from SQL.
"""

from collections.abc import Callable, Sequence
from typing import Protocol

from chat.events import Envelope

Deliver = Callable[[Sequence[Envelope]], None]


class Bus(Protocol):
    """The way from the writer to every hub."""

    def publish(self, envelopes: Sequence[Envelope]) -> None:
        """Send committed events on. Never blocks, and never raises for what the network does."""


class MemoryBus:
    """The bus of a single process: what is published is delivered in the same turn of the loop."""

    def __init__(self, deliver: Deliver) -> None:
        self._deliver = deliver

    def publish(self, envelopes: Sequence[Envelope]) -> None:
        """Deliver at once."""
        self._deliver(envelopes)
