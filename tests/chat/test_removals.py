"""What had to go is sent to nobody from the moment at which its removal is told, wherever it waits."""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
import pytest

from chat.events import AsOf, Envelope
from chat.pages import Pages
from chat.writer import Decision
from tests.builders import Ward
from tests.chat.positions import missed, seqs
from tests.clients import Client
from tests.databases import EVERY_ENGINE

ENGINES = EVERY_ENGINE

SECRET = "a name that must go"


async def test_a_text_removed_while_a_sweep_is_under_way_reaches_no_further_seat(
    ward: Ward, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("chat.sweeps.SLICE", 2)
    clients = [Client(ward, "ana") for _ in range(5)]
    for client in clients:
        head = (await client.enter("cardiology"))["head"]
    clients[0].link.arrived.clear()
    ward.curbside.hub.deliver([posting(head + 1)])
    await clients[0].link.arrived.wait()  # woken before the turn of the second slice

    ward.curbside.hub.deliver([removal(head + 2)])

    told = [SECRET in str(client.read()) for client in clients]
    assert told == [True, True, False, False, False]
    for client in clients:
        await client.event(head + 2)
        assert [seq for seq, _ in client.events("cardiology")] == [head + 1, head + 2]
    assert SECRET not in str([client.read() for client in clients[2:]])


async def test_a_removal_that_must_wait_for_others_takes_the_text_away_at_once(ward: Ward) -> None:
    ben = Client(ward, "ben")
    entered = await ben.enter("cardiology")
    head, hub = entered["head"], ward.curbside.hub
    hub.deliver([posting(head + 1)])
    await ben.event(head + 1)
    back = Client(ward, "ana")

    hub.deliver([removal(head + 3)])

    await back.enter("cardiology", epoch=entered["epoch"], seq=head)
    gone = await back.event(head + 1)
    assert gone["data"] == {"id": "m1", "voided": True}


async def test_a_text_that_waits_for_others_is_taken_away_as_well(ward: Ward) -> None:
    client = Client(ward, "ana")
    head = (await client.enter("cardiology"))["head"]
    hub = ward.curbside.hub
    hub.deliver([posting(head + 2), removal(head + 4)])

    hub.deliver([removal(head + 1, of="m0")])

    gone = await client.event(head + 2)
    assert gone["data"] == {"id": "m1", "voided": True}


async def test_what_goes_in_the_very_batch_in_which_it_came_is_published_without_it(
    ward: Ward, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("rooms.messages.new_id", lambda: "m1")
    bus, at = ward.curbside.bus, {"room": "cardiology", "id": "m1"}
    publish, published = bus.publish, list[Envelope]()

    def keep(envelopes: Sequence[Envelope], as_of: Mapping[str, AsOf]) -> None:
        published.extend(each for each in envelopes if each.room == "cardiology")
        publish(envelopes, as_of)

    monkeypatch.setattr(bus, "publish", keep)
    ana = Client(ward, "ana")

    ana.tell("message.post", {"room": "cardiology", "cid": "b1f0c2d4e5", "text": SECRET})
    ana.tell("message.edit", {**at, "text": f"{SECRET}, spelt out"})
    await ana.ask("message.remove", at)

    gone = {"id": "m1", "voided": True}
    assert [(each.event, msgspec.msgpack.decode(each.data)) for each in published] == [
        ("message.posted", gone), ("message.edited", gone), ("message.removed", {"id": "m1"}),
    ]  # fmt: skip


async def test_what_a_removal_does_not_reach_is_kept() -> None:
    """It reaches only what came before it: under the same subject, news may follow."""
    pages = Pages(hold := Held())
    reading = asyncio.ensure_future(pages.after("cardiology", 0))
    await hold.begun.wait()

    pages.void("cardiology", "m1", 7)
    pages.void("cardiology", "m1", 5)
    pages.void("cardiology", "m2", 9)
    pages.void("neurology", "m1", 9)

    hold.rows.set_result([posting(6), posting(7), removal(8)])
    told = [entry.envelope.subject for entry in await reading]
    assert told == [None, "m1", None]
    assert SECRET.encode() not in (await reading)[0].envelope.data


async def test_what_is_removed_right_after_it_was_read_is_not_sent_after_that(
    ward: Ward, monkeypatch: pytest.MonkeyPatch
) -> None:
    position = await missed(ward, SECRET)
    entered = await Client(ward, "ben").enter("cardiology")
    removing = {"room": "cardiology", "id": entered["snapshot"]["messages"][-1]["id"]}
    crowd = [Client(ward, "ana") for _ in range(5)]
    database, writer = ward.curbside.database, ward.curbside.writer
    reading, publish = database.reading, writer._publish

    def publish_in_a_turn(told: Decision) -> None:
        for client in crowd:
            client.read()
            client.frames.clear()
        publish(told)

    async def then_removed(work: Any) -> Any:
        found = await reading(work)
        held: list[Decision] = []
        writer._publish = held.append
        await ward.run("message.remove", removing, "ben")
        asyncio.get_running_loop().call_soon(publish_in_a_turn, held[0])
        return found

    monkeypatch.setattr(database, "reading", then_removed)

    for client in crowd:
        client.tell("room.enter", {"room": "cardiology", "signals": False, **position})

    for client in crowd:
        await client.event(position["seq"] + 2)
    assert SECRET not in str([client.read() for client in crowd])


async def test_what_is_removed_while_a_page_is_read_is_sent_to_nobody(
    ward: Ward, monkeypatch: pytest.MonkeyPatch
) -> None:
    position = await missed(ward, SECRET)
    entered = await Client(ward, "ben").enter("cardiology")
    removing = {"room": "cardiology", "id": entered["snapshot"]["messages"][-1]["id"]}
    back = Client(ward, "ana")
    database = ward.curbside.database
    reading = database.reading

    async def removed_meanwhile(work: Any) -> Any:
        monkeypatch.setattr(database, "reading", reading)
        found = await reading(work)
        await ward.run("message.remove", removing, "ben")
        return found

    monkeypatch.setattr(database, "reading", removed_meanwhile)

    await back.enter("cardiology", **position)

    gone = await back.event(position["seq"] + 1)
    await back.event(position["seq"] + 2)
    assert gone["data"] == {"id": removing["id"], "voided": True}
    assert seqs(back) == [position["seq"] + 1, position["seq"] + 2]


class Held:
    """A read that ends when the test says so."""

    def __init__(self) -> None:
        self.rows: asyncio.Future[list[Envelope]] = asyncio.get_running_loop().create_future()
        self.begun = asyncio.Event()

    async def __call__(self, room: str, seq: int) -> list[Envelope]:
        self.begun.set()
        return await self.rows


def posting(seq: int) -> Envelope:
    """Return the event of a message with what will have to go."""
    data = msgspec.msgpack.encode({"id": "m1", "cid": "b1f0c2d4e5", "kind": "text", "text": SECRET})
    return Envelope("cardiology", seq, "message.posted", 1.0, None, data, subject="m1")


def removal(seq: int, of: str = "m1") -> Envelope:
    """Return the event by which it goes."""
    data = msgspec.msgpack.encode({"id": of})
    return Envelope("cardiology", seq, "message.removed", 2.0, None, data, voids=of)
