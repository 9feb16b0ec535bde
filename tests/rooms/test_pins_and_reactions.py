"""Pins are for moderators, reactions for everybody in the room."""

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


async def test_a_reaction_of_many_names_twenty_and_counts_all(ward: Ward) -> None:
    posted = await ward.post("cardiology", "Bed 4 is free", "ben")
    names = [f"nurse-{letter}" for letter in "abcdefghijklmnopqrstuv"]
    await ward.admit(*names)
    for name in names:
        await ward.run("room.join", {"room": "cardiology"}, name)
        chosen = {"room": "cardiology", "id": posted["id"], "emoji": "seen", "on": True}
        await ward.run("message.react", chosen, name)

    page = await ward.run("message.history", {"room": "cardiology"}, names[-1])

    [reaction] = page["messages"][0]["reactions"]
    assert (reaction["count"], reaction["mine"]) == (22, True)
    assert len(reaction["people"]) == 20
    assert ward.id(names[-1]) not in reaction["people"]


@pytest.mark.parametrize("emoji", ["agree", "useful", "seen", "evidence", "👍", "👩🏽‍⚕️", "🇨🇭", "❤️"])
async def test_a_reaction_is_counted_with_its_people(ward: Ward, emoji: str) -> None:
    posted = await ward.post("cardiology", "A finding", "ana")
    react = {"room": "cardiology", "id": posted["id"], "emoji": emoji, "on": True}
    await ward.run("message.react", react, "ben")

    await ward.run("message.react", react, "linden")

    [message] = (await ward.run("message.history", {"room": "cardiology"}, "ben"))["messages"]
    [reaction] = message["reactions"]
    assert (reaction["emoji"], reaction["count"], reaction["mine"]) == (emoji, 2, True)
    assert reaction["people"] == [ward.id("ben"), ward.id("linden")]


@pytest.mark.parametrize("emoji", ["", "a", "agree ", "👍👍", "<b>", "disagree", "1"])
async def test_only_one_emoji_or_a_clinical_word_is_a_reaction(ward: Ward, emoji: str) -> None:
    posted = await ward.post("cardiology", "A finding", "ana")

    with refused("bad_request"):
        react = {"room": "cardiology", "id": posted["id"], "emoji": emoji, "on": True}
        await ward.run("message.react", react, "ben")


async def test_taking_a_reaction_back_leaves_none(ward: Ward) -> None:
    posted = await ward.post("cardiology", "A finding", "ana")
    react = {"room": "cardiology", "id": posted["id"], "emoji": "agree"}
    await ward.run("message.react", {**react, "on": True}, "ben")
    twice = await ward.run("message.react", {**react, "on": True}, "ben")

    await ward.run("message.react", {**react, "on": False}, "ben")

    [message] = (await ward.run("message.history", {"room": "cardiology"}, "ben"))["messages"]
    assert twice["unchanged"] is True
    assert message["reactions"] == []
