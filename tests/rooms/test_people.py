"""People: how they are listed and added, and the handles they go by."""

import pytest

from chat.errors import BadRequest
from chat.events import own_room
from rooms import people
from storage.rooms import Rooms
from tests.builders import Ward
from tests.refusals import refused


@pytest.fixture
async def clinic(ward: Ward) -> Ward:
    """Return a node that also has an administrator and a bot."""
    ward.curbside.commands.include(people.internal)
    await ward.admit("okafor", role="admin")
    await ward.admit("labs", kind="bot")
    return ward


async def test_people_are_listed_by_their_ids(clinic: Ward) -> None:
    ids = [clinic.id("ana"), "nobody", clinic.id("labs")]

    listed = await clinic.run("person.list", {"people": ids}, "stranger")

    assert {each["handle"]: each["kind"] for each in listed["people"]} == {
        "ana": "person", "labs": "bot",
    }  # fmt: skip


async def test_at_most_100_people_are_listed_at_once(clinic: Ward) -> None:
    with refused("bad_request"):
        await clinic.run("person.list", {"people": ["someone"] * 101}, "ana")

    assert await clinic.run("person.list", {"people": ["someone"] * 100}, "ana") == {"people": []}


async def test_whoever_is_added_has_a_room_of_their_own(clinic: Ward) -> None:
    asked = {"handle": "ruth", "name": "Ruth Adeyemi", "specialty": "Nephrology"}

    added = await clinic.run("person.add", asked, "okafor")

    own = own_room(added["person"]["id"])
    room = await clinic.curbside.database.reading(lambda c: Rooms(c).find(own))
    assert room is not None
    assert (room.private, room.head, len(room.epoch)) == (True, 0, 16)
    assert added["person"]["specialty"] == "Nephrology"


async def test_a_handle_belongs_to_one(clinic: Ward) -> None:
    with refused("conflict"):
        await clinic.run("person.add", {"handle": "ana", "name": "Another"}, "okafor")

    assert await clinic.run("person.add", {"handle": "anna", "name": "Another"}, "okafor")


@pytest.mark.parametrize("handle", ["a", "9lives", "Ana", "ana_b", "a" * 33, "ana\n", "áron"])
def test_a_handle_is_2_to_32_plain_characters(handle: str) -> None:
    command = people.internal.find("person.add")

    with pytest.raises(BadRequest, match=r"^handle: "):
        command.convert({"handle": handle, "name": "Ana"})

    assert command.convert({"handle": "a" * 32, "name": "Ana"})
