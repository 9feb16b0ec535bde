"""Seed: the demo people, rooms and conversation, told through the real use cases, long ago.

All of it goes in with one commit, and only where nobody is: to seed twice, or twice at once, changes
nothing.
"""

import json
import os
import random
import secrets
import time
from pathlib import Path
from typing import Any

from chat.errors import Conflict
from rooms import directory, messages, people, pins, reactions, reads
from rooms.permissions import Actor
from storage.credentials import Credentials
from storage.people import People, Person
from web.office import Desk, Office, hash_all

CONTENT = Path(__file__).parent / "demo.json"
UNREAD = (0, 0, 0, 2, 4, 7)  # messages that a member may have left unread
LONG_AGO = 90 * 86_400.0  # seconds before, when people and rooms began

COMMANDS = {
    "text": (messages.commands, "message.post"),
    "edit": (messages.commands, "message.edit"),
    "react": (reactions.commands, "message.react"),
    "pin": (pins.commands, "message.pin"),
    "remove": (messages.commands, "message.remove"),
}
"""By the key that an entry of the conversation has, in the order of their precedence."""


def plant(office: Office) -> Path:
    """Put all of it into the database, and return the file with the sign-ins.

    Raises Conflict where there are people already.
    """
    content = json.loads(CONTENT.read_text(encoding="utf-8"))
    sleepers = {p["handle"]: secrets.token_urlsafe(9) for p in content["people"] if _signs_in(p)}
    hashes = dict(zip(sleepers, hash_all(sleepers.values()), strict=True))
    sign_ins = sign_ins_of(office.settings.data)

    def run(desk: Desk) -> None:
        if People(desk.connection).count():
            raise Conflict(
                "There are people here already; demo content goes into an empty database."
            )
        _Planting(desk, content).run(hashes)
        # Before the commit: what is lost with a crash is then the people, never their passwords alone.
        _write_sign_ins(sign_ins, content["people"], sleepers)

    office.write(run)
    return sign_ins


def sign_ins_of(data: Path) -> Path:
    """Return where the demo people's passwords are."""
    return data / "demo.txt"


class _Planting:
    def __init__(self, desk: Desk, content: dict[str, Any]) -> None:
        self._desk = desk
        self._content = content
        self._start = time.time()
        self._actors: dict[str, Actor] = {}
        self._posted: dict[str, str] = {}
        self._seqs: dict[str, list[int]] = {}

    def run(self, hashes: dict[str, str]) -> None:
        """Add people with their passwords, then rooms, then what was said, then who has read it."""
        for each in self._content["people"]:
            self._add_person(each, hashes.get(each["handle"]))
        for each in self._content["rooms"]:
            self._add_room(each)
        for number, entry in enumerate(self._content["conversation"]):
            self._add_entry(number, entry)
        self._mark_read()

    def _add_person(self, each: dict[str, Any], hashed: str | None) -> None:
        request = people.AddPerson(
            handle=each["handle"], name=each["name"], kind=each.get("kind", "person"),
            role=each.get("role", "member"), specialty=each.get("specialty"),
            verified=each.get("verified", True),
        )  # fmt: skip
        now = self._start - LONG_AGO
        added = self._desk.run(people.internal, "person.add", request, now=now).person
        self._actors[each["handle"]] = _actor(added)
        if hashed is not None:
            Credentials(self._desk.connection).set_password(added.id, hashed)

    def _add_room(self, each: dict[str, Any]) -> None:
        members = tuple(f"@{handle}" for handle in each["members"])
        request = directory.AddRoom(
            room=each["room"], title=each["title"], topic=each["topic"],
            private=each["private"], owner=f"@{each['owner']}", members=members,
        )  # fmt: skip
        now = self._start - LONG_AGO
        self._desk.run(directory.internal, "room.add", request, now=now)

    def _add_entry(self, number: int, entry: dict[str, Any]) -> None:
        kind = next(key for key in ("edit", "react", "pin", "remove", "text") if key in entry)
        commands, name = COMMANDS[kind]
        payload: dict[str, Any] = {"room": entry["room"], "cid": f"demo-{number:06}"}
        for key in ("text", "emoji", "note", "reason"):
            if key in entry:
                payload[key] = entry[key]
        if kind != "text":
            payload["id"] = self._posted[entry[kind]]
        if kind == "react":
            payload["on"] = True
        if "reply_to" in entry:
            payload["reply_to"] = self._posted[entry["reply_to"]]
        request = commands.find(name).convert(payload)
        reply = self._desk.run(
            commands, name, request,
            actor=self._actors[entry["by"]], now=self._start - entry["ago"],
        )  # fmt: skip
        if kind == "text":
            self._seqs.setdefault(entry["room"], []).append(reply.seq)
            self._posted[entry.get("ref", "")] = reply.id

    def _mark_read(self) -> None:
        dice = random.Random("demo")  # noqa: S311  # the same unread counts on every install
        for room in self._content["rooms"]:
            seqs = self._seqs.get(room["room"], [])
            for handle in {room["owner"]: None, **dict.fromkeys(room["members"])}:
                unread = dice.choice(UNREAD)
                if len(seqs) > unread:
                    request = reads.MarkRead(room=room["room"], seq=seqs[-1 - unread])
                    actor = self._actors[handle]
                    self._desk.run(reads.commands, "room.mark_read", request, actor=actor)


def _signs_in(person: dict[str, Any]) -> bool:
    return bool(person.get("kind", "person") == "person")


def _actor(person: Person) -> Actor:
    return Actor.of(person, frozenset(("read", "post", "pin")) if person.kind == "bot" else None)


def _write_sign_ins(path: Path, people: list[dict[str, Any]], passwords: dict[str, str]) -> None:
    lines = [
        f"{each['handle']:<16}{passwords[each['handle']]:<16}{each.get('role', 'member'):<12}"
        f"{each.get('specialty') or ''}".rstrip()
        for each in people
        if _signs_in(each)
    ]
    path.unlink(missing_ok=True)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write("\n".join(["# handle, password, role, specialty", *lines, ""]))
