"""The hub: every room that somebody on this node is in, or was in lately.

One rule delivers an event, whether it comes from this process, from the bus or from SQL: the next
number is delivered, a lower one dropped, a higher one held until SQL has filled the hole.
"""

import asyncio
from collections import Counter, OrderedDict
from collections.abc import Awaitable, Callable, Collection, Iterable, Sequence

import structlog

from chat.bus import Bus
from chat.commits import Commits
from chat.comparisons import Comparisons
from chat.errors import Close, Refusal
from chat.events import Envelope, is_own_room
from chat.live_rooms import LiveRoom, Tally
from chat.pages import After, Pages
from chat.replays import Replays
from chat.rings import Entry

HELD_LIMIT = 64  # events held beyond a hole; more are left to SQL
HEADS_AT_ONCE = 500  # rooms whose heads one read compares; guessed
IDLE_ROOMS = 256  # rooms kept with nobody in them, for those who come back; guessed
RINGS_LIMIT = 64 * 1024 * 1024  # bytes of event data in all rings; guessed: 250 rooms' full ones

log = structlog.get_logger(__name__)

Heads = Callable[[Sequence[str]], Awaitable[dict[str, tuple[str, int]]]]


class Hub:
    """Delivers to live rooms. ``heads`` and ``after`` read epochs, heads and events from SQL.

    A room is followed on ``bus`` for as long as it is live; large ones let ``commits`` by.
    """

    def __init__(self, heads: Heads, after: After, bus: Bus, commits: Commits) -> None:
        self._heads = heads
        self._bus = bus
        self._commits = commits
        self._pages = Pages(after)
        self.tally = Tally()
        self._replays = Replays(self._pages, self.tally)
        self._rooms: OrderedDict[str, LiveRoom] = OrderedDict()
        self._opening: dict[str, asyncio.Future[LiveRoom | None]] = {}
        self._held: Counter[str] = Counter()
        self._comparisons = Comparisons(self._bring_up_to_date)
        self._healing: dict[str, asyncio.Task[None]] = {}
        self._ring_bytes = 0
        self._forget_at = IDLE_ROOMS
        self.voidings = 0
        """How often content had to go: a read that spans a change of this is done again. What only
        replaces older news of one's own (a read marker) does not count."""

    @property
    def rooms_live(self) -> int:
        """How many rooms somebody is in here, or was lately."""
        return len(self._rooms)

    @property
    def ring_bytes(self) -> int:
        """How much event data all rings hold."""
        return self._ring_bytes

    async def open(self, room: str) -> LiveRoom | None:
        """Return the live room, or None where there is no such room.

        It stays for whoever opened it, seated or not yet, until they ``release`` it.
        """
        self._held[room] += 1
        live = self._rooms.get(room)
        if live is not None and live.is_open:
            self._rooms.move_to_end(room)
            return live
        opening = self._opening.get(room)
        if opening is None:
            opening = self._opening[room] = asyncio.ensure_future(self._open(room))
        return await asyncio.shield(opening)

    def release(self, room: str) -> None:
        """Hold a room no longer that was opened."""
        self._held[room] -= 1
        if not self._held[room]:
            del self._held[room]

    async def _open(self, room: str) -> LiveRoom | None:
        # Entered before its head is read, so that what is committed meanwhile is held and not missed.
        live = self._rooms[room] = LiveRoom(room, self._replays.add, self.tally, self._commits)
        self._bus.follow(room)
        try:
            found = (await self._heads([room])).get(room)
            if found is not None:
                live.begin(*found)
        finally:
            del self._opening[room]
            if not live.is_open:
                self._discard(live)
        if not live.is_open:
            return None
        self._take_held(live)
        self._forget_idle()
        return live

    def deliver(self, envelopes: Iterable[Envelope]) -> None:
        """Deliver events to those who are in their rooms."""
        for envelope in envelopes:
            self._void(envelope)
            live = self._rooms.get(envelope.room)
            if live is not None:
                self._take(live, envelope)

    def _void(self, envelope: Envelope) -> None:
        """Take away what an event voids, at once: its own turn may have to wait for others."""
        subject, before = envelope.voids, envelope.seq
        if subject is None:
            return
        if not is_own_room(envelope.room):
            self.voidings += 1
        self._pages.void(envelope.room, subject, before)
        live = self._rooms.get(envelope.room)
        if live is not None:
            live.void(subject, before)
            self._weigh(live)

    def _take(self, live: LiveRoom, envelope: Envelope) -> None:
        if live.is_open and envelope.seq == live.position + 1:
            self._append(live, Entry(envelope))
            self._take_held(live)
        elif envelope.seq > live.position:
            if len(live.held) < HELD_LIMIT:
                live.held[envelope.seq] = Entry(envelope)
            if live.is_open:
                self._heal(live)

    def _append(self, live: LiveRoom, entry: Entry) -> None:
        live.append(entry)
        self._weigh(live)
        if self._ring_bytes > RINGS_LIMIT:
            self._shrink()

    def _weigh(self, live: LiveRoom) -> None:
        if self._rooms.get(live.id) is not live:
            return  # forgotten while a hole in it was filled
        self._ring_bytes += live.ring.bytes - live.weighed
        live.weighed = live.ring.bytes

    def _take_held(self, live: LiveRoom) -> None:
        while (entry := live.held.pop(live.position + 1, None)) is not None:
            self._append(live, entry)
        if live.held:
            live.held = {seq: held for seq, held in live.held.items() if seq > live.position}

    def _heal(self, live: LiveRoom) -> None:
        if live.id not in self._healing:
            task = asyncio.create_task(self._fill(live), name=f"fill {live.id}")
            self._healing[live.id] = task
            self.tally.heals += 1
            task.add_done_callback(lambda _: self._healing.pop(live.id, None))

    async def _fill(self, live: LiveRoom) -> None:
        """Deliver from SQL whatever lies above the room's position."""
        try:
            moves = True
            while moves:
                moves = await self._fill_from_page(live)
        except Refusal as refusal:  # the next event or head check begins again
            log.warning("hole not filled", room=live.id, code=refusal.code)

    async def _fill_from_page(self, live: LiveRoom) -> bool:
        """Return whether SQL had what comes next: above a hole of its own, reading on is of no use."""
        entries = await self._pages.after(live.id, live.position)
        position = live.position
        for entry in entries:
            if entry.envelope.seq == live.position + 1:
                self._void(entry.envelope)
                self._append(live, entry)
                self.tally.healed += 1
        self._take_held(live)
        return live.position > position

    async def check(self, rooms: Collection[str] | None = None) -> None:
        """Compare rooms with SQL, all where none are named.

        Fills what is missing, and drops rooms with another numbering. What is being opened opens
        first: its head may have been read before whatever was missed.
        """
        opening = [task for room, task in self._opening.items() if rooms is None or room in rooms]
        if opening:
            await asyncio.wait(opening)
        for live, was_at, (epoch, head) in await self._compare(
            self._rooms if rooms is None else rooms
        ):
            if epoch != live.epoch or head < was_at:  # restored, or a replica that was behind
                self._restart(live)
            elif head > live.position:
                self._heal(live)

    async def _compare(self, rooms: Iterable[str]) -> list[tuple[LiveRoom, int, tuple[str, int]]]:
        """Return rooms, where each was before its head was read, and what SQL has of it."""
        found = [live for room in rooms if (live := self._rooms.get(room)) and live.is_open]
        compared = []
        for start in range(0, len(found), HEADS_AT_ONCE):
            page = [(live, live.position) for live in found[start : start + HEADS_AT_ONCE]]
            heads = await self._heads([live.id for live, _ in page])
            compared += [(live, was_at, heads.get(live.id, ("", 0))) for live, was_at in page]
        return compared

    async def catch_up(self, room: str) -> None:
        """Return once a room has all that was committed anywhere before this call. Raises Refusal.

        Then what had to go is gone from its ring, though the word of that was lost on its way here.
        """
        await self._comparisons.from_now(room)

    async def _bring_up_to_date(self, room: str) -> None:
        await self.check([room])
        if healing := self._healing.get(room):
            await asyncio.wait([healing])

    def _restart(self, live: LiveRoom) -> None:
        for connection in list(live.seats):
            connection.close(Close.NOT_CONTINUOUS, "the room was numbered anew")
        self._discard(live)

    def _forget_idle(self) -> None:
        if len(self._rooms) < self._forget_at:
            return
        idle = [live for live in self._rooms.values() if live.is_open and self._is_idle(live)]
        for live in idle[: max(0, len(idle) - IDLE_ROOMS)]:
            self._discard(live)
        # Only so often: a scan of all rooms at each opening would make a storm of them quadratic.
        self._forget_at = len(self._rooms) + IDLE_ROOMS

    def _is_idle(self, live: LiveRoom) -> bool:
        return not live.seats and live.id not in self._held and live.id not in self._healing

    def _discard(self, live: LiveRoom) -> None:
        if self._rooms.get(live.id) is live:
            del self._rooms[live.id]
            self._ring_bytes -= live.weighed
            self._bus.unfollow(live.id)

    def _shrink(self) -> None:
        for live in self._rooms.values():
            live.ring.clear()
            self._weigh(live)
            if self._ring_bytes <= RINGS_LIMIT // 2:
                break

    def find(self, room: str) -> LiveRoom | None:
        """Return a room that is live here."""
        return self._rooms.get(room)

    async def close(self) -> None:
        """End what is being read."""
        await self._comparisons.close()
        for task in list(self._healing.values()):
            task.cancel()
        await asyncio.gather(*self._healing.values(), return_exceptions=True)
        await self._replays.close()
