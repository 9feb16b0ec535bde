"""What changes while a room is being entered: nothing is lost, and nothing shown that may not be."""

import asyncio
import itertools

from sqlalchemy import update

from chat.errors import Close
from storage.rooms import rooms
from tests.builders import Ward
from tests.clients import Client


async def test_one_who_loses_the_right_while_entering_gets_nothing(ward: Ward) -> None:
    room = await ward.open_room("any", "ana", "ben", private=True)
    for _ in range(20):
        client = Client(ward, "ben")
        entering = client.tell("room.enter", {"room": room})
        await ward.run("member.leave", {"room": room}, "ben")
        await client.until(lambda f, re=entering: f.get("re") == re)

        posted = await ward.post(room, "Among ourselves", "ana")
        await Client(ward, "ana").enter(room)

        assert (posted["seq"], "message.posted") not in client.events(room)
        live = ward.curbside.hub.find(room)
        assert live is not None
        assert client.connection not in live.seats
        await ward.run("member.add", {"room": room, "person": "@ben"}, "ana")


async def test_leaving_while_entering_ends_the_stream_before_it_begins(ward: Ward) -> None:
    client, other = Client(ward, "ana"), Client(ward, "ben")
    entering = client.tell("room.enter", {"room": "cardiology"})
    await client.ask("room.leave", {"room": "cardiology"})
    await client.until(lambda f: f.get("re") == entering)
    head = (await other.enter("cardiology"))["head"]

    await ward.post("cardiology", "After they left", "linden")

    await other.event(head + 1)
    assert client.events("cardiology") == []
    assert ward.curbside.tracker.everybody("cardiology").count == 0


async def test_entering_again_after_leaving_in_haste_begins_one_stream(ward: Ward) -> None:
    client = Client(ward, "ana")
    client.tell("room.enter", {"room": "cardiology"})
    client.tell("room.leave", {"room": "cardiology"})
    head = (await client.enter("cardiology"))["head"]

    await ward.post("cardiology", "Once", "linden")

    await client.event(head + 1)
    assert client.events("cardiology") == [(head + 1, "message.posted")]


async def test_a_crowd_that_enters_its_own_rooms_at_once_hears_of_everything(ward: Ward) -> None:
    names = [f"person-{n}" for n in range(100)]
    await ward.admit(*names)
    clients = [Client(ward, name) for name in names]

    await asyncio.gather(*(client.enter("@me") for client in clients))
    for name in names:
        await ward.run("room.join", {"room": "cardiology"}, name)
    posted = await ward.post("cardiology", "To all", "ben")
    mark = {"room": "cardiology", "seq": posted["seq"]}
    await asyncio.gather(*(ward.run("room.mark_read", mark, name) for name in names))

    for client in clients:
        await client.until(lambda f: f.get("event") == "read.marked")


async def test_markers_told_while_one_enters_arrive_and_close_nothing(ward: Ward) -> None:
    for _ in range(30):
        posted = await ward.post("cardiology", "News", "ben")
        client = Client(ward, "ana")
        entering = client.tell("room.enter", {"room": "@me"})
        ward.curbside.wall_time = itertools.count(int(posted["at"]) + 2, 2).__next__
        await ward.run("room.mark_read", {"room": "cardiology", "seq": posted["seq"]}, "ana")

        answer = await client.until(lambda f, re=entering: f.get("re") == re)
        reads = answer["ok"]["snapshot"]["reads"]
        if not any(mark["seq"] == posted["seq"] for mark in reads):
            await client.until(lambda f: f.get("event") == "read.marked")

        assert client.link.code is None


async def test_a_room_numbered_anew_while_it_is_entered_is_entered_again(ward: Ward) -> None:
    await Client(ward, "ben").enter("cardiology")
    client = Client(ward, "ana")
    client.tell("room.enter", {"room": "cardiology"})
    renumbering = update(rooms).where(rooms.c.id == "cardiology").values(epoch="new")
    await ward.curbside.database.transaction(lambda c: c.execute(renumbering))

    await ward.curbside.hub.check()

    await client.link.arrived.wait()
    if client.link.code is None:  # it was entered after the check
        assert client.read()[0]["ok"]["epoch"] == "new"
        live = ward.curbside.hub.find("cardiology")
        assert client.connection.seats["cardiology"].room is live
    else:
        assert client.link.code == Close.NOT_CONTINUOUS


async def test_an_unseen_persons_connections_are_counted_down(ward: Ward) -> None:
    client = Client(ward, "ana")
    await client.ask("presence.set", {"state": "invisible"})
    await client.enter("cardiology", signals=True)
    ward.curbside.watches.tell_presence(0.0)

    client.leave()

    assert ward.curbside.connections.count_of(ward.id("ana")) == 0


async def test_who_is_in_200_rooms_may_enter_each_of_them_again_but_no_other(ward: Ward) -> None:
    for number in range(201):
        await ward.open_room(f"room-{number}", "ana")
    client = Client(ward, "ana")
    for number in range(200):
        await client.enter(f"room-{number}")

    one_more = await client.ask("room.enter", {"room": "room-200"})
    again = await client.ask("room.enter", {"room": "room-7"})
    client.tell("room.leave", {"room": "room-7"})
    in_its_place = await client.ask("room.enter", {"room": "room-200"})

    assert one_more["refused"]["code"] == "conflict"
    assert again["ok"]["room"] == "room-7"
    assert in_its_place["ok"]["room"] == "room-200"
