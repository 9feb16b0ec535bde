"""The bus: carries what was committed to every node that has somebody in the room.

Delivery may be lost, doubled or out of order: numbers say so, and the hub fills holes from SQL.
"""

from collections.abc import Collection, Mapping, Sequence
from typing import Protocol

from chat.events import AsOf, Envelope


class Listener(Protocol):
    """What a node does with what its bus brings. No method blocks."""

    def deliver(self, envelopes: Sequence[Envelope]) -> None:
        """Deliver what was committed here."""

    def hear(self, room: str, as_of: AsOf, envelopes: Sequence[Envelope]) -> None:
        """Deliver what another node committed in a room."""

    def noted(self, node: str, note: bytes) -> None:
        """Take a note of another node's, which nobody keeps and nobody is told again."""

    def missed(self, rooms: Collection[str] | None) -> None:
        """Compare rooms with SQL, all where it is None: something of them may not have come."""


class Bus(Protocol):
    """The way from the writer to every hub."""

    @property
    def is_joined(self) -> bool:
        """Whether there may be other nodes, whose word comes a moment after their commit."""

    @property
    def is_degraded(self) -> bool:
        """Whether what other nodes say may not arrive for now."""

    def start(self, listener: Listener) -> None:
        """Begin to bring the listener what is published, here and elsewhere."""

    async def close(self) -> None:
        """Send what was published, as far as that takes no time, and end."""

    def follow(self, room: str) -> None:
        """Bring what others publish in a room. Once that is so, the room counts as missed."""

    def unfollow(self, room: str) -> None:
        """Bring what others publish in a room no longer."""

    def publish(self, envelopes: Sequence[Envelope], as_of: Mapping[str, AsOf]) -> None:
        """Deliver committed events here at once, and send them on, as of what holds in each room.

        Never blocks, and never raises for what the network does.
        """

    def say(self, note: bytes, room: str | None) -> None:
        """Send a note to the nodes that follow a room, or to all; neither blocks nor raises either."""


class MemoryBus:
    """The bus of a single process: what is published is delivered in the same turn of the loop."""

    is_joined = False
    is_degraded = False

    def start(self, listener: Listener) -> None:
        """Bring it what is published."""
        self._listener = listener

    async def close(self) -> None:
        """Nothing is under way."""

    def follow(self, room: str) -> None:
        """Nobody else publishes."""

    def unfollow(self, room: str) -> None:
        """Nobody else publishes."""

    def publish(self, envelopes: Sequence[Envelope], as_of: Mapping[str, AsOf]) -> None:
        """Deliver at once."""
        self._listener.deliver(envelopes)

    def say(self, note: bytes, room: str | None) -> None:
        """Nobody else hears."""
