"""Left jobs: what a server that was killed had still to do is done, once, by the one after it."""

import asyncio
import json
import sqlite3
from collections.abc import Sequence
from contextlib import closing
from functools import partial
from pathlib import Path

import httpx2
import pytest

from storage.jobs import LEASE
from tests.processes import PATIENCE, Server, http_client, serving
from tests.waiting import until
from tests.web.command_lines import Headers, ok, rows, run

KILLS, ADDED = 5, 20  # people by each


@pytest.mark.faults
async def test_who_was_added_is_told_once_though_the_server_is_killed(tmp_path: Path) -> None:
    data = tmp_path / "var"
    headers, people = _prepare(data)
    server = Server(data, {"CURBSIDE_LIMITS": "off"})
    left = 0

    async with serving(server):
        for turn in range(KILLS):
            some = people[turn * ADDED :][:ADDED]
            adding = asyncio.create_task(_add(server, headers, some))
            await until(partial(_are_left, data, adding), PATIENCE)
            await server.kill()
            await adding
            left += _end_leases(data)
            await server.start()
            assert await _add(server, headers, some) == [200] * ADDED
            await until(lambda: _jobs(data) == 0, PATIENCE)

    told = rows(data, "SELECT count(*) FROM events WHERE event = 'member.added' GROUP BY room")
    assert told == [(1,)] * KILLS * ADDED
    assert left > 0, "no kill came between a commit and what was to follow it"


def _prepare(data: Path) -> tuple[Headers, list[str]]:
    """Add a moderator with a room, and people; return what the one signs in by, and their handles."""
    people = [f"nurse-{number}" for number in range(KILLS * ADDED)]
    lines = "\n".join(json.dumps({"handle": handle}) for handle in people)
    ok(run(data, "person", "add", "-", stdin=lines))
    ok(run(data, "person", "add", "linden", "--role", "moderator"))
    ok(run(data, "room", "add", "cardiology", "--title", "Cardiology"))
    token = ok(run(data, "token", "add", "linden", "--scope", "manage"))
    return {"Authorization": f"Bearer {token}"}, people


async def _add(server: Server, headers: Headers, people: Sequence[str]) -> list[int]:
    """Add people to the room all at once; return the status that each was answered with, or 0."""

    async def add(person: str) -> int:
        asked = {"room": "cardiology", "person": f"@{person}", "cid": f"add-{person}"}
        try:
            return (await client.post("/api/member.add", json=asked)).status_code
        except httpx2.TransportError:
            return 0

    async with http_client(server.origin, headers) as client:
        return await asyncio.gather(*map(add, people))


def _are_left(data: Path, adding: "asyncio.Task[list[int]]") -> bool:
    """Return whether there is a job, or no longer will be one."""
    return _jobs(data) > 0 or adding.done()


def _jobs(data: Path) -> int:
    [(count,)] = rows(data, "SELECT count(*) FROM jobs")
    return int(count)


def _end_leases(data: Path) -> int:
    """Have the dead server's leases be over, as they are in a few seconds; return how many it had."""
    with closing(sqlite3.connect(data / "curbside.db")) as connection, connection:
        return connection.execute("UPDATE jobs SET due = due - ?", (LEASE,)).rowcount
