"""People, bots and tokens: who is added by whom, and secrets that are shown once."""

import hashlib
from typing import Any

import pytest

from chat.commands import Commands
from chat.errors import BadRequest
from chat.events import own_room
from rooms import bots, people
from rooms.permissions import SCOPES
from storage.answers import Answers, Write
from storage.credentials import Bearer, Credentials
from storage.database import Connection
from storage.rooms import Rooms
from tests.builders import Ward
from tests.refusals import refused
from web.curbside import all_commands


@pytest.fixture
async def clinic(ward: Ward) -> Ward:
    """Return a node that also has an administrator and a bot."""
    ward.curbside.commands.include(bots.commands, bots.internal, people.internal)
    await ward.admit("okafor", role="admin")
    await ward.admit("labs", kind="bot")
    return ward


async def _bearer(ward: Ward, token: str) -> Bearer | None:
    """Return who comes in with a token."""
    digest = hashlib.sha256(token.encode()).digest()
    now = ward.curbside.wall_time()
    return await ward.curbside.database.reading(lambda c: Credentials(c).token(digest, now))


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
