"""Crowds: a thousand sockets that never read, in the room in which others talk.

The kernel takes some 250 kB for each before its connection is full; ten seconds later it is closed as
too slow. What all of them cost is measured between.
"""

import asyncio
import json
import logging
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import NamedTuple

import pytest

from bench.figures import percentile
from chat.frames import TEXT
from chat.identifiers import new_id
from tests.faults.test_memory import ASKED, deaf, page, paused
from tests.processes import Server, served
from tests.web.command_lines import Headers, add, ok, run
from tests.web.socket_servers import RawClient, masked
from tests.web.talkers import Talker, talking
from web.sockets import CONNECTIONS_LIMIT

CROWD = 1_000
ROUNDS = 8  # of the talk alone, and of the talk beside the crowd
POSTS = 300  # in each
EVERY = 0.01  # seconds from one post to the next
LONG = 50  # messages of 9,000 characters: 460 kB, a page or in turn
LOOK_EVERY = 0.1  # seconds
ROOM = "cardiology"
ENTER = {"id": 1, "do": "room.enter", "with": {"room": ROOM, "messages": 0, "signals": False}}
MOST_TIME = 1.2  # of the p99 without the crowd
MOST_MEMORY = 300 * 1024 * 1024  # bytes

log = logging.getLogger(__name__)


class Ward(NamedTuple):
    """A server with a room, one who talks in it, and a crowd that has as many sockets as it may."""

    server: Server
    ben: Headers
    people: list[Headers]

    async def crowd(self, stack: AsyncExitStack) -> list[RawClient]:
        """Connect the crowd, which has room for nothing."""
        connect = (deaf(self.server.port, headers) for headers in self.people * CONNECTIONS_LIMIT)
        return [await stack.enter_async_context(client) for client in connect]

    @property
    def resident(self) -> int:
        """How much memory the server has, in bytes."""
        assert self.server.process is not None
        lines = Path(f"/proc/{self.server.process.pid}/status").read_text().splitlines()
        [line] = [line for line in lines if line.startswith("VmRSS")]
        return int(line.split()[1]) * 1024


@pytest.fixture
async def ward(tmp_path: Path) -> AsyncIterator[Ward]:
    data = tmp_path / "var"
    names = ["ben", *(f"deaf-{number}" for number in range(CROWD // CONNECTIONS_LIMIT))]
    ben, *people = [add(data, name) for name in names]
    members = [word for name in names for word in ("--member", name)]
    ok(run(data, "room", "add", ROOM, "--title", "Ward", *members))
    async with served(data, CURBSIDE_LIMITS="off") as server:
        yield Ward(server, ben, people)


@pytest.mark.timeout(600)
async def test_who_never_reads_what_is_said_costs_the_others_little(ward: Ward) -> None:
    alone, beside, grown = [], [], []
    for _ in range(ROUNDS):
        async with talking(ward.server.socket_url, ward.ben) as talker, AsyncExitStack() as stack:
            await talker.enter(ROOM)
            crowd = await ward.crowd(stack)
            alone += await talk(talker)
            at_first = ward.resident
            for client in crowd:
                await enter(client)
            for _ in range(LONG):
                await post(talker, "x" * 9_000)
            while await paused(ward.server) < CROWD:
                await post(talker, "Lactate 2.1.")
            beside += await talk(talker)
            assert await paused(ward.server) == CROWD
            grown.append(ward.resident - at_first)

    without, with_them = percentile(alone, 0.99), percentile(beside, 0.99)
    log.info("p99 %.2f ms alone, %.2f beside the crowd", without * 1e3, with_them * 1e3)
    log.info("%s MiB more for a crowd of %d", in_mib(grown), CROWD)
    assert with_them <= MOST_TIME * without
    assert max(grown) <= MOST_MEMORY


@pytest.mark.timeout(600)
async def test_who_never_reads_what_they_asked_for_costs_the_node_no_more(ward: Ward) -> None:
    async with talking(ward.server.socket_url, ward.ben) as talker, AsyncExitStack() as stack:
        for _ in range(LONG):
            await post(talker, "x" * 9_000)
        crowd = await ward.crowd(stack)
        at_first, most = ward.resident, 0
        for client in crowd:
            client.send(b"".join(map(page, range(ASKED))))
        while await paused(ward.server) or not most:
            await post(talker, "Lactate 2.1.")
            await asyncio.sleep(LOOK_EVERY)
            most = max(most, ward.resident - at_first)

    log.info("%s MiB more for a crowd of %d that asks", in_mib([most]), CROWD)
    assert most <= MOST_MEMORY
    assert ward.server.is_up


async def enter(client: RawClient) -> None:
    """Enter the room, and read nothing after that."""
    client.send(masked(TEXT, json.dumps(ENTER).encode()))
    while json.loads((await client.frame())[1]).get("re") != ENTER["id"]:
        pass


async def talk(talker: Talker) -> list[float]:
    """Post at a steady pace, and return how long each answer took, in seconds."""
    loop = asyncio.get_running_loop()
    begun, times = loop.time(), []
    for number in range(POSTS):
        await asyncio.sleep(begun + number * EVERY - loop.time())
        asked = loop.time()
        await post(talker, "Lactate 2.1.")
        times.append(loop.time() - asked)
    return times


async def post(talker: Talker, text: str) -> None:
    asked = {"room": ROOM, "text": text, "cid": new_id()}
    assert "ok" in await talker.ask("message.post", asked)
    talker.frames.clear()


def in_mib(sizes: list[int]) -> list[int]:
    return [size // 2**20 for size in sizes]
