"""Half-open links: a way to a node falls silent both ways, and no end of any link is heard there."""

import asyncio
import logging

import pytest

from chat.heartbeats import DEAD_AFTER, EVERY
from tests.engines import Valkey
from tests.faults.relays import relaying
from tests.faults.sites import HEALED, Site
from tests.processes import Server, http_client
from tests.web.talkers import PATIENCE

# Seconds until a node has freed what is gone; two for a busy machine.
NOTICED = DEAD_AFTER + EVERY + 2.0

log = logging.getLogger(__name__)


@pytest.mark.timeout(300)
async def test_whose_way_falls_silent_goes_on_by_another_and_is_freed(
    site: Site, valkey: Valkey
) -> None:
    settings = site.settings(valkey.url)
    async with site.serving(settings, settings) as [first, second], relaying(first.port) as relay:
        workload = site.workload([f"ws://127.0.0.1:{relay.port}/ws", second.socket_url])
        async with site.at_work(workload):
            assert await connections(first) == len(workload.posters) / 2
            loop = asyncio.get_running_loop()
            relay.fall_silent(deaf=True)
            silent = loop.time()
            while await connections(first):
                await workload.more(1)
            freed = loop.time() - silent
            await workload.more(60)
            assert await connections(second) == len(workload.posters)
    # Who was cut off finds out after PATIENCE, and is shown what it missed once it is back.
    found = await site.find(workload, PATIENCE + HEALED)

    log.info("freed after %.1f s", freed)
    assert freed < NOTICED
    assert found.violations == []
    assert found.refused.keys() <= {"not_found"}


async def connections(node: Server) -> int:
    """Return how many clients a node holds."""
    async with http_client(node.origin) as http:
        figures = (await http.get("/metrics")).text
    [line] = [x for x in figures.splitlines() if x.startswith("curbside_connections ")]
    return int(float(line.split()[1]))
