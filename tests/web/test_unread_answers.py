"""Unread answers: a client that asks for much and reads none of it costs the server little."""

import json
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest

from chat.connection import READS_AT_ONCE, Connection
from chat.errors import Close
from chat.frames import TEXT
from chat.shedding import shed
from rooms.permissions import Actor
from rooms.readings import Reading
from tests.waiting import until
from tests.web.doors import Door, ServerDoor, opened
from tests.web.http_clients import give_token
from tests.web.socket_servers import HEAD, RawClient, masked
from web.plain_link import HIGH

PAGE = 50  # messages of 9,000 characters
ANSWER = 460_000  # bytes: all of them, and what is around them
ASKED = 31  # of 14 MB together: more than the kernel takes of any server


@pytest.fixture(params=["handover", "sansio"])
async def door(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[ServerDoor]:
    async with opened(request.param, tmp_path) as door:
        assert isinstance(door, ServerDoor)
        for _ in range(PAGE):
            await door.ward.post("cardiology", "x" * 9_000, "ben")
        yield door


class Counter:
    """Counts the reads of one actor."""

    def __init__(self, door: Door, handle: str, monkeypatch: pytest.MonkeyPatch) -> None:
        self.begun = self.ended = 0
        self._id = door.ward.id(handle)
        self._read = door.ward.curbside.read
        monkeypatch.setattr(door.ward.curbside, "read", self._count)

    async def _count(self, actor: Actor, work: Callable[[Reading], Any]) -> Any:
        self.begun += actor.id == self._id
        try:
            return await self._read(actor, work)
        finally:
            self.ended += actor.id == self._id


async def connected(door: ServerDoor, handle: str) -> tuple[RawClient, Connection]:
    """Return somebody who does not read, and what the server has of them."""
    granted = await give_token(door.ward, handle, "read", "post")
    client = await door.served.connect(receive_buffer=4096)
    await client.upgrade(HEAD + f"Authorization: {granted['Authorization']}\r\n".encode())
    [connection] = door.ward.curbside.connections._all
    return client, connection


def command(re: int, do: str, **payload: Any) -> bytes:
    return masked(TEXT, json.dumps({"id": re, "do": do, "with": payload}).encode())


async def test_answers_that_nobody_reads_are_not_made(
    door: ServerDoor, monkeypatch: pytest.MonkeyPatch
) -> None:
    client, connection = await connected(door, "ana")
    reads = Counter(door, "ana", monkeypatch)
    pages = [command(re, "message.history", room="cardiology") for re in range(ASKED)]
    post = command(ASKED, "message.post", room="cardiology", cid="cid-00000001", text="And yet")

    client.send(b"".join((*pages, post)))
    await until(lambda: connection.write_is_paused and reads.begun == reads.ended)

    assert reads.begun < ASKED
    assert HIGH < connection.link.unread < HIGH + READS_AT_ONCE * ANSWER
    await door.ward.post("cardiology", "After it", "ben")  # the writer takes them in turn
    found = await door.ward.run("message.history", {"room": "cardiology", "limit": 2}, "ben")
    assert [message["text"] for message in found["messages"]] == ["And yet", "After it"]
    answered: set[int] = set()
    while len(answered) <= ASKED:
        frame = json.loads((await client.frame())[1])
        if "re" in frame:
            answered.add(frame["re"])
    assert answered == set(range(ASKED + 1))
    assert reads.begun == ASKED


async def test_who_leaves_most_unread_is_dropped_where_it_is_too_much_for_the_node(
    door: ServerDoor,
) -> None:
    client, connection = await connected(door, "ana")
    client.send(b"".join(command(re, "message.history", room="cardiology") for re in range(ASKED)))
    await until(lambda: connection.write_is_paused)

    shed(door.ward.curbside.connections, connection.link.unread)
    assert connection.ended is None
    shed(door.ward.curbside.connections, connection.link.unread - 1)

    await until(lambda: not door.ward.curbside.connections._all)
    assert connection.ended is Close.SHEDDING
