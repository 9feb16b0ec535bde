"""How those who are behind catch up: with everything, once, in order, and with little held for them."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from chat.errors import Close
from chat.pages import PAGE_BYTES
from storage.database import DatabaseAway
from tests.builders import Ward
from tests.chat.positions import missed, sent_out, seqs
from tests.clients import Client
from tests.databases import EVERY_ENGINE
from tests.waiting import until

ENGINES = EVERY_ENGINE

LONG = "𝛽" * 10_000  # characters of four bytes: the longest text there is
LONG_BYTES = 41_000  # of its event


async def test_one_who_resumes_and_reads_nothing_is_sent_one_page(
    ward: Ward, monkeypatch: pytest.MonkeyPatch
) -> None:
    position = await missed(ward, *[LONG] * 20)
    back = Client(ward, "ana")
    held = fill(back, monkeypatch)

    await back.enter("cardiology", **position)
    await drained(back, position["seq"] + 20)

    assert seqs(back) == [position["seq"] + n for n in range(1, 21)]
    assert max(held) <= PAGE_BYTES + LONG_BYTES
    assert len(held) > 20 * LONG_BYTES / PAGE_BYTES


async def test_one_who_lacks_much_in_many_rooms_is_sent_one_piece_for_all_of_them(
    ward: Ward, monkeypatch: pytest.MonkeyPatch
) -> None:
    rooms = [await ward.open_room(f"ward-{n}", "ben", "ana") for n in range(4)]
    back = Client(ward, "ana")
    for name in rooms:
        await back.enter(name)
    back.connection.write_paused()
    for name in rooms:
        await ward.post(name, LONG, "ben")
        await sent_out(ward, name)
    held = fill(back, monkeypatch)

    back.connection.write_resumed()
    await drained_of(back, lambda: len(back.read()) >= 8)

    assert all(size <= LONG_BYTES for size in held)
    assert {f["room"] for f in back.frames if "event" in f} == set(rooms)


async def test_all_who_lack_the_same_are_served_by_one_read(
    ward: Ward, monkeypatch: pytest.MonkeyPatch
) -> None:
    position = await missed(ward, "one", "two", "three")
    reading, reads = ward.curbside.database.reading, []

    async def counted(work: Any) -> Any:
        reads.append(work)
        return await reading(work)

    monkeypatch.setattr(ward.curbside.database, "reading", counted)
    crowd = [Client(ward, "ana") for _ in range(30)]

    await asyncio.gather(*(client.enter("cardiology", **position) for client in crowd))

    for client in crowd:
        await client.event(position["seq"] + 3)
    assert len(reads) == 1


async def test_a_slow_reader_whom_the_ring_has_passed_reads_on_from_sql(ward: Ward) -> None:
    slow = Client(ward, "ana")
    head = (await slow.enter("cardiology"))["head"]
    slow.connection.write_paused()
    for n in range(5):
        await ward.post("cardiology", f"Note {n}", "ben")
    (await sent_out(ward)).ring.clear()

    slow.connection.write_resumed()

    await slow.event(head + 5)
    await ward.post("cardiology", "and live again", "ben")
    await slow.event(head + 6)
    assert seqs(slow) == [head + n for n in range(1, 7)]


@pytest.mark.parametrize(("lacks", "code"), [(3, None), (4, Close.TOO_SLOW)])
async def test_a_slow_reader_who_is_too_far_behind_is_closed(
    ward: Ward, monkeypatch: pytest.MonkeyPatch, lacks: int, code: Close | None
) -> None:
    monkeypatch.setattr("chat.replays.EVENTS_LIMIT", 3)
    slow, other = Client(ward, "ana"), Client(ward, "ben")
    await slow.enter("cardiology")
    head = (await other.enter("cardiology"))["head"]
    slow.connection.write_paused()
    for n in range(lacks):
        await ward.post("cardiology", f"Note {n}", "linden")
    await other.event(head + lacks)
    (await sent_out(ward)).ring.clear()
    slow.link.arrived.clear()

    slow.connection.write_resumed()

    await asyncio.wait_for(slow.link.arrived.wait(), 10)
    assert slow.link.code == code


async def test_while_everybody_catches_up_and_others_post_nothing_is_lost_or_doubled(
    ward: Ward, monkeypatch: pytest.MonkeyPatch
) -> None:
    position = await missed(ward, *[f"Missed {n}" for n in range(60)])
    monkeypatch.setattr("web.curbside.PAGE_EVENTS", 7)
    monkeypatch.setattr("chat.rings.BYTES_LIMIT", 1_500)  # of some ten events
    start = position.pop("seq")
    clients = [Client(ward, "ana") for _ in range(12)]

    async def come_back(client: Client, seq: int) -> None:
        await client.enter("cardiology", **position, seq=seq)
        await drained(client, start + 121)

    for n, client in enumerate(clients):
        if n % 3:
            fill(client, monkeypatch)
    coming = [come_back(client, start + n % 4) for n, client in enumerate(clients)]
    posting = [ward.post("cardiology", f"Meanwhile {n}", "ben") for n in range(61)]
    await asyncio.gather(*coming[:6], *posting, *coming[6:])

    for n, client in enumerate(clients):
        assert seqs(client) == list(range(start + n % 4 + 1, start + 122))


async def test_what_cannot_be_read_ends_the_connection_to_come_back(
    ward: Ward, monkeypatch: pytest.MonkeyPatch
) -> None:
    position = await missed(ward, "missed")
    back = Client(ward, "ana")

    async def away(work: Any) -> Any:
        raise DatabaseAway("the disk is full")

    monkeypatch.setattr(ward.curbside.database, "reading", away)

    entered = await back.enter("cardiology", **position)

    await closed(back)
    assert entered["resumed"] is True
    assert back.link.code == Close.NOT_CONTINUOUS


async def test_one_who_leaves_while_a_page_is_read_gets_none_of_it(
    ward: Ward, monkeypatch: pytest.MonkeyPatch
) -> None:
    position = await missed(ward, "missed")
    leaving, staying = Client(ward, "ana"), Client(ward, "ana")
    may_read = asyncio.Event()
    reading = ward.curbside.database.reading

    async def held_up(work: Any) -> Any:
        await may_read.wait()
        return await reading(work)

    monkeypatch.setattr(ward.curbside.database, "reading", held_up)
    for client in (leaving, staying):
        await client.enter("cardiology", **position)

    await leaving.ask("room.leave", {"room": "cardiology"})

    may_read.set()
    await staying.event(position["seq"] + 1)
    assert seqs(leaving) == []
    fresh = await leaving.enter("cardiology")
    await ward.post("cardiology", "after coming back", "ben")
    await leaving.event(fresh["head"] + 1)


def fill(client: Client, monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Have a link be full after each write, and return how much it had to hold, each time it was."""
    held = [0]
    was_full = False
    send, connection = client.link.send, client.connection

    def send_and_be_full(data: list[bytes]) -> None:
        nonlocal was_full
        if was_full and not connection.write_is_paused:
            was_full = False
            held.append(0)
        held[-1] += sum(map(len, data))
        send(data)
        asyncio.get_running_loop().call_soon(pause)

    def pause() -> None:
        nonlocal was_full
        was_full = True
        if not connection.write_is_paused:
            connection.write_paused()
            client.link.arrived.set()  # for who waits to drain it

    monkeypatch.setattr(client.link, "send", send_and_be_full)
    return held


async def drained(client: Client, seq: int) -> None:
    """Read as often as a link is full, until an event is there."""
    await drained_of(client, lambda: seq in seqs(client))


async def drained_of(client: Client, is_all: Callable[[], bool]) -> None:
    """Read as often as a link is full, until all is there."""
    while not is_all():
        client.link.arrived.clear()
        if client.connection.write_is_paused:
            client.connection.write_resumed()
        await until(lambda: client.connection.write_is_paused or is_all())


async def closed(client: Client) -> None:
    """Wait until a client is closed."""
    while client.link.code is None:
        client.link.arrived.clear()
        await asyncio.wait_for(client.link.arrived.wait(), 10)
