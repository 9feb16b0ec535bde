"""Rooms are opened and found; private ones are known to their members alone."""

from tests.builders import Ward
from tests.refusals import refused


async def test_a_public_room_is_listed_to_all_and_a_private_one_to_its_members(ward: Ward) -> None:
    private = await ward.open_room("any", "ana", "ben", private=True)

    async def listed(handle: str) -> set[str]:
        rooms = (await ward.run("room.list", {}, handle))["rooms"]
        return {room["room"] for room in rooms}

    assert await listed("ben") == {"cardiology", private}
    assert await listed("stranger") == {"cardiology"}


async def test_rooms_are_listed_a_page_at_a_time(ward: Ward) -> None:
    for slug in ("a-room", "b-room", "d-room"):
        await ward.open_room(slug, "ana")
    found: list[str] = []
    cursor: dict[str, str] = {}

    while True:
        page = await ward.run("room.list", {"limit": 2, **cursor}, "ana")
        found += [room["room"] for room in page["rooms"]]
        if "next" not in page:
            break
        cursor = {"cursor": page["next"]}

    assert found == ["a-room", "b-room", "cardiology", "d-room"]


async def test_a_room_id_is_taken_once(ward: Ward) -> None:
    with refused("conflict"):
        await ward.run("room.create", {"room": "cardiology", "title": "Again"}, "ana")


async def test_a_members_private_room_gets_an_id_that_tells_nothing(ward: Ward) -> None:
    wanted = {"room": "layoffs", "title": "Layoffs", "private": True}

    opened = await ward.run("room.create", wanted, "ana")

    assert opened["room"] != "layoffs"
