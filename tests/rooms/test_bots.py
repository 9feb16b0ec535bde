"""Bots and tokens: made by those who may, shown once, worth nothing once they are revoked."""

import hashlib
from typing import Any

import msgspec
import pytest

from chat.commands import Commands
from chat.errors import Close
from chat.events import own_room
from rooms import bots
from rooms.permissions import SCOPES
from storage.answers import Answers, Write
from storage.credentials import Bearer, Credentials, digest_of
from storage.database import Connection
from tests.builders import Ward
from tests.clients import Client
from tests.refusals import refused
from web.curbside import all_commands


@pytest.fixture
async def clinic(ward: Ward) -> Ward:
    """Return a node that also has an administrator and a bot."""
    ward.curbside.commands.include(bots.internal)
    await ward.admit("okafor", role="admin")
    await ward.admit("labs", kind="bot")
    return ward


async def _bearer(ward: Ward, token: str) -> Bearer | None:
    """Return who comes in with a token."""
    digest = hashlib.sha256(token.encode()).digest()
    now = ward.curbside.wall_time()
    return await ward.curbside.database.reading(lambda c: Credentials(c).token(digest, now))


async def test_administrators_add_bots_and_others_do_not(clinic: Ward) -> None:
    asked = {"handle": "guidelines", "scopes": ["read", "post"], "cid": clinic.cid()}
    for handle in ("ana", "linden", "labs"):
        with refused("forbidden"):
            await clinic.run("bot.create", asked, handle)

    created = await clinic.run("bot.create", asked, "okafor")

    bearer = await _bearer(clinic, created["token"])
    assert created["token"].startswith("cbt_")
    assert bearer is not None
    assert bearer.person.handle == created["person"]["handle"] == "guidelines"
    assert bearer.person.kind == "bot"
    assert bearer.scopes == frozenset(("read", "post"))


async def test_a_retry_gets_the_tokens_id_and_never_the_token(clinic: Ward) -> None:
    asked = {"scopes": ["read"], "cid": clinic.cid()}
    first = await clinic.run("token.create", asked, "ana")

    again = await clinic.run("token.create", asked, "ana")

    assert again == {"person": first["person"], "id": first["id"], "duplicate": True}


async def test_no_answer_keeps_a_token(clinic: Ward) -> None:
    made = await clinic.run("token.create", {"scopes": ["read"], "cid": "cid-of-a-token"}, "ana")
    write = Write(own_room(clinic.id("ana")), clinic.id("ana"), "cid-of-a-token")

    def find(connection: Connection) -> bytes:
        answer = Answers(connection).given(write)
        assert answer is not None
        return answer.answer

    kept = await clinic.curbside.database.reading(find)
    assert made["id"].encode() in kept
    assert made["token"].encode() not in kept


async def test_a_token_is_made_for_oneself_or_by_administrators_for_bots(clinic: Ward) -> None:
    asked: dict[str, Any] = {"scopes": ["read"]}
    for handle, person in (("ana", "@ben"), ("ana", "@labs"), ("okafor", "@ana")):
        with refused("forbidden"):
            await clinic.run("token.create", {**asked, "person": person}, handle)

    own = await clinic.run("token.create", asked, "ana")
    bots_own = await clinic.run("token.create", {**asked, "person": "@labs"}, "okafor")

    assert own["person"]["handle"] == "ana"
    assert bots_own["person"]["handle"] == "labs"


async def test_a_token_ends_when_it_says(clinic: Ward) -> None:
    now = clinic.curbside.wall_time()
    with refused("bad_request"):
        await clinic.run("token.create", {"scopes": ["read"], "expires": now - 1}, "ana")

    made = await clinic.run("token.create", {"scopes": ["read"], "expires": now + 3600}, "ana")

    assert await _bearer(clinic, made["token"]) is not None
    clinic.curbside.wall_time = lambda: now + 3601
    assert await _bearer(clinic, made["token"]) is None


async def test_a_revoked_token_opens_nothing(clinic: Ward) -> None:
    made = await clinic.run("token.create", {"scopes": ["read"]}, "ana")
    with refused("not_found"):
        await clinic.run("token.revoke", {"id": made["id"]}, "ben")
    assert await _bearer(clinic, made["token"]) is not None

    await clinic.run("token.revoke", {"id": made["id"]}, "ana")

    assert await _bearer(clinic, made["token"]) is None
    with refused("not_found"):
        await clinic.run("token.revoke", {"id": made["id"]}, "ana")


async def test_a_moderators_token_removes_anothers_message_only_with_the_scope(
    clinic: Ward,
) -> None:
    posted = await clinic.post("cardiology", "Of ana", "ana")
    linden = clinic.actors["linden"]
    for handle, scopes in (("poster", "read post"), ("keeper", "read post moderate")):
        clinic.actors[handle] = msgspec.structs.replace(linden, scopes=frozenset(scopes.split()))
    remove = {"room": "cardiology", "id": posted["id"]}

    with refused("forbidden"):
        await clinic.run("message.remove", remove, "poster")
    await clinic.run("message.remove", remove, "keeper")


async def test_a_revoked_token_closes_what_came_by_it_and_nothing_else(clinic: Ward) -> None:
    made = await clinic.run("token.create", {"scopes": ["read"]}, "ana")
    by_token, by_session = Client(clinic, "ana"), Client(clinic, "ana")
    by_token.connection.session = digest_of(made["token"])

    with refused("not_found"):
        await clinic.run("token.revoke", {"id": made["id"]}, "ben")
    assert by_token.link.code is None
    await clinic.run("token.revoke", {"id": made["id"]}, "ana")

    assert by_token.link.code == Close.SIGNED_OUT
    assert by_session.link.code is None


async def test_administrators_revoke_anybodys_token(clinic: Ward) -> None:
    made = await clinic.run("token.create", {"scopes": ["read"]}, "ana")

    await clinic.run("token.revoke", {"id": made["id"]}, "okafor")

    assert await _bearer(clinic, made["token"]) is None


async def test_a_token_makes_no_tokens(clinic: Ward) -> None:
    await clinic.admit("script", role="admin", scopes=frozenset(SCOPES))

    for name, asked in (
        ("bot.create", {"handle": "another", "scopes": ["read"]}),
        ("token.create", {"scopes": ["read"]}),
        ("token.revoke", {"id": "nothing"}),
    ):
        with refused("forbidden"):
            await clinic.run(name, asked, "script")


async def test_tokens_of_one_person_have_a_bound(
    clinic: Ward, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bots, "TOKENS_A_PERSON", 1)
    await clinic.run("token.create", {"scopes": ["read"]}, "ana")

    with refused("conflict"):
        await clinic.run("token.create", {"scopes": ["read"]}, "ana")

    assert await clinic.run("token.create", {"scopes": ["read"]}, "ben")


def test_every_scope_that_a_command_needs_can_be_asked_for() -> None:
    needed = {command.scope for command in all_commands() if command.scope}

    assert {"read", "post", "pin"} < needed <= set(SCOPES)


def test_only_commands_that_answer_a_secret_say_so() -> None:
    declared = Commands[Any]()
    declared.include(bots.commands, bots.internal)

    secrets = {command.name: command.secret for command in declared}

    assert secrets == {
        "bot.create": "token", "token.create": "token", "token.add": "token",
        "token.revoke": None,
    }  # fmt: skip
