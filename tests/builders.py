"""Builders: a node with people and rooms on it, spoken of by their names."""

import asyncio
import hashlib
import itertools
from collections.abc import AsyncIterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from functools import cache, partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

import msgspec

from chat.bus import Bus
from chat.identifiers import new_id
from rooms.people import insert_person
from rooms.permissions import Actor
from storage.credentials import Credentials
from storage.database import Connection
from storage.engines import open_database
from storage.people import People, Person
from storage.rooms import Rooms
from tests.databases import furnish_file
from web.curbside import Curbside

SECRET = b"a key for tests, of no other use"
FAR = 1e12  # seconds since 1970: when nothing of a test has expired


@asynccontextmanager
async def serving_on(database_url: str, bus: Bus | None = None) -> AsyncIterator[Curbside]:
    """Yield a node on a database that has every table."""
    made = Curbside(open_database(database_url), secret=SECRET, is_limited=False, bus=bus)
    await made.start()
    yield made
    await made.stop()


class Ward:
    """One node, and whoever is on it."""

    def __init__(self, curbside: Curbside, actors: Mapping[str, Actor] | None = None) -> None:
        self.curbside = curbside
        self.actors = dict(actors or {})
        self._numbers = itertools.count(1)

    async def admit(
        self, *handles: str, role: str = "member", kind: str = "person",
        scopes: frozenset[str] | None = None,
    ) -> None:  # fmt: skip
        """Add people who may then be spoken of by their handles."""
        for handle in handles:
            person = Person(
                id=new_id(), handle=handle, name=handle.title(), kind=kind, role=role,
                verified=True, specialty="Cardiology",
            )  # fmt: skip
            add = partial(_add, person, self.session(handle), scopes)
            await self.curbside.database.transaction(add)
            self.actors[handle] = Actor(
                id=person.id, handle=handle, kind=kind, role=role, verified=True, scopes=scopes
            )

    def id(self, handle: str) -> str:
        """Return a person's id."""
        return self.actors[handle].id

    def session(self, handle: str) -> bytes:
        """Return the digest of the session, or the token, that somebody is connected with."""
        return hashlib.sha256(handle.encode()).digest()

    def cid(self) -> str:
        """Return a cid that was not used before."""
        return f"cid-{next(self._numbers):08}"

    async def run(self, name: str, payload: dict[str, Any], handle: str) -> Any:
        """Run a command for somebody, and return its reply as the map that a client gets."""
        reply = await self.curbside.run(name, payload, self.actors[handle])
        return msgspec.to_builtins(reply)

    async def open_room(self, room: str, owner: str, *members: str, private: bool = False) -> str:
        """Open a room with members, and return its id."""
        opened = await self.run(
            "room.create", {"room": room, "title": room.title(), "private": private}, owner
        )
        for member in members:
            adding = {"room": opened["room"], "person": f"@{member}"}
            await self.run("member.add", adding, owner)
        return str(opened["room"])

    async def post(self, room: str, text: str, handle: str, **more: Any) -> Any:
        """Post a text, and return the answer."""
        payload = {"room": room, "text": text, "cid": self.cid(), **more}
        return await self.run("message.post", payload, handle)


def _add(
    person: Person, session: bytes, scopes: frozenset[str] | None, connection: Connection
) -> None:
    insert_person(People(connection), Rooms(connection), person, at=0.0)
    credentials = Credentials(connection)
    if scopes is None:
        credentials.open_session(session, person.id, at=0.0, expires=FAR)
    else:
        credentials.add_token(session, new_id(), person.id, scopes, at=0.0, expires=None)


async def settle(ward: Ward) -> None:
    """Admit a moderator, two members of cardiology, and one who is no member."""
    await ward.admit("linden", role="moderator")
    await ward.admit("ana", "ben", "stranger")
    await ward.open_room("cardiology", "linden", "ana", "ben")


class Inhabited(NamedTuple):
    """A SQLite database on which a ward has settled."""

    content: bytes
    actors: dict[str, Actor]

    def put(self, file: Path) -> str:
        """Write it there, and return its URL."""
        file.write_bytes(self.content)
        return f"sqlite:///{file}"


@cache
def inhabited() -> Inhabited:
    """Return one, which takes a hundred times as long to make as to write."""
    with TemporaryDirectory() as folder:
        file = Path(folder, "ward.db")
        # In a thread of its own: whoever asks first may be within a loop already.
        with ThreadPoolExecutor(1) as thread:
            actors = thread.submit(asyncio.run, _inhabit(furnish_file(file))).result()
        return Inhabited(file.read_bytes(), actors)


async def _inhabit(database_url: str) -> dict[str, Actor]:
    async with serving_on(database_url) as node:
        ward = Ward(node)
        await settle(ward)
        return ward.actors
