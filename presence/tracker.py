"""The tracker: who is in which room, on how many devices, and in which state.

Changes are gathered and told once a second a room. A person who leaves is told of only after a grace,
so that a reload or a restart shows nothing.
"""

from collections.abc import Hashable, Iterator
from typing import Literal

from msgspec import field

from chat.events import Signal

GRACE = 4.0  # seconds until a leave is told; a reload takes fewer
NAMED_LIMIT = 200  # people a signal names; docs/protocol.md, Signals

Shown = Literal["online", "away", "busy", "on_call"]
State = Literal["online", "away", "busy", "on_call", "invisible"]


class PresenceChanging(Signal, signal="presence.changing"):
    """Who is here in which state: what changed, or where ``full`` everybody, up to a limit.

    ``count`` is exact. A person named in no list of a full one is not here.
    """

    count: int
    online: list[str] = field(default_factory=list)
    away: list[str] = field(default_factory=list)
    busy: list[str] = field(default_factory=list)
    on_call: list[str] = field(default_factory=list)
    offline: list[str] = field(default_factory=list)
    full: bool = False


class Tracker:
    """Presence on one node, in memory."""

    def __init__(self) -> None:
        self._rooms: dict[str, _Room] = {}
        self._people: dict[str, _Person] = {}

    def enter(self, room: str, person: str, device: Hashable) -> None:
        """Note that a device of a person is in a room."""
        seen = self._people.setdefault(person, _Person())
        seen.devices.setdefault(device, False)
        seen.rooms[room] = seen.rooms.get(room, frozenset()) | {device}
        here = self._rooms.setdefault(room, _Room())
        here.people.add(person)
        here.leaving.pop(person, None)
        here.changed.add(person)

    def leave(self, room: str, person: str, device: Hashable, now: float) -> None:
        """Note that a device is in a room no longer. ``now`` is the loop's time."""
        seen = self._people.get(person)
        if seen is None or device not in seen.rooms.get(room, ()):
            return
        left = seen.rooms[room] - {device}
        if left:
            seen.rooms[room] = left
        else:
            del seen.rooms[room]
            here = self._rooms[room]
            here.people.discard(person)
            here.leaving[person] = now + GRACE

    def forget(self, person: str, device: Hashable) -> None:
        """Note that a device is gone, after it has left every room."""
        seen = self._people.get(person)
        if seen is not None and seen.devices.pop(device, None) is not None:
            self._touch(person)
            if not seen.devices and seen.chosen is None:
                del self._people[person]

    def set_state(self, person: str, device: Hashable | None, state: State) -> None:
        """Set a person's state: online and away belong to a device, the others to the person."""
        seen = self._people.setdefault(person, _Person())
        if state in ("online", "away"):
            devices = list(seen.devices) if device is None else [device]
            seen.devices.update(dict.fromkeys(devices, state == "away"))
        if state != "away":
            seen.chosen = None if state == "online" else state
        self._touch(person)
        if not seen.devices and seen.chosen is None:
            del self._people[person]

    def is_unseen(self, person: str) -> bool:
        """Return whether a person chose not to be seen."""
        seen = self._people.get(person)
        return seen is not None and seen.chosen == "invisible"

    def everybody(self, room: str) -> PresenceChanging:
        """Return all who are in a room, for one who enters."""
        here = self._rooms.setdefault(room, _Room())
        present = {**here.told}
        for person in here.changed:
            _put(present, person, self._shown(room, person))
        return _signal(present, count=len(present), full=True)

    def changes(self, now: float) -> Iterator[tuple[str, PresenceChanging]]:
        """Yield what changed in each room since the last call."""
        for room, here in list(self._rooms.items()):
            here.changed.update(person for person, at in here.leaving.items() if at <= now)
            if here.changed:
                changed = self._settle(room, here, now)
                if changed:
                    yield room, _signal(changed, count=len(here.told), full=False)
            if not here.people and not here.leaving and not here.changed:
                del self._rooms[room]

    def _settle(self, room: str, here: "_Room", now: float) -> dict[str, Shown | None]:
        changed: dict[str, Shown | None] = {}
        for person in list(here.changed):
            if len(changed) == NAMED_LIMIT:
                return changed  # the others are told with the next ones
            here.changed.discard(person)
            if here.leaving.get(person, 0.0) > now:
                continue
            here.leaving.pop(person, None)
            shown = self._shown(room, person)
            if shown != here.told.get(person):
                changed[person] = shown
                _put(here.told, person, shown)
        return changed

    def _shown(self, room: str, person: str) -> Shown | None:
        """Return the state that others see, None for one who is not there to them."""
        seen = self._people.get(person)
        leaving = person in self._rooms[room].leaving
        if seen is None or (room not in seen.rooms and not leaving) or seen.chosen == "invisible":
            return None
        if seen.chosen is not None:
            return seen.chosen
        return "away" if seen.devices and all(seen.devices.values()) else "online"

    def _touch(self, person: str) -> None:
        seen = self._people[person]
        for room in seen.rooms:
            self._rooms[room].changed.add(person)


class _Person:
    __slots__ = ("chosen", "devices", "rooms")

    def __init__(self) -> None:
        self.chosen: Literal["busy", "on_call", "invisible"] | None = None
        self.devices: dict[Hashable, bool] = {}
        self.rooms: dict[str, frozenset[Hashable]] = {}


class _Room:
    __slots__ = ("changed", "leaving", "people", "told")

    def __init__(self) -> None:
        self.people: set[str] = set()
        self.told: dict[str, Shown] = {}
        self.changed: set[str] = set()
        self.leaving: dict[str, float] = {}


def _put(present: dict[str, Shown], person: str, shown: Shown | None) -> None:
    if shown is None:
        present.pop(person, None)
    else:
        present[person] = shown


def _signal(
    people: "dict[str, Shown] | dict[str, Shown | None]", *, count: int, full: bool
) -> PresenceChanging:
    lists: dict[str, list[str]] = {}
    for person, shown in list(people.items())[:NAMED_LIMIT]:
        lists.setdefault(shown or "offline", []).append(person)
    return PresenceChanging(count=count, full=full, **lists)
