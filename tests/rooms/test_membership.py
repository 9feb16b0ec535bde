"""Rooms are joined and left, and people let into private ones by those who may."""

from tests.builders import Ward
from tests.clients import Client
from tests.refusals import refused


async def test_only_owners_and_moderators_let_people_into_a_private_room(ward: Ward) -> None:
    room = await ward.open_room("any", "ana", "ben", private=True)

    with refused("forbidden"):
        await ward.run("member.add", {"room": room, "person": "@stranger"}, "ben")
    with refused("not_found"):
        await ward.run("member.add", {"room": room, "person": "@stranger"}, "linden")
    await ward.run("member.add", {"room": room, "person": "@stranger"}, "ana")

    assert (await ward.run("message.history", {"room": room}, "stranger"))["messages"] == []


async def test_leaving_a_private_room_ends_its_stream_on_every_device(ward: Ward) -> None:
    room = await ward.open_room("any", "ana", "ben", private=True)
    leaving = [Client(ward, "ben"), Client(ward, "ben")]
    staying = Client(ward, "ana")
    for client in (*leaving, staying):
        await client.enter(room)

    left = await ward.run("member.leave", {"room": room}, "ben")
    posted = await ward.post(room, "Among ourselves", "ana")

    await staying.event(posted["seq"])
    for client in leaving:
        await client.until(lambda f: f.get("signal") == "room.closing")
        assert client.events(room) == []
        answer = await client.ask("room.enter", {"room": room})
        assert answer["refused"]["code"] == "not_found"
    assert staying.events(room)[-2:] == [
        (left["seq"], "member.left"), (posted["seq"], "message.posted"),
    ]  # fmt: skip


async def test_joining_and_leaving_twice_changes_nothing(ward: Ward) -> None:
    await ward.run("room.join", {"room": "cardiology"}, "stranger")

    again = await ward.run("room.join", {"room": "cardiology"}, "stranger")

    assert again["unchanged"] is True
    await ward.run("member.leave", {"room": "cardiology"}, "stranger")
    gone = await ward.run("member.leave", {"room": "cardiology"}, "stranger")
    assert gone["unchanged"] is True


async def test_an_earlier_command_of_a_batch_counts_for_a_later_one(ward: Ward) -> None:
    client = Client(ward, "stranger")
    client.tell("room.join", {"room": "cardiology"})
    post = {"room": "cardiology", "cid": "b1f0c2d4e5", "text": "Just joined"}

    answer = await client.ask("message.post", post)

    assert "ok" in answer


async def test_nobody_posts_in_the_room_of_their_own_adds_to_it_or_leaves_it(ward: Ward) -> None:
    with refused("forbidden"):
        await ward.post("@me", "To myself", "ana")
    with refused("conflict"):
        await ward.run("member.add", {"room": "@me", "person": "@ben"}, "ana")
    with refused("conflict"):
        await ward.run("member.leave", {"room": "@me"}, "ana")


async def test_one_who_is_added_learns_of_it_on_every_device(ward: Ward) -> None:
    device = Client(ward, "stranger")
    await device.enter("@me")

    room = await ward.open_room("any", "ana", "stranger", private=True)

    added = await device.until(lambda f: f.get("event") == "member.added")
    assert (added["room"], added["data"]) == ("@me", {"room": room})
