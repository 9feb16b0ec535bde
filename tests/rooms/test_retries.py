"""A write that is put again gets its first answer, whatever has changed since."""

import asyncio

import pytest

from chat.errors import CidReused, Forbidden
from storage.engines import open_database
from tests.builders import Ward
from web.curbside import Curbside


async def _stored(ward: Ward) -> list[str]:
    page = await ward.run("message.history", {"room": "cardiology"}, "ana")
    return [message["text"] for message in page["messages"]]


async def test_a_retry_among_new_posts_is_told_its_first_answer(ward: Ward) -> None:
    retried = {"room": "cardiology", "text": "Door-to-balloon audit", "cid": "asked-before"}
    first = await ward.run("message.post", retried, "ana")

    answers = await asyncio.gather(
        ward.post("cardiology", "Bed 4 is free", "ben"),
        ward.run("message.post", retried, "ana"),
        ward.post("cardiology", "Bed 4 is taken", "ben"),
    )

    assert answers[1] == {**first, "duplicate": True}
    assert [answers[0]["seq"], answers[2]["seq"]] == [first["seq"] + 1, first["seq"] + 2]
    assert await _stored(ward) == ["Door-to-balloon audit", "Bed 4 is free", "Bed 4 is taken"]


async def test_two_of_one_cid_in_a_batch_are_one_post(ward: Ward) -> None:
    asked = {"room": "cardiology", "text": "Door-to-balloon audit", "cid": "asked-twice"}

    first, second = await asyncio.gather(
        ward.run("message.post", asked, "ana"), ward.run("message.post", asked, "ana")
    )

    assert second == {**first, "duplicate": True}
    assert await _stored(ward) == ["Door-to-balloon audit"]


async def test_who_may_post_no_longer_still_learns_that_the_post_is_there(ward: Ward) -> None:
    asked = {"room": "cardiology", "text": "My last words here", "cid": "asked-before"}
    first = await ward.run("message.post", asked, "ana")
    await ward.run("member.leave", {"room": "cardiology"}, "ana")

    again = await ward.run("message.post", asked, "ana")

    assert again == {**first, "duplicate": True}
    with pytest.raises(Forbidden):
        await ward.run("message.post", {**asked, "cid": "never-asked"}, "ana")


async def test_a_refused_reuse_is_told_as_reuse(ward: Ward) -> None:
    asked = {"room": "cardiology", "text": "Bed 4 is free", "cid": "asked-before"}
    await ward.run("message.post", asked, "ana")

    for text in ("Bed 5 is free", "   "):
        with pytest.raises(CidReused):
            await ward.run("message.post", {**asked, "text": text}, "ana")


async def test_a_retry_under_another_servers_key_is_no_reuse(ward: Ward, database_url: str) -> None:
    asked = {"room": "cardiology", "text": "Before the restore", "cid": "asked-before"}
    first = await ward.run("message.post", asked, "ana")
    database = open_database(database_url)
    elsewhere = Curbside(database, secret=b"the key of where it was restored", is_limited=False)
    await elsewhere.start()

    again = await elsewhere.run("message.post", asked, ward.actors["ana"])

    assert again == {**first, "duplicate": True}
    await elsewhere.stop()
