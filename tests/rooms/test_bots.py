"""Bots and tokens: made by those who may, worth nothing at once when they are revoked."""

import msgspec
import pytest

from chat.errors import Close
from tests.builders import Ward
from tests.clients import Client
from tests.refusals import refused
from web.auth import digest_of


@pytest.fixture
async def led(ward: Ward) -> Ward:
    """Return a node with an administrator."""
    await ward.admit("juniper", role="admin")
    return ward


async def test_administrators_add_bots_and_nobody_else_does(led: Ward) -> None:
    create = {"handle": "safety-desk", "scopes": ["read", "post"]}

    for other in ("ana", "linden"):
        with refused("forbidden"):
            await led.run("bot.create", create, other)
    made = await led.run("bot.create", create, "juniper")

    assert made["person"]["kind"] == "bot"
    assert made["token"].startswith("cbt_")


async def test_a_token_is_answered_once_and_never_again(led: Ward) -> None:
    create = {"scopes": ["read"], "cid": "b1f0c2d4e5"}
    first = await led.run("token.create", create, "ana")

    again = await led.run("token.create", create, "ana")

    assert first["token"]
    assert again.get("token") is None
    assert again["id"] == first["id"]


async def test_a_moderators_token_removes_anothers_message_only_with_the_scope(led: Ward) -> None:
    posted = await led.post("cardiology", "Of ana", "ana")
    linden = led.actors["linden"]
    for handle, scopes in (("poster", "read post"), ("keeper", "read post moderate")):
        led.actors[handle] = msgspec.structs.replace(linden, scopes=frozenset(scopes.split()))
    remove = {"room": "cardiology", "id": posted["id"]}

    with refused("forbidden"):
        await led.run("message.remove", remove, "poster")
    await led.run("message.remove", remove, "keeper")


async def test_a_revoked_token_closes_what_came_by_it_and_nothing_else(led: Ward) -> None:
    made = await led.run("token.create", {"scopes": ["read"]}, "ana")
    by_token, by_session = Client(led, "ana"), Client(led, "ana")
    by_token.connection.session = digest_of(made["token"])

    with refused("not_found"):
        await led.run("token.revoke", {"id": made["id"]}, "ben")
    assert by_token.link.code is None
    await led.run("token.revoke", {"id": made["id"]}, "ana")

    assert by_token.link.code == Close.SIGNED_OUT
    assert by_session.link.code is None
