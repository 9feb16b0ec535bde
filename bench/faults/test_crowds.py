"""Crowds: a thousand sockets that never read, in the room in which others talk."""

import asyncio
import json
import logging
import statistics
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from bench.figures import percentile
from chat.frames import TEXT
from tests.faults.test_memory import deaf, paused
from tests.processes import Server, served
from tests.web.command_lines import Headers, add, ok, run
from tests.web.socket_servers import masked
from tests.web.talkers import Talker, talking

CROWD = 1_000
ROUNDS = 3  # of the talk alone, and of the talk beside the crowd
POSTS = 400  # in each
EVERY = 0.01  # seconds from one post to the next
FILLING = "x" * 9_000  # characters
MOST_TIME = 1.2  # of the p99 without the crowd
MOST_MEMORY = 300 * 1024 * 1024  # bytes

ENTER = masked(TEXT, json.dumps({"id": 1, "do": "room.enter", "with": {"room": "ward"}}).encode())

log = logging.getLogger(__name__)


@pytest.mark.timeout(600)
async def test_a_crowd_that_never_reads_costs_the_others_little(tmp_path: Path) -> None:
    data = tmp_path / "var"
    ana, ben = add(data, "ana"), add(data, "ben")
    ok(run(data, "room", "add", "ward", "--title", "Ward", "--member", "ana", "--member", "ben"))
    ratios, grown = [], 0
    async with (
        served(data, CURBSIDE_LIMITS="off") as server,
        talking(server.socket_url, ben) as talker,
    ):
        await talker.ask("room.enter", {"room": "ward"})
        await talk(talker)  # warm
        at_first = resident(server)
        for _ in range(ROUNDS):
            alone = await talk(talker)
            async with AsyncExitStack() as stack:
                await crowd(server, ana, stack)
                while await paused(server) < CROWD:
                    await post(talker, FILLING)
                beside = await talk(talker)
                grown = max(grown, resident(server) - at_first)
                assert await paused(server) == CROWD
            ratios.append(beside / alone)
            log.info("p99 %.2f ms alone, %.2f beside the crowd", alone * 1e3, beside * 1e3)
            while await paused(server):
                pass

    log.info("%.1f MiB more for a crowd of %d; ratios %s", grown / 2**20, CROWD, ratios)
    assert statistics.median(ratios) <= MOST_TIME
    assert grown <= MOST_MEMORY


async def crowd(server: Server, headers: Headers, stack: AsyncExitStack) -> None:
    for _ in range(CROWD):
        client = await stack.enter_async_context(deaf(server.port, headers))
        client.send(ENTER)


async def talk(talker: Talker) -> float:
    """Post at a steady pace; return the 99th percentile of the answers' times, in seconds."""
    loop = asyncio.get_running_loop()
    begun, times = loop.time(), []
    for number in range(POSTS):
        await asyncio.sleep(begun + number * EVERY - loop.time())
        asked = loop.time()
        await post(talker, "Lactate 2.1.")
        times.append(loop.time() - asked)
    return percentile(times, 0.99)


async def post(talker: Talker, text: str) -> None:
    assert "ok" in await talker.ask("message.post", {"room": "ward", "text": text})


def resident(server: Server) -> int:
    """Return how much memory the server has, in bytes."""
    assert server.process is not None
    lines = Path(f"/proc/{server.process.pid}/status").read_text().splitlines()
    [line] = [line for line in lines if line.startswith("VmRSS")]
    return int(line.split()[1]) * 1024
