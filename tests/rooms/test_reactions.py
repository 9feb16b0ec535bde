"""Reactions are for everybody in the room, counted with the people who chose them."""

import pytest

from tests.builders import Ward
from tests.refusals import refused


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
