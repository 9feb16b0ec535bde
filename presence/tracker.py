"""The tracker: who is in which room, on how many devices, and in which state.

Changes are gathered and told once a second a room. A person who leaves is told of only after a grace,
so that a reload or a restart shows nothing.
"""

from collections.abc import Hashable, Iterator
from itertools import islice

from msgspec import field

from chat.events import Signal
from presence.people import Chosen, Node, Person, Shown, State

GRACE = 4.0  # seconds until a leave is told; a reload takes fewer
NAMED_LIMIT = 200  # people a signal names; docs/protocol.md, Signals

Moves = dict[str, dict[str, bool | None]]
"""By room and person: whether they are away, or None for one who is not there."""


class PresenceChanging(Signal, signal="presence.changing"):
    """Who is here in which state: what changed, or where ``full`` everybody, up to a limit.

    ``count`` is exact. A person named in no list of a full one is not here. ``stale`` says that other
    nodes are not heard for now, and their people shown as they were.
    """

    count: int
    online: list[str] = field(default_factory=list)
    away: list[str] = field(default_factory=list)
    busy: list[str] = field(default_factory=list)
    on_call: list[str] = field(default_factory=list)
    offline: list[str] = field(default_factory=list)
    full: bool = False
    stale: bool = False


class Tracker:
    """Presence as one node knows it, in memory."""

    def __init__(self) -> None:
        self._rooms: dict[str, _Room] = {}
        self._people: dict[str, Person] = {}
        self._moved: set[tuple[str, str]] = set()
        self._chose: dict[str, Chosen] = {}
        self._is_stale = False
        self._told_stale = False

    def enter(self, room: str, person: str, device: Hashable) -> None:
        """Note that a device of a person is in a room."""
        seen = self._people.setdefault(person, Person())
        seen.devices.setdefault(device, False)
        seen.rooms[room] = seen.rooms.get(room, frozenset()) | {device}
        here = self._rooms.setdefault(room, _Room())
        here.people.add(person)
        here.leaving.pop(person, None)
        here.touch(person)
        self._note_move(room, person, device)

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
        self._note_move(room, person, device)

    def forget(self, person: str, device: Hashable) -> None:
        """Note that a device is gone, after it has left every room."""
        seen = self._people.get(person)
        if seen is not None and seen.devices.pop(device, None) is not None:
            self._touch(person, device)

    def set_state(
        self, person: str, device: Hashable | None, state: State, at: float = 0.0
    ) -> None:
        """Set a person's state: online and away belong to a device, the others to the person.

        ``at`` is when, seconds since 1970 UTC: of what is chosen on two nodes the later counts.
        """
        seen = self._people.setdefault(person, Person())
        if state == "online" or state == "away":  # mypy narrows by these
            devices = seen.own() if device is None else [device]
            seen.devices.update(dict.fromkeys(devices, state == "away"))
            if state == "online" and seen.chosen.state is not None:
                self._choose(person, Chosen(None, at))
        elif state != seen.chosen.state:
            self._choose(person, Chosen(state, at))
        self._touch(person, device)

    def place(self, room: str, person: str, node: Node, *, is_away: bool) -> None:
        """Note that a person is in a room by another node."""
        self.enter(room, person, node)
        self._people[person].devices[node] = is_away
        self._touch(person, node)

    def choose(self, person: str, chosen: Chosen) -> None:
        """Take over what a person chose on another node, unless they have chosen since."""
        seen = self._people.setdefault(person, Person())
        if chosen.at > seen.chosen.at:
            seen.chosen = chosen
        self._touch(person, None)

    def is_unseen(self, person: str) -> bool:
        """Return whether a person chose not to be seen."""
        seen = self._people.get(person)
        return seen is not None and seen.chosen.state == "invisible"

    def own(self, room: str) -> dict[str, bool]:
        """Return who is in a room by a device of this node, and whether they are away."""
        people = self._rooms[room].people if room in self._rooms else ()
        found = {person: self._people[person].is_away_in(room) for person in people}
        return {person: is_away for person, is_away in found.items() if is_away is not None}

    def count(self) -> int:
        """Return how many people are in any room, by a device of whichever node."""
        return sum(1 for seen in self._people.values() if seen.rooms)

    def rooms(self) -> set[str]:
        """Return the rooms in which anybody is."""
        return {room for room, here in self._rooms.items() if here.people}

    def chosen(self) -> dict[str, Chosen]:
        """Return what everybody chose, and who took their choice back of late."""
        people = self._people.items()
        return {person: seen.chosen for person, seen in people if seen.chosen != Chosen()}

    def forget_choices(self, before: float) -> None:
        """Forget who took their choice back before a time, in seconds since 1970 UTC."""
        for person, seen in list(self._people.items()):
            if seen.chosen.state is None and 0 < seen.chosen.at < before:
                seen.chosen = Chosen()
                if seen.is_unknown:
                    del self._people[person]

    def moves(self) -> Moves:
        """Return who came, went, or turned away or back on this node since the last call."""
        moves: Moves = {}
        for room, person in self._moved:
            seen = self._people.get(person)
            moves.setdefault(room, {})[person] = seen.is_away_in(room) if seen else None
        self._moved.clear()
        return moves

    def choices(self) -> dict[str, Chosen]:
        """Return what was chosen on this node since the last call."""
        choices, self._chose = self._chose, {}
        return choices

    def set_stale(self, is_stale: bool) -> None:
        """Note whether other nodes are not heard for now."""
        self._is_stale = is_stale

    def everybody(self, room: str) -> PresenceChanging:
        """Return all who are in a room, for one who enters."""
        here = self._rooms.setdefault(room, _Room())
        for person in list(here.unlisted):
            here.list(person, self._shown(room, person))
        return self._signal(here.listed, count=len(here.listed), full=True)

    def changes(self, now: float) -> Iterator[tuple[str, PresenceChanging]]:
        """Yield what changed in each room since the last call; all of it where its worth did."""
        tells_all, self._told_stale = self._told_stale != self._is_stale, self._is_stale
        for room, here in list(self._rooms.items()):
            for person in [person for person, at in here.leaving.items() if at <= now]:
                here.touch(person)
            changed = self._settle(room, here, now) if here.changed else {}
            if tells_all:
                yield room, self.everybody(room)
            elif changed:
                yield room, self._signal(changed, count=len(here.told), full=False)
            if not here.people and not here.leaving and not here.changed:
                del self._rooms[room]

    def _settle(self, room: str, here: "_Room", now: float) -> dict[str, Shown | None]:
        changed: dict[str, Shown | None] = {}
        for person in list(here.changed):
            if len(changed) == NAMED_LIMIT:
                return changed  # the others are told with the next ones
            here.changed.discard(person)
            if here.leaving.get(person, 0.0) <= now:
                here.leaving.pop(person, None)
                shown = self._shown(room, person)
                if shown != here.told.get(person):
                    changed[person] = shown
                    _put(here.told, person, shown)
            here.list(person, here.told.get(person))
        return changed

    def _shown(self, room: str, person: str) -> Shown | None:
        """Return the state that others see, None for one who is not there to them."""
        seen = self._people.get(person)
        if seen is None or (room not in seen.rooms and person not in self._rooms[room].leaving):
            return None
        return seen.shown()

    def _choose(self, person: str, chosen: Chosen) -> None:
        """Have a choice be later than any that was heard of, whatever another node's clock says."""
        seen = self._people[person]
        chosen = chosen._replace(at=max(chosen.at, seen.chosen.at + 0.001))
        seen.chosen = self._chose[person] = chosen

    def _touch(self, person: str, device: Hashable | None) -> None:
        """Look at a person anew in every room, and keep nothing of one of whom nothing is known."""
        seen = self._people[person]
        for room in seen.rooms:
            self._rooms[room].touch(person)
            self._note_move(room, person, device)
        if seen.is_unknown:
            del self._people[person]

    def _note_move(self, room: str, person: str, device: Hashable | None) -> None:
        if not isinstance(device, Node):
            self._moved.add((room, person))

    def _signal(
        self, people: "dict[str, Shown] | dict[str, Shown | None]", *, count: int, full: bool
    ) -> PresenceChanging:
        lists: dict[str, list[str]] = {}
        for person, shown in islice(people.items(), NAMED_LIMIT):
            lists.setdefault(shown or "offline", []).append(person)
        return PresenceChanging(count=count, full=full, stale=self._is_stale, **lists)


class _Room:
    """One room. ``told`` is how the others were told that people are, ``listed`` how they are.

    A listing costs by who ``changed`` since the last one, not by how many are here: a thousand who come
    back at once are each given one.
    """

    __slots__ = ("changed", "leaving", "listed", "people", "told", "unlisted")

    def __init__(self) -> None:
        self.people: set[str] = set()
        self.told: dict[str, Shown] = {}
        self.changed: set[str] = set()
        self.listed: dict[str, Shown] = {}
        self.unlisted: set[str] = set()
        self.leaving: dict[str, float] = {}

    def touch(self, person: str) -> None:
        """Note that a person has to be looked at anew."""
        self.changed.add(person)
        self.unlisted.add(person)

    def list(self, person: str, shown: Shown | None) -> None:
        """Note how a person is."""
        self.unlisted.discard(person)
        _put(self.listed, person, shown)


def _put(present: dict[str, Shown], person: str, shown: Shown | None) -> None:
    if shown is None:
        present.pop(person, None)
    else:
        present[person] = shown
