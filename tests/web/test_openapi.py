"""Both API documents: complete, whole, and true of what is really answered and told."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, cast

import pytest

from chat.codecs import JSON
from chat.commands import Over
from chat.events import EVENTS, SIGNALS
from tests.web.doors import ServerDoor, opened
from tests.web.http_clients import PASSWORD, give_password, give_token
from tests.web.schemas import Document
from tests.web.talkers import Talker, dialled
from web.asyncapi import asyncapi
from web.curbside import all_commands
from web.openapi import openapi

HTTP = Document(openapi(all_commands()))
SOCKET = Document(asyncapi(all_commands()))
COMMANDS = list(all_commands())
OVER_HTTP = [command for command in COMMANDS if command.over is not Over.SOCKET]
MESSAGES: dict[str, Any] = SOCKET.document["channels"]["socket"]["messages"]
SCOPES = ("read", "post", "react", "pin", "moderate", "manage")


@pytest.mark.parametrize("document", [HTTP, SOCKET], ids=["openapi", "asyncapi"])
def test_every_reference_leads_somewhere(document: Document) -> None:
    refs = document.refs()

    assert refs
    for ref in refs:
        document.find(ref)


def test_every_command_has_a_path_and_every_path_is_one_commands() -> None:
    paths = HTTP.document["paths"]
    read = {"/api/rooms", "/api/rooms/{room}/messages"}

    assert paths.keys() == {f"/api/{command.name}" for command in OVER_HTTP} | read
    assert all(paths[path].keys() == {"get"} for path in read)
    for command in OVER_HTTP:
        operation = paths[f"/api/{command.name}"]["post"]
        assert operation["operationId"] == command.name
        assert operation["summary"] == command.summary
        assert ("security" in operation) == command.anonymous


def test_every_path_is_served_and_says_how_it_refuses() -> None:
    for path, operations in HTTP.document["paths"].items():
        for operation in operations.values():
            assert operation["responses"].keys() == {"200", "default"}, path


def test_everything_on_the_socket_is_described() -> None:
    asked = [command.name for command in COMMANDS if command.over is not Over.HTTP]
    told = [*(f"event:{name}" for name in EVENTS), *(f"signal:{name}" for name in SIGNALS)]

    assert MESSAGES.keys() == {
        *asked, *told, *(f"answer:{name}" for name in asked), "refusal"
    }  # fmt: skip
    operations = SOCKET.document["operations"]
    assert [SOCKET.find(ref["$ref"]) for ref in operations["ask"]["messages"]] == [
        MESSAGES[name] for name in asked
    ]
    assert len(operations["tell"]["messages"]) == len(MESSAGES) - len(asked)


def test_the_checker_finds_what_is_not_as_described() -> None:
    schema = MESSAGES["event:message.posted"]["payload"]
    data = {"id": "1", "cid": "b1f0c2d4e5", "kind": "text", "text": "ECG"}
    frame = {
        "room": "a", "seq": 1, "event": "message.posted", "at": 1.5, "by": None, "data": data
    }  # fmt: skip
    SOCKET.check(frame, schema)
    SOCKET.check({**frame, "data": {"id": "1", "voided": True}}, schema)
    wrong: list[dict[str, Any]] = [
        {**frame, "seq": True}, {**frame, "seq": 0}, {**frame, "at": "1"}, {**frame, "more": 1},
        {**frame, "event": "message.edited"}, {**frame, "data": {**data, "colour": "red"}},
        {**frame, "data": {"id": 1}}, {name: frame[name] for name in frame if name != "by"},
    ]  # fmt: skip

    for each in wrong:
        with pytest.raises(AssertionError):
            SOCKET.check(each, schema)


@pytest.fixture
async def door(tmp_path: Path) -> AsyncIterator[ServerDoor]:
    async with opened("handover", tmp_path) as door:
        yield cast(ServerDoor, door)


class Caller:
    """One who asks over HTTP, and holds every answer against the document."""

    def __init__(self, door: ServerDoor, headers: dict[str, str]) -> None:
        self.asked: set[str] = set()
        self._door = door
        self._headers = {**headers, "Content-Type": "application/json"}

    async def ask(self, name: str, payload: dict[str, Any], status: int = 200) -> Any:
        """Ask a command; both the request and the answer must be as described."""
        operation = HTTP.document["paths"][f"/api/{name}"]["post"]
        if status == 200:
            body = operation["requestBody"]["content"]["application/json"]["schema"]
            HTTP.check(payload, body, name)
        answer = await self._door.post(f"/api/{name}", self._headers, JSON.encode(payload))
        assert answer.status_code == status, answer.text
        response = operation["responses"].get(str(status), operation["responses"]["default"])
        [schema] = {
            str(content["schema"]): content["schema"] for content in response["content"].values()
        }.values()
        assert answer.headers["content-type"] in response["content"]
        HTTP.check(answer.json(), schema, name)
        self.asked.add(name)
        return answer.json()


async def test_every_answer_of_a_conversation_is_as_described(door: ServerDoor) -> None:
    await give_password(door.ward, "ana")
    caller = Caller(door, {})
    await caller.ask("session.open", {"handle": "ana", "password": "not this one"}, 401)
    await caller.ask("session.open", {"handle": "ana", "password": PASSWORD})
    signing_up = {"handle": "eve", "name": "Eve", "code": "x", "password": PASSWORD}
    await caller.ask("session.sign_up", signing_up, 401)
    await caller.ask("session.close", {})
    ana = Caller(door, await give_token(door.ward, "ana", *SCOPES))
    linden = Caller(door, await give_token(door.ward, "linden", *SCOPES))

    await converse(ana, linden)

    unasked = {command.name for command in OVER_HTTP} - caller.asked - ana.asked - linden.asked
    assert unasked == {"bot.create", "token.create", "token.revoke"} & unasked


async def converse(ana: Caller, linden: Caller) -> None:
    """Ask every command that a token may, rightly and wrongly."""
    here = {"room": "cardiology"}
    await ana.ask("session.show", {})
    await ana.ask("room.list", {})
    opened = await ana.ask("room.create", {"title": "Journal club", "private": True})
    await ana.ask("member.add", {"room": opened["room"], "person": "@ben"})
    await ana.ask("member.add", {**here, "person": "@ben"}, 403)
    first = await ana.ask("message.post", {**here, "cid": "b1f0c2d4e5", "text": "ECG attached."})
    await ana.ask("message.post", {**here, "cid": "b1f0c2d4e5", "text": "ECG attached."})
    await ana.ask("message.post", {**here, "cid": "b1f0c2d4e5", "text": "Other."}, 409)
    reply = await linden.ask("message.post", {**here, "text": "STEMI.", "reply_to": first["id"]})
    await linden.ask("message.edit", {**here, "id": reply["id"], "text": "Inferior STEMI."})
    await linden.ask("message.edit", {**here, "id": first["id"], "text": "Not mine."}, 403)
    await ana.ask("message.react", {**here, "id": reply["id"], "emoji": "agree", "on": True})
    await linden.ask("message.pin", {**here, "id": reply["id"], "note": "Teaching case"})
    await ana.ask("message.pin", {**here, "id": reply["id"]}, 403)
    await ana.ask("message.history", here)
    await linden.ask("message.unpin", {**here, "id": reply["id"]})
    await linden.ask("message.remove", {**here, "id": first["id"], "reason": "identifier"})
    await linden.ask("message.remove", {**here, "id": "nothing"}, 404)
    page = await ana.ask("message.history", here)
    await ana.ask("message.history", {**here, "limit": 0}, 400)
    await ana.ask("person.list", {"people": [person["id"] for person in page["people"]]})
    await ana.ask("person.type", here)
    await ana.ask("presence.set", {"state": "busy"})
    await ana.ask("room.mark_read", {**here, "seq": page["as_of"]})
    await ana.ask("member.leave", here)
    await ana.ask("room.join", here)


async def test_every_frame_of_a_conversation_is_as_described(door: ServerDoor) -> None:
    ana = await give_token(door.ward, "ana", *SCOPES)
    linden = Caller(door, await give_token(door.ward, "linden", *SCOPES))
    asker = Caller(door, ana)
    async with dialled(door.socket_url, ana, JSON.name) as socket:
        talker = Talker(socket, JSON)
        await talker.ask("room.enter", {"room": "cardiology"})
        await talker.ask("room.enter", {"room": "@me"})
        await converse(asker, linden)
        now = door.ward.curbside.loop_time()
        door.ward.curbside.watches.tell_presence(now + 60)
        await talker.ask("connection.ping", {})
        await talker.ask("message.post", {"room": "no-such-room", "cid": "c-000001", "text": "x"})
        late = await talker.enter("cardiology", signals=True)
        await talker.enter("cardiology", epoch=late["epoch"], seq=1)
        await talker.until(lambda frame: "voided" in frame.get("data", {}))
        await talker.ask("room.leave", {"room": "cardiology"})
        await door.ward.curbside.connections.drain(0.0)
        await talker.close_code()

    kinds = [kind_of(frame, talker.asked) for frame in talker.frames]
    for frame, kind in zip(talker.frames, kinds, strict=True):
        SOCKET.check(frame, MESSAGES[kind]["payload"], kind)
    assert set(kinds) >= {
        "refusal", "answer:room.enter", "answer:room.leave", "answer:connection.ping",
        "event:message.posted", "event:message.edited", "event:message.reacted",
        "event:message.removed", "event:message.pinned", "event:message.unpinned",
        "event:member.left", "event:member.joined", "event:read.marked",
        "signal:connection.welcoming", "signal:connection.closing", "signal:presence.changing",
        "signal:person.typing",
    }  # fmt: skip


def kind_of(frame: dict[str, Any], asked: dict[int | str, str]) -> str:
    """Return by which name the document describes a frame."""
    if "refused" in frame:
        return "refusal"
    if "re" in frame:
        return f"answer:{asked[frame['re']]}"
    return f"event:{frame['event']}" if "event" in frame else f"signal:{frame['signal']}"
