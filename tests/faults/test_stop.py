"""SIGTERM: a server that is told to stop in a busy moment says of no post what is not so.

Clients post over sockets and HTTP without a pause. What was answered is stored, what was refused is
not, and what got no answer is known once the same cid was said again.
"""

import asyncio
import itertools
import json
import sqlite3
from contextlib import AsyncExitStack, closing
from pathlib import Path
from typing import Any

import httpx2
import pytest

from chat.codecs import JSON, MSGPACK
from chat.errors import Close
from tests.processes import PATIENCE, curbside, http_client, served
from tests.web.talkers import Closed, Talker, talking

AT_ONCE = 16  # posts of one client without an answer
BEFORE = 200  # answers before the signal comes
ROOM = "cardiology"


class Ledger:
    """What all clients said, and what they were told of it."""

    def __init__(self) -> None:
        self.said: dict[str, dict[str, Any]] = {}
        self.told: dict[str, int] = {}
        self.refused: dict[str, str] = {}
        self.enough = asyncio.Event()
        self._numbers = itertools.count(1)

    def post(self) -> dict[str, Any]:
        """Return a post that nobody made before."""
        cid = f"cid-{next(self._numbers):06}"
        self.said[cid] = {"room": ROOM, "cid": cid, "text": f"{cid}: potassium rechecked."}
        return self.said[cid]

    def take(self, cid: str, answer: dict[str, Any]) -> None:
        """Note what was answered, as a socket's frame has it."""
        if "ok" in answer:
            self.told[cid] = answer["ok"]["seq"]
        else:
            self.refused[cid] = answer["refused"]["code"]
        if len(self.told) >= BEFORE:
            self.enough.set()

    @property
    def unanswered(self) -> list[str]:
        return [cid for cid in self.said if cid not in self.told and cid not in self.refused]


async def post_by_socket(talker: Talker, ledger: Ledger) -> int:
    """Post without a pause until the server closes, and return its close code."""
    try:
        for _ in range(AT_ONCE):
            await tell(talker, ledger)
        while True:
            talker.frames.clear()
            frame = await talker.hear()
            if frame.get("re") in ledger.said:
                ledger.take(frame["re"], frame)
                await tell(talker, ledger)
    except Closed:
        return await talker.close_code()


async def tell(talker: Talker, ledger: Ledger) -> None:
    payload = ledger.post()
    await talker.tell("message.post", payload, re=payload["cid"])


async def post_by_http(http: httpx2.AsyncClient, ledger: Ledger) -> None:
    """Post one after another until nobody listens any more."""
    while True:
        payload = ledger.post()
        try:
            answer = await http.post("/api/message.post", json=payload)
        except httpx2.TransportError:
            return
        said = answer.json()
        ok = answer.status_code == 200
        ledger.take(payload["cid"], {"ok": said} if ok else {"refused": said})


async def prepare(data: Path) -> dict[str, str]:
    """Add a person and a room, and return the headers that they sign in by."""
    line = json.dumps({"handle": "ana", "scopes": ["read", "post"]})
    added = await curbside(data, "person", "add", "-", stdin=line)
    ended = await curbside(data, "room", "add", ROOM, "--title", "Cardiology", "--member", "ana")
    assert ended.code == 0, ended.err
    return {"Authorization": f"Bearer {json.loads(added.out)['token']}"}


def stored(data: Path) -> dict[str, int]:
    """Return the cid in each message's text, by its number; none is there twice."""
    with closing(sqlite3.connect(data / "curbside.db")) as connection:
        rows = connection.execute("SELECT text, seq FROM messages").fetchall()
    found = {text.partition(":")[0]: seq for text, seq in rows}
    assert len(found) == len(rows)
    return found


@pytest.mark.faults
async def test_a_server_that_is_told_to_stop_answers_for_what_it_stored(tmp_path: Path) -> None:
    data, ledger = tmp_path / "var", Ledger()
    headers = await prepare(data)
    async with AsyncExitStack() as stack:
        server = await stack.enter_async_context(served(data, CURBSIDE_LIMITS="off"))
        talkers = [
            await stack.enter_async_context(talking(server.socket_url, headers, codec))
            for codec in (JSON, JSON, MSGPACK, MSGPACK)
        ]
        http = await stack.enter_async_context(http_client(server.origin, headers))
        sockets = [asyncio.ensure_future(post_by_socket(each, ledger)) for each in talkers]
        requests = [asyncio.ensure_future(post_by_http(http, ledger)) for _ in range(2)]
        await asyncio.wait_for(ledger.enough.wait(), PATIENCE)

        assert await server.stop() == ""
        codes = await asyncio.gather(*sockets)
        await asyncio.gather(*requests)

    kept, unanswered = stored(data), ledger.unanswered
    assert codes == [Close.DRAINED] * 4
    assert "Traceback" not in server.log()
    assert unanswered, "the signal came in the midst of no post"
    assert {cid: kept.get(cid) for cid in ledger.told} == ledger.told
    assert set(ledger.refused.values()) <= {"unavailable"}
    assert not kept.keys() & ledger.refused.keys()

    async with (
        served(data, CURBSIDE_LIMITS="off") as server,
        talking(server.socket_url, headers) as talker,
    ):
        for cid in unanswered:
            again = (await talker.ask("message.post", ledger.said[cid]))["ok"]
            assert again.get("duplicate", False) is (cid in kept)
            assert again["seq"] == kept.get(cid, again["seq"])
    assert stored(data).keys() == ledger.said.keys() - ledger.refused.keys()
