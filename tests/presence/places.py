"""Places: nodes that tell one another of their people, and what carries their notes."""

from collections.abc import Callable
from typing import Any

from presence.peers import Peers
from presence.tracker import PresenceChanging, Tracker
from presence.typing_signals import TypingSignals

Taken = Callable[[str, str | None, bytes], bool]


class Ring:
    """Nodes and what carries their notes. ``takes`` says which of these arrive."""

    def __init__(self, *names: str) -> None:
        self.now = 0.0
        self.takes: Taken = lambda *_: True
        self.silent: set[str] = set()
        self.nodes: dict[str, Place] = {}
        for name in names:
            self.add(name)

    def add(self, name: str) -> "Place":
        self.nodes[name] = made = Place(name, self)
        return made

    def carry(self, name: str, room: str | None, payload: bytes) -> None:
        for other, place in list(self.nodes.items()):
            if (
                other != name
                and not self.silent & {name, other}
                and self.takes(name, room, payload)
            ):
                place.peers.hear(name, payload, self.now)

    def look(self, seconds: float = 1.0) -> None:
        """Let so much time pass, each node looking once a second."""
        end = self.now + seconds
        while self.now < end:
            self.now += 1.0
            for place in list(self.nodes.values()):
                place.look()


class Place:
    """One node: its tracker, and what a client in each of its rooms was told."""

    def __init__(self, name: str, ring: Ring) -> None:
        self.tracker = Tracker()
        self.typing = TypingSignals()
        self.peers = Peers(
            self.tracker, self.typing, lambda payload, room: ring.carry(name, room, payload)
        )
        self.told: list[PresenceChanging] = []
        self.types: list[list[str]] = []
        self.is_cut_off = False
        self._ring = ring

    def look(self) -> None:
        self.peers.look(self._ring.now, self._ring.now, is_cut_off=self.is_cut_off)
        self.told += [change for _, change in self.tracker.changes(self._ring.now)]
        self.types += [change.people for _, change in self.typing.changes(self._ring.now)]

    def shown(self, room: str = "cardiology") -> dict[str, list[str]]:
        everybody = self.tracker.everybody(room)
        states = ("online", "away", "busy", "on_call")
        return {s: sorted(getattr(everybody, s)) for s in states if getattr(everybody, s)}

    def leave(self, person: str, device: Any, room: str = "cardiology") -> None:
        self.tracker.leave(room, person, device, self._ring.now)
        self.tracker.forget(person, device)
