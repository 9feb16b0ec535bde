"""What is done to others, or to what they rely on, is recorded; what is refused or one's own is not."""

from typing import Any

import pytest

from rooms import bots
from storage.audit import Act, audit
from storage.database import Connection
from tests.builders import Ward
from tests.refusals import refused


async def _recorded(ward: Ward) -> list[Act]:
    def read(sql: Connection) -> list[Act]:
        rows = sql.execute(audit.select().order_by(audit.c.seq))
        return [Act(*row[1:-1]) for row in rows]

    return await ward.curbside.database.reading(read)


@pytest.fixture
async def posted(ward: Ward) -> dict[str, Any]:
    """Return a message of ana's, and begin to record anew."""
    return dict(await ward.post("cardiology", "Bed 4 is free", "ana"))


async def test_a_moderators_removal_is_recorded_with_its_reason(
    ward: Ward, posted: dict[str, Any]
) -> None:
    remove = {"room": "cardiology", "id": posted["id"], "reason": "names a patient"}
    with refused("forbidden"):
        await ward.run("message.remove", remove, "ben")

    await ward.run("message.remove", remove, "linden")

    [*_, act] = await _recorded(ward)
    assert act[1:] == (
        ward.id("linden"), "message.remove", "cardiology", posted["id"], "names a patient",
    )  # fmt: skip


async def test_what_one_does_with_ones_own_is_not_recorded(
    ward: Ward, posted: dict[str, Any]
) -> None:
    before = await _recorded(ward)

    await ward.run("message.remove", {"room": "cardiology", "id": posted["id"]}, "ana")
    await ward.post("cardiology", "Bed 5 is free", "ana")

    assert await _recorded(ward) == before


async def test_who_may_do_what_is_recorded(ward: Ward, posted: dict[str, Any]) -> None:
    ward.curbside.commands.include(bots.internal)
    await ward.admit("okafor", role="admin")
    before = len(await _recorded(ward))
    pin = {"room": "cardiology", "id": posted["id"]}

    await ward.run("message.pin", pin, "linden")
    await ward.run("message.pin", pin, "linden")  # changes nothing
    await ward.run("message.unpin", pin, "linden")
    await ward.run("member.add", {"room": "cardiology", "person": "@stranger"}, "linden")
    made = await ward.run("bot.create", {"handle": "safety-desk", "scopes": ["post"]}, "okafor")
    await ward.run("token.revoke", {"id": made["id"]}, "okafor")

    acts = (await _recorded(ward))[before:]
    assert [(act.action, act.target) for act in acts] == [
        ("message.pin", posted["id"]), ("message.unpin", posted["id"]),
        ("member.add", ward.id("stranger")), ("person.add", made["person"]["id"]),
        ("token.create", made["id"]), ("token.revoke", made["id"]),
    ]  # fmt: skip
    assert made["token"] not in str(acts)
