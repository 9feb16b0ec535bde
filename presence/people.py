"""People: what is known of one who is here, on which devices, and what they chose to show.

Another node by which somebody is here counts as one of their devices.
"""

from collections.abc import Hashable
from typing import Literal, NamedTuple

Shown = Literal["online", "away", "busy", "on_call"]
State = Literal["online", "away", "busy", "on_call", "invisible"]


class Node(NamedTuple):
    """Another node, as the device by which its people are here."""

    id: str


class Chosen(NamedTuple):
    """The state that a person chose, None for none, and when: seconds since 1970 UTC."""

    state: Literal["busy", "on_call", "invisible"] | None = None
    at: float = 0.0


class Person:
    """One person. ``devices`` says of each whether it is away, ``rooms`` which of them are in it."""

    __slots__ = ("chosen", "devices", "rooms")

    def __init__(self) -> None:
        self.chosen = Chosen()
        self.devices: dict[Hashable, bool] = {}
        self.rooms: dict[str, frozenset[Hashable]] = {}

    @property
    def is_unknown(self) -> bool:
        """Return whether nothing is known that would not be so of anybody."""
        return not self.devices and self.chosen == Chosen()

    def shown(self) -> Shown | None:
        """Return the state that others see, None for one who is not to be seen."""
        if self.chosen.state == "invisible":
            return None
        if self.chosen.state is not None:
            return self.chosen.state
        devices = self._entered()
        return "away" if devices and all(self.devices[each] for each in devices) else "online"

    def own(self) -> list[Hashable]:
        """Return the devices that are connected to this node."""
        return [device for device in self.devices if not isinstance(device, Node)]

    def is_away_in(self, room: str) -> bool | None:
        """Return whether all of this node's devices are away, or None where none is in the room.

        Who is not to be seen is not there for other nodes either, whatever of it they have heard.
        """
        if self.chosen.state == "invisible":
            return None
        if all(isinstance(device, Node) for device in self.rooms.get(room, ())):
            return None
        own = (device for device in self._entered() if not isinstance(device, Node))
        return all(self.devices[device] for device in own)

    def _entered(self) -> set[Hashable]:
        """Return the devices that are in any room: of others no other node can know."""
        return set().union(*self.rooms.values())
