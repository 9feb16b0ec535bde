"""The database away: posts are refused in time, sockets stay, what memory has is read, all heals."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

import asyncpg
import pytest

from storage import rooms
from tests import engines
from tests.builders import Ward, serving_on
from tests.clients import Client
from tests.databases import furnish_database
from tests.web.http_clients import browsing

pytestmark = [pytest.mark.faults, pytest.mark.postgresql]

REFUSED_WITHIN = 2.0 + 1.0  # seconds: the promise, and a machine that is shared by many
HEALED = 3.0 + 1.0  # seconds: the promise, and the same


@pytest.fixture
async def ward(server: engines.PostgreSQL) -> AsyncIterator[Ward]:
    """Return a node on it, with a room and two members."""
    async with serving_on(await furnish_database(server.url)) as curbside:
        ward = Ward(curbside)
        await ward.admit("linden", role="moderator")
        await ward.admit("ana", "ben")
        await ward.open_room("cardiology", "linden", "ana", "ben")
        yield ward


def post(ward: Ward, text: str) -> dict[str, Any]:
    return {"room": "cardiology", "text": text, "cid": ward.cid()}


async def refusals(client: Client, posts: list[dict[str, Any]]) -> list[str]:
    """Return the code that each post is refused with, all within the time that was promised."""
    start = time.monotonic()
    answers = await asyncio.gather(*(client.ask("message.post", each) for each in posts))
    assert time.monotonic() - start < REFUSED_WITHIN
    return [answer["refused"]["code"] for answer in answers]


async def settled(client: Client, posted: dict[str, Any]) -> dict[str, Any]:
    """Ask for a post, as a client does, until it is answered for good; return the answer."""
    while True:
        answer = await client.ask("message.post", posted)
        if answer.get("refused", {}).get("code") not in ("unavailable", "unknown"):
            return dict(answer["ok"])


@pytest.mark.parametrize("fault", ["killed", "silent"])
async def test_posts_are_refused_in_time_and_settle_when_it_is_back(
    server: engines.PostgreSQL, ward: Ward, fault: str
) -> None:
    ana, ben = Client(ward, "ana"), Client(ward, "ben")
    held = await ben.enter("cardiology")
    before = await ana.ask("message.post", post(ward, "BP 150/95."))
    posts = [post(ward, f"BP 140/90, reading {n}.") for n in range(5)]

    (server.kill if fault == "killed" else server.hold)()
    codes = await refusals(ana, posts)
    codes += await refusals(ana, posts)
    assert set(codes) == {"unavailable"}
    assert ana.link.code is None
    assert ben.link.code is None

    late = Client(ward, "ben")
    again = await late.enter("cardiology", epoch=held["epoch"], seq=held["head"])
    assert again["resumed"] is True
    assert (await late.event(before["ok"]["seq"]))["data"]["text"] == "BP 150/95."

    if fault == "killed":
        await asyncio.to_thread(server.start)
    else:
        server.let_go()
    answers = [await settled(ana, each) for each in posts]
    assert [answer["seq"] for answer in answers] == [before["ok"]["seq"] + 1 + n for n in range(5)]
    assert not any("duplicate" in answer for answer in answers)
    for client in (ben, late):
        await client.event(answers[-1]["seq"])


async def test_of_an_unanswered_commit_the_fate_is_unknown_until_the_retry(
    server: engines.PostgreSQL, ward: Ward, monkeypatch: pytest.MonkeyPatch
) -> None:
    ana, ben = Client(ward, "ana"), Client(ward, "ben")
    await ben.enter("cardiology")
    posted = post(ward, "Troponin 14.")

    # The last statement of a batch: what follows it is the commit.
    monkeypatch.setattr("storage.rooms._ADVANCE", Held(server))
    answer = await ana.ask("message.post", posted)
    monkeypatch.undo()
    assert answer["refused"]["code"] == "unknown"

    server.let_go()
    told = await settled(ana, posted)
    await ben.event(told["seq"])
    assert (await settled(ana, posted)) == {**told, "duplicate": True}


class Held:
    """A prepared write, after which the server falls silent."""

    def __init__(self, server: engines.PostgreSQL) -> None:
        self._write = rooms._ADVANCE
        self._server = server

    def run(self, connection: Any, rows: Any) -> None:
        self._write.run(connection, rows)
        self._server.hold()


@asynccontextmanager
async def crowding(server: engines.PostgreSQL) -> AsyncIterator[None]:
    """Have strangers hold every connection that the server gives, those of a node too."""
    async with AsyncExitStack() as stack:
        strangers: list[int] = []
        while True:
            try:
                stranger = await asyncpg.connect(f"{server.url}/postgres")
            except asyncpg.TooManyConnectionsError:
                if not await stranger.fetch(PUT_OUT, strangers):
                    break
            else:
                strangers.append(stranger.get_server_pid())
                stack.push_async_callback(stranger.close)
        yield


PUT_OUT = """
SELECT pg_terminate_backend(pid) FROM pg_stat_activity
WHERE backend_type = 'client backend' AND NOT pid = ANY($1)
"""


async def test_without_connections_posts_are_refused_in_time_and_settle_when_some_are_free(
    server: engines.PostgreSQL, ward: Ward
) -> None:
    ana, ben = Client(ward, "ana"), Client(ward, "ben")
    await ben.enter("cardiology")
    before = await ana.ask("message.post", post(ward, "BP 150/95."))
    posts = [post(ward, f"BP 140/90, reading {n}.") for n in range(5)]

    async with crowding(server), browsing(ward.curbside) as http:
        codes = [*await refusals(ana, posts), *await refusals(ana, posts)]
        ready = await http.get("/readyz")
    assert set(codes) == {"unavailable"}
    assert ana.link.code is None
    assert ben.link.code is None
    assert (ready.status_code, ready.json()["degraded"]) == (200, ["database"])

    start = time.monotonic()
    answers = [await settled(ana, each) for each in posts]
    await ben.event(answers[-1]["seq"])
    assert time.monotonic() - start < HEALED
    assert [answer["seq"] for answer in answers] == [before["ok"]["seq"] + 1 + n for n in range(5)]
    assert not any("duplicate" in answer for answer in answers)


async def test_readiness_says_that_it_is_away(server: engines.PostgreSQL, ward: Ward) -> None:
    assert await ward.curbside.has_database()

    server.kill()
    assert not await ward.curbside.has_database()

    await asyncio.to_thread(server.start)
    while not await ward.curbside.has_database():
        pass
