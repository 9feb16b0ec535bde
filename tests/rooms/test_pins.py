"""Pins are for moderators: 50 a room, each with a word on why."""

import pytest

from rooms.pins import PINS_A_ROOM
from tests.builders import Ward
from tests.refusals import refused


@pytest.mark.parametrize(("who", "may"), [("linden", True), ("ana", False), ("stranger", False)])
async def test_moderators_pin(ward: Ward, who: str, may: bool) -> None:
    posted = await ward.post("cardiology", "Door-to-balloon audit", "ana")
    pin = {"room": "cardiology", "id": posted["id"], "note": "until Friday"}

    if not may:
        with refused("forbidden"):
            await ward.run("message.pin", pin, who)
        return
    await ward.run("message.pin", pin, who)

    [message] = (await ward.run("message.history", {"room": "cardiology"}, "ben"))["messages"]
    assert message["pinned"]["note"] == "until Friday"


async def test_pinning_again_changes_the_note_alone(ward: Ward) -> None:
    posted = await ward.post("cardiology", "Door-to-balloon audit", "ana")
    pin = {"room": "cardiology", "id": posted["id"]}
    await ward.run("message.pin", {**pin, "note": "until Friday"}, "linden")

    await ward.run("message.pin", {**pin, "note": "until Monday"}, "linden")
    same = await ward.run("message.pin", {**pin, "note": "until Monday"}, "linden")

    [message] = (await ward.run("message.history", {"room": "cardiology"}, "ben"))["messages"]
    assert message["pinned"]["note"] == "until Monday"
    assert same["unchanged"] is True


async def test_unpinning_what_is_not_pinned_changes_nothing(ward: Ward) -> None:
    posted = await ward.post("cardiology", "Door-to-balloon audit", "ana")
    at = {"room": "cardiology", "id": posted["id"]}
    await ward.run("message.pin", at, "linden")
    await ward.run("message.unpin", at, "linden")

    again = await ward.run("message.unpin", at, "linden")

    assert again["unchanged"] is True
    [message] = (await ward.run("message.history", {"room": "cardiology"}, "ben"))["messages"]
    assert "pinned" not in message


async def test_a_room_keeps_at_most_50_pins(ward: Ward) -> None:
    for n in range(PINS_A_ROOM):
        posted = await ward.post("cardiology", f"Note {n}", "ana")
        await ward.run("message.pin", {"room": "cardiology", "id": posted["id"]}, "linden")
    one_more = await ward.post("cardiology", "One more", "ana")

    with refused("conflict"):
        await ward.run("message.pin", {"room": "cardiology", "id": one_more["id"]}, "linden")
