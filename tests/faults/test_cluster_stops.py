"""Stops in a cluster: what was held for a while catches up, and what is told to stop leaves well."""

import asyncio
import time
from collections.abc import Iterator
from tempfile import TemporaryDirectory

import pytest
from redis.asyncio import Redis

from tests import engines
from tests.engines import Valkey
from tests.faults.habits import CALM
from tests.faults.posters import Poster
from tests.faults.sites import BUS_AWAY, HEALED, LISTENERS, SPEAKERS, Site
from tests.waiting import until
from tests.web.talkers import PATIENCE

pytestmark = [pytest.mark.faults, pytest.mark.postgresql, pytest.mark.redis]

HELD = 2.0  # seconds for which a node is stopped: the fault itself
EXITS_WITHIN = 30.0  # seconds; what orchestrators wait before they kill


async def test_a_node_that_was_held_catches_up(site: Site, valkey: Valkey) -> None:
    settings = site.settings(valkey.url)
    async with site.busy(settings, settings) as (workload, [first, _]):
        first.hold()
        await asyncio.sleep(HELD)
        first.let_go()
        await workload.more(60)
    found = await site.find(workload, HELD + HEALED)

    assert found.violations == []
    assert found.refused.keys() <= {"not_found"}
    # What others were answered meanwhile came late to its clients, who go elsewhere after PATIENCE.
    # Held within a transaction it locked its rooms, and the others were refused.
    late = min(HELD, PATIENCE)
    was_missed = found.slowest > late / 2 or workload.refusals()["unavailable"] > 0
    assert was_missed, "nobody missed the node"


@pytest.fixture
def strict() -> Iterator[tuple[str, str]]:
    """Return the URLs of a Valkey that keeps little for who does not read: by a socket, and by TCP.

    A socket of this machine holds some 200 KiB for them, a connection over TCP some megabytes.
    """
    with TemporaryDirectory() as folder:
        place = f"{folder}/valkey.sock"
        limit = ["--client-output-buffer-limit", "pubsub 256kb 0 0"]  # of 32 MiB
        with engines.valkey("--unixsocket", place, *limit) as engine:
            yield f"unix://{place}", engine.url


async def test_a_held_node_that_redis_throws_out_catches_up(
    site: Site, strict: tuple[str, str]
) -> None:
    settings = site.settings(strict[0])
    async with (
        site.busy(settings, settings, habits=CALM) as (workload, [_, held]),
        Redis.from_url(strict[1]) as redis,
    ):
        workload.hush(LISTENERS)
        await until(lambda: not any(p.unanswered for p in workload.posters[LISTENERS]))
        held.hold()
        start = time.monotonic()
        async with asyncio.timeout(HEALED):
            while not await thrown_out(redis):
                await asyncio.gather(*map(write_long, workload.posters[SPEAKERS]))
                await workload.more(len(workload.posters[SPEAKERS]))
        held.let_go()
        was_held = time.monotonic() - start
        await workload.more(30)
    found = await site.find(workload, was_held + HEALED)

    assert found.violations == []
    assert not found.refused
    assert "bus lost" in held.log()


async def thrown_out(redis: Redis) -> int:
    """Return how many Redis has thrown out because they left too much unread."""
    stats = await redis.info("stats")
    return int(stats["client_output_buffer_limit_disconnections"])


async def write_long(poster: Poster) -> None:
    await poster.write("message.post", poster.rooms[0], text="Potassium rechecked. " * 400)


async def test_redis_that_is_held_holds_up_no_answer(site: Site, valkey: Valkey) -> None:
    settings = site.settings(valkey.url)
    async with site.busy(settings, settings) as (workload, _):
        workload.hush(LISTENERS)
        valkey.hold()
        async with asyncio.timeout(2 * HEALED):
            await workload.more(90)
        valkey.let_go()
        await workload.more(60)
    found = await site.find(workload, BUS_AWAY)

    assert found.violations == []
    assert workload.refusals().keys() <= {"not_found"}
    assert found.slowest > 0.1, "nobody missed Redis"


async def test_a_rolling_restart_loses_no_answer_and_fails_no_write(
    site: Site, valkey: Valkey
) -> None:
    settings = site.settings(valkey.url)
    async with site.busy(settings, settings, habits=CALM) as (workload, nodes):
        for node in nodes:
            start = time.monotonic()
            await node.stop()
            assert time.monotonic() - start < EXITS_WITHIN
            await node.start()
            await workload.more(60)
    found = await site.find(workload, HEALED)

    assert found.violations == []
    assert not found.refused
    assert workload.codes()[4006] >= len(workload.posters)
    assert workload.codes().keys() <= {0, 4006}
    assert not any("Traceback" in node.log() for node in nodes)
