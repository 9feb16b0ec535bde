"""Unread counts: the server's alone, and the same on every device."""

from tests.builders import Ward
from tests.clients import Client
from tests.refusals import refused


async def test_others_posts_are_unread_and_ones_own_are_not(ward: Ward) -> None:
    await ward.post("cardiology", "From another", "ben")
    await ward.post("cardiology", "My own", "ana")

    [room] = (await ward.run("room.list", {}, "ana"))["rooms"]

    assert room["unread"] == 1


async def test_what_was_posted_before_one_joined_is_not_unread(ward: Ward) -> None:
    await ward.post("cardiology", "Long ago", "ben")

    await ward.run("room.join", {"room": "cardiology"}, "stranger")

    [room] = (await ward.run("room.list", {}, "stranger"))["rooms"]
    assert room["unread"] == 0


async def test_a_removed_post_is_not_unread(ward: Ward) -> None:
    posted = await ward.post("cardiology", "To be removed", "ben")
    await ward.run("message.remove", {"room": "cardiology", "id": posted["id"]}, "ben")

    [room] = (await ward.run("room.list", {}, "ana"))["rooms"]

    assert room["unread"] == 0


async def test_marking_read_tells_ones_other_device_and_nobody_else(ward: Ward) -> None:
    posted = await ward.post("cardiology", "From another", "ben")
    other_device, somebody = Client(ward, "ana"), Client(ward, "ben")
    await other_device.enter("@me")
    await somebody.enter("@me")

    answer = await ward.run("room.mark_read", {"room": "cardiology", "seq": posted["seq"]}, "ana")

    marked = await other_device.until(lambda f: f.get("event") == "read.marked")
    assert answer == {"room": "cardiology", "seq": posted["seq"], "unread": 0, "mentions": 0}
    assert marked["room"] == "@me"
    assert marked["data"] == answer
    assert somebody.events("@me") == []


async def test_a_marker_moves_up_alone(ward: Ward) -> None:
    first = await ward.post("cardiology", "One", "ben")
    second = await ward.post("cardiology", "Two", "ben")
    mark = {"room": "cardiology", "seq": second["seq"]}
    await ward.run("room.mark_read", mark, "ana")

    back = await ward.run("room.mark_read", {**mark, "seq": first["seq"]}, "ana")

    assert (back["seq"], back["unread"], back["unchanged"]) == (second["seq"], 0, True)


async def test_a_marker_beyond_the_newest_event_is_refused(ward: Ward) -> None:
    with refused("bad_request"):
        await ward.run("room.mark_read", {"room": "cardiology", "seq": 10_000}, "ana")


async def test_who_is_no_member_has_nothing_unread_whatever_they_mark(ward: Ward) -> None:
    posted = await ward.post("cardiology", "From another", "ben")
    await ward.post("cardiology", "From another again", "ben")
    device = Client(ward, "stranger")
    entered = await device.enter("cardiology")
    own = await device.enter("@me")

    answer = await ward.run(
        "room.mark_read", {"room": "cardiology", "seq": posted["seq"]}, "stranger"
    )

    snapshot = entered["snapshot"]
    assert (answer["seq"], answer["unread"]) == (snapshot["read"], snapshot["unread"])
    assert answer["unchanged"] is True
    assert (await device.enter("@me"))["head"] == own["head"], "no device is told"


async def test_quick_markers_are_told_once_a_second_and_void_one_another(ward: Ward) -> None:
    seqs = [(await ward.post("cardiology", f"Note {n}", "ben"))["seq"] for n in range(3)]
    device = Client(ward, "ana")
    entered = await device.enter("@me")

    for seq in seqs:
        await ward.run("room.mark_read", {"room": "cardiology", "seq": seq}, "ana")

    last = await device.until(lambda f: f.get("data", {}).get("seq") == seqs[-1])
    told = [f["data"] for f in device.frames if f.get("event") == "read.marked"]
    assert [data["seq"] for data in told] == [seqs[0], seqs[-1]]
    again = Client(ward, "ana")
    await again.enter("@me", epoch=entered["epoch"], seq=0)
    await again.event(last["seq"])
    replayed = [f["data"] for f in again.frames if f.get("event") == "read.marked"]
    assert replayed == [{"id": "cardiology", "voided": True}, told[-1]]
