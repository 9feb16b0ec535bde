"""Every command refuses those it should; a command that is added later is covered by being declared."""

import importlib
import pkgutil
from typing import Any

import pytest

import presence
import rooms
import web
from chat.commands import Command, Commands, Over, Runs
from chat.errors import Refusal
from rooms.permissions import SCOPES
from storage.engines import SQLITE
from tests.builders import Ward
from tests.refusals import refused
from web.curbside import all_commands

OF_ONESELF = {
    "connection.ping", "person.list", "presence.set", "room.list", "room.create", "session.show",
    "session.open", "session.sign_up", "session.close", "token.create", "token.revoke",
    "bot.create",
}  # fmt: skip
"""Commands that name no room; the last three decide by the actor's role."""

FOR_ALL = {"member.leave", "room.enter", "room.join", "room.leave", "room.mark_read"}
"""Commands that name a public room, and that one need not belong to it for."""

FOR_MODERATORS = {"member.add"}
"""Those for which moderators need not belong to it either."""

ANYTHING: dict[str, Any] = {
    "cid": "b1f0c2d4e5", "id": "nothing", "text": "Hello", "seq": 0, "emoji": "agree", "on": True,
    "person": "@ana",
}  # fmt: skip

ENGINES = [SQLITE]
COMMANDS = list(all_commands())


def _payload(command: Command, room: str, **more: Any) -> dict[str, Any]:
    given = {**ANYTHING, **more}
    return {
        "room": room,
        **{key: given[key] for key in command.request.__struct_fields__ if key in given},
    }


IN_ROOMS = [command for command in COMMANDS if command.name not in OF_ONESELF]
CALLABLE = [command for command in COMMANDS if command.over is not Over.SOCKET]
"""Those of a connection alone are in tests/chat/test_connections.py."""

WRITING = [c for c in IN_ROOMS if c.runs is not Runs.READS and c.name not in FOR_ALL]


def test_every_command_names_a_room_or_is_listed_as_ones_own() -> None:
    for command in IN_ROOMS:
        assert "room" in command.request.__struct_fields__, command.name


@pytest.mark.parametrize(
    "command", [c for c in IN_ROOMS if c in CALLABLE], ids=lambda command: command.name
)
async def test_a_stranger_is_told_that_a_private_room_is_not_there(
    ward: Ward, command: Command
) -> None:
    room = await ward.open_room("any", "ana", "ben", private=True)

    refusals = []
    for name in (room, "no-such-room"):
        with pytest.raises(Refusal) as caught:
            await ward.run(command.name, _payload(command, name), "stranger")
        refusals.append(caught.value.answer())

    assert refusals[0] == refusals[1]
    assert refusals[0]["code"] == "not_found"


@pytest.mark.parametrize("command", WRITING, ids=lambda command: command.name)
async def test_who_is_no_member_of_a_public_room_writes_nothing_in_it(
    ward: Ward, command: Command
) -> None:
    """Nor do those who were one, of their own messages, be they moderators or not."""
    about = {"stranger": await ward.post("cardiology", "Door-to-balloon audit", "ana")}
    for handle in ("ben", "linden"):
        about[handle] = await ward.post("cardiology", "Bed 4 is free", handle)
        await ward.run("member.leave", {"room": "cardiology"}, handle)

    for handle, posted in about.items():
        asked = _payload(command, "cardiology", id=posted["id"])
        if handle == "linden" and command.name in FOR_MODERATORS:
            continue
        with refused("forbidden"):
            await ward.run(command.name, asked, handle)

    await ward.run("room.join", {"room": "cardiology"}, "linden")
    await ward.run(command.name, asked, "linden")  # refused, then, for that alone


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command.name)
def test_every_command_says_which_tokens_may_call_it(command: Command) -> None:
    assert command.scope in SCOPES or command.scope is None
    assert (
        command.scope is not None
        or command.anonymous
        or "token" in command.name
        or (command.name == "bot.create")
    )


@pytest.mark.parametrize(
    "command", [c for c in CALLABLE if not c.anonymous], ids=lambda command: command.name
)
async def test_a_token_without_the_scope_is_refused(ward: Ward, command: Command) -> None:
    others = frozenset(SCOPES) - {command.scope}
    await ward.admit("bot", kind="bot", scopes=others)

    with pytest.raises(Refusal) as caught:
        await ward.run(command.name, _payload(command, "cardiology"), "bot")

    assert caught.value.code == "forbidden"


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command.name)
def test_every_command_is_documented(command: Command) -> None:
    assert command.summary.endswith(".")
    assert (command.request.__doc__ or "").startswith("Ask ")


def test_every_command_that_a_module_declares_can_be_sent_or_is_internal() -> None:
    declared: set[str] = set()
    for package in (rooms, presence, web):
        for found in pkgutil.iter_modules(package.__path__):
            module = importlib.import_module(f"{package.__name__}.{found.name}")
            tables = [value for value in vars(module).values() if isinstance(value, Commands)]
            internal = getattr(module, "internal", None)
            declared |= {each.name for table in tables if table is not internal for each in table}

    assert declared == {command.name for command in all_commands()}
