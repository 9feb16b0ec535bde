"""What the hub does where something is missing, and how much it keeps."""

import asyncio
from collections.abc import Sequence

import msgspec
import pytest

from chat.bus import MemoryBus
from chat.commits import Commits
from chat.errors import Unavailable
from chat.events import Envelope
from chat.hub import HELD_LIMIT, Hub
from chat.live_rooms import LiveRoom
from tests.waiting import until

TEXT_BYTES = 1_000


class FollowingBus(MemoryBus):
    """A bus that keeps what is followed."""

    def __init__(self) -> None:
        self.followed: list[str] = []

    def follow(self, room: str) -> None:
        self.followed.append(room)

    def unfollow(self, room: str) -> None:
        self.followed.remove(room)


class Log:
    """What SQL has: the events of rooms, by number, and how often they were read."""

    def __init__(self) -> None:
        self.rows: dict[str, dict[int, Envelope]] = {}
        self.reads = 0
        self.compared: list[list[str]] = []
        self.is_away = False
        self.unhurried = asyncio.Event()
        self.unhurried.set()
        self.bus = FollowingBus()
        self.hub = Hub(self.heads, self.after, self.bus, Commits())

    async def heads(self, rooms: Sequence[str]) -> dict[str, tuple[str, int]]:
        self.compared.append(list(rooms))
        if self.is_away:
            raise Unavailable("The database is away. Try again.")
        found = {room: ("epoch", max(self.rows.get(room, {0: None}))) for room in rooms}
        await self.unhurried.wait()
        return {room: head for room, head in found.items() if room != "nowhere"}

    async def after(self, room: str, seq: int) -> list[Envelope]:
        self.reads += 1
        assert self.reads < 100, "read for ever"
        if self.is_away:
            raise Unavailable("The database is away. Try again.")
        rows = self.rows.get(room, {})
        return [rows[number] for number in sorted(rows) if number > seq][:50]

    def write(self, room: str, *numbers: int) -> list[Envelope]:
        """Store events, and return them."""
        data = msgspec.msgpack.encode({"text": "x" * TEXT_BYTES})
        made = [Envelope(room, seq, "message.posted", 1.0, None, data) for seq in numbers]
        self.rows.setdefault(room, {}).update((envelope.seq, envelope) for envelope in made)
        return made

    async def open(self, room: str) -> LiveRoom:
        """Return the room as the hub has it."""
        live = await self.hub.open(room)
        assert live is not None
        return live

    async def settled(self) -> None:
        """Wait until the hub reads nothing further."""
        while tasks := list(self.hub._healing.values()):
            await asyncio.gather(*tasks)


async def test_beyond_a_hole_few_events_are_held_and_all_are_delivered() -> None:
    log = Log()
    live = await log.open("cardiology")
    told = log.write("cardiology", *range(1, 202))

    log.hub.deliver(told[1:])

    assert len(live.held) == HELD_LIMIT
    await log.settled()
    assert live.position == 201
    assert [e.envelope.seq for e in live.ring.between(0, 201)] == list(range(1, 202))
    assert not live.held


async def test_where_the_log_itself_has_a_hole_it_is_not_read_for_ever() -> None:
    log = Log()
    live = await log.open("cardiology")
    told = log.write("cardiology", 1, 2, 4, 5)

    log.hub.deliver(told[3:])

    await log.settled()
    assert live.position == 2
    assert log.reads == 2
    await log.hub.check()
    await log.settled()
    assert live.position == 2
    assert log.reads == 3


async def test_what_could_not_be_read_is_filled_at_the_next_head_check() -> None:
    log = Log()
    live = await log.open("cardiology")
    told = log.write("cardiology", 1, 2)
    log.is_away = True
    log.hub.deliver(told[1:])
    await log.settled()
    assert live.position == 0
    log.is_away = False

    await log.hub.check()

    await log.settled()
    assert live.position == 2


async def test_the_rings_of_the_least_used_rooms_go_first(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("chat.hub.RINGS_LIMIT", int(12.5 * TEXT_BYTES))
    log = Log()
    rooms = [await log.open(f"ward-{n}") for n in range(6)]
    for live in rooms:
        log.hub.deliver(log.write(live.id, 1, 2))
    await log.open("ward-0")  # used again: the last to go

    log.hub.deliver(log.write("ward-5", 3))

    assert [live.ring.bytes > 0 for live in rooms] == [True, False, False, False, False, True]
    assert log.hub._ring_bytes == sum(live.ring.bytes for live in rooms)
    assert [live.position for live in rooms] == [2, 2, 2, 2, 2, 3]


async def test_what_had_to_go_or_was_forgotten_is_counted_no_longer() -> None:
    log = Log()
    live = await log.open("cardiology")
    [posted] = log.write("cardiology", 1)
    log.hub.deliver([msgspec.structs.replace(posted, subject="m1")])
    before = log.hub._ring_bytes

    log.hub.deliver([Envelope("cardiology", 2, "message.removed", 2.0, None, b"\x80", voids="m1")])

    assert log.hub._ring_bytes == live.ring.bytes < before - TEXT_BYTES / 2
    log.hub._discard(live)
    assert log.hub._ring_bytes == 0


async def test_a_room_is_followed_from_before_its_head_is_read_until_it_is_forgotten() -> None:
    log = Log()
    log.unhurried.clear()
    opening = asyncio.create_task(log.open("cardiology"))
    await until(lambda: log.compared)
    assert log.bus.followed == ["cardiology"]
    log.unhurried.set()
    live = await opening
    assert log.bus.followed == ["cardiology"]

    log.hub._discard(live)

    assert log.bus.followed == []


async def test_what_does_not_open_is_followed_no_longer() -> None:
    log = Log()
    assert await log.hub.open("nowhere") is None
    log.is_away = True

    with pytest.raises(Unavailable):
        await log.hub.open("cardiology")

    assert log.bus.followed == []
    assert log.hub.find("cardiology") is None


async def test_named_rooms_alone_are_compared() -> None:
    log = Log()
    lives = [await log.open(room) for room in ("cardiology", "oncology", "urology")]
    for live in lives:
        log.write(live.id, 1)
    log.compared.clear()

    await log.hub.check(["oncology", "never opened"])

    await log.settled()
    assert log.compared == [["oncology"]]
    assert [live.position for live in lives] == [0, 1, 0]
    await log.hub.check()
    await log.settled()
    assert [live.position for live in lives] == [1, 1, 1]


async def test_what_comes_while_a_room_is_opened_is_found_by_a_check_of_that_time() -> None:
    log = Log()
    log.unhurried.clear()
    opening = asyncio.create_task(log.open("cardiology"))
    await until(lambda: log.compared)  # its head is read, and on its way
    log.write("cardiology", 1)
    checking = asyncio.create_task(
        log.hub.check(["cardiology"])
    )  # begins before what follows wakes

    log.unhurried.set()

    live = await opening
    await checking
    await log.settled()
    assert live.position == 1
