"""Peers: what this node tells the others of who is here, and what it makes of what they tell.

Nothing of it is kept anywhere. Each node says what changed, all of it again in a while, and every
few seconds that it is alive; one that says nothing for longer takes its people with it.
"""

from collections.abc import Callable, Collection

import msgspec
import structlog

from presence.notes import Alive, Chose, Gone, Here, Note, Types, Who
from presence.people import Node
from presence.tracker import Tracker
from presence.typing_signals import TypingSignals

ALIVE_EVERY = 3.0  # seconds
LEASE = 9.0  # seconds; with a look a second and the tracker's grace, gone within 15 of a kill
REFRESH_LOOKS = 20  # looks, one a second, until a room is told whole again, whatever was lost
CHOICE_KEPT = 3_600.0  # seconds that a choice taken back is told, so that no older one returns
ROOM_LEASE = 50.0  # seconds without being told whole, twice and more: the last word was lost

Say = Callable[[bytes, str | None], None]
"""Sends a note to the nodes that have a room, or to all of them."""

log = structlog.get_logger(__name__)


class _Peer:
    """Another node: when it was heard; who of its own is in which room, and when it told all of one."""

    def __init__(self) -> None:
        self.heard = 0.0
        self.rooms: dict[str, set[str]] = {}
        self.told: dict[str, float] = {}


class Peers:
    """The other nodes, whose people it brings into this node's tracker. ``now`` is the loop's time."""

    def __init__(self, tracker: Tracker, typing: TypingSignals, say: Say) -> None:
        self._tracker = tracker
        self._typing = typing
        self._say = say
        self._peers: dict[str, _Peer] = {}
        self._decoder = msgspec.msgpack.Decoder(Note)
        self._looks = 0
        self._looked_at = self._alive_at = float("-inf")
        self._wanted: set[str] = set()
        self._wants_all = True
        self._is_asked_all = False

    def look(self, now: float, at: float, *, is_cut_off: bool) -> None:
        """Once a second: tell what is to be told, and forget whoever was silent for too long.

        ``at`` is the time in seconds since 1970 UTC. While this node ``is_cut_off`` from the others
        nobody is forgotten, and what is shown is stale.
        """
        self._tracker.set_stale(is_cut_off)
        if is_cut_off or now - self._looked_at > ALIVE_EVERY:
            self._excuse(now)  # it was this node that did not hear
        self._looked_at = now
        self._looks += 1
        self._forget_silent(now)
        self._tell_alive(now)
        self._tell_choices(at)
        self._tell_people()
        for room, people in self._typing.news().items():
            self._tell(Types(room, people), room)

    def ask(self, rooms: Collection[str] | None) -> None:
        """Have the others tell who is in rooms, or where it is None all, at the next look."""
        if rooms is None:
            self._wants_all = True
        for room in rooms or ():
            self._tell(Who(room), room)

    def leave(self) -> None:
        """Tell the others that this node ends."""
        self._tell(Gone(), None)

    def hear(self, node: str, payload: bytes, now: float) -> None:
        """Take in what another node says; what this version cannot read changes nothing."""
        try:
            note = self._decoder.decode(payload)
        except msgspec.MsgspecError:
            log.warning("note undecodable", node=node)
            return
        if isinstance(note, Gone):
            self._forget(node, now)
            return
        if node not in self._peers:
            self._peers[node] = _Peer()
            self._wants_all = True
        self._peers[node].heard = now
        self._take(node, note, now)

    def _take(self, node: str, note: Note, now: float) -> None:
        match note:
            case Alive(new=True):
                self._is_asked_all = True
            case Who(room):
                self._wanted.add(room)
            case Here():
                self._seat(node, note, now)
            case Chose(people):
                for person, chosen in people.items():
                    self._tracker.choose(person, chosen)
            case Types(room, people):
                self._typing.take_over(room, people, now)

    def _seat(self, node: str, here: Here, now: float) -> None:
        """Have people enter by their node as by a device of theirs, or leave."""
        peer = self._peers[node]
        seated = peer.rooms.setdefault(here.room, set())
        gone = seated - here.people.keys() if here.whole else set()
        if here.whole:
            peer.told[here.room] = now
        peer.told.setdefault(here.room, now)
        for person, is_away in here.people.items():
            if is_away is None:
                gone.add(person)
            else:
                self._tracker.place(here.room, person, Node(node), is_away=is_away)
                seated.add(person)
        self._unseat(node, here.room, gone & seated, now)

    def _unseat(self, node: str, room: str, people: set[str], now: float) -> None:
        peer = self._peers[node]
        peer.rooms[room] -= people
        if not peer.rooms[room]:
            del peer.rooms[room], peer.told[room]
        for person in people:
            self._tracker.leave(room, person, Node(node), now)
            if not any(person in others for others in peer.rooms.values()):
                self._tracker.forget(person, Node(node))

    def _forget_silent(self, now: float) -> None:
        for node, peer in list(self._peers.items()):
            if now - peer.heard > LEASE:
                self._forget(node, now)
            for room in [room for room, at in peer.told.items() if now - at > ROOM_LEASE]:
                self._unseat(node, room, peer.rooms[room].copy(), now)

    def _forget(self, node: str, now: float) -> None:
        peer = self._peers.get(node)
        if peer is not None:
            for room, people in list(peer.rooms.items()):
                self._unseat(node, room, people.copy(), now)
            del self._peers[node]

    def _excuse(self, now: float) -> None:
        for peer in self._peers.values():
            peer.heard = now
            peer.told = dict.fromkeys(peer.told, now)

    def _tell_alive(self, now: float) -> None:
        if self._wants_all or now - self._alive_at >= ALIVE_EVERY:
            self._tell(Alive(new=self._wants_all), None)
            self._alive_at, self._wants_all = now, False

    def _tell_choices(self, at: float) -> None:
        choices = self._tracker.choices()
        if self._is_asked_all or self._looks % REFRESH_LOOKS == 0:
            self._tracker.forget_choices(at - CHOICE_KEPT)
            choices |= self._tracker.chosen()
        if choices:
            self._tell(Chose(choices), None)

    def _tell_people(self) -> None:
        whole = self._to_be_told_whole()
        for room in whole:
            self._tell(Here(room, dict(self._tracker.own(room)), whole=True), room)
        for room, people in self._tracker.moves().items():
            if room not in whole:
                self._tell(Here(room, people), room)
        self._wanted, self._is_asked_all = set(), False

    def _to_be_told_whole(self) -> set[str]:
        """Return the rooms that somebody asked for, and those whose turn it is."""
        rooms, turn = self._tracker.rooms(), self._looks % REFRESH_LOOKS
        if self._is_asked_all:
            return rooms
        return {
            room for room in rooms if room in self._wanted or hash(room) % REFRESH_LOOKS == turn
        }

    def _tell(self, note: Note, room: str | None) -> None:
        self._say(msgspec.msgpack.encode(note), room)
