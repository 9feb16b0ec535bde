"""Links in a cluster: silent, broken within a frame, lossy; nothing is lost, and nothing doubled."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from redis.asyncio import Redis

from chat.redis_links import COMMAND_DEADLINE
from tests.engines import Valkey
from tests.faults.habits import Habits
from tests.faults.relays import Relay, relaying
from tests.faults.sites import BUS_AWAY, HEALED, IN_HEALTH, LISTENERS, WARM, Site
from tests.faults.workload import working
from tests.waiting import until

pytestmark = [pytest.mark.faults, pytest.mark.postgresql, pytest.mark.redis]


@asynccontextmanager
async def relaying_database(site: Site) -> AsyncIterator[tuple[Relay, str]]:
    """Yield a way to the database of a site, and the URL by that way."""
    port = int(site.database.rpartition(":")[2].partition("/")[0])
    async with relaying(port) as relay:
        yield relay, site.database.replace(f":{port}/", f":{relay.port}/")


@pytest.mark.parametrize("fault", ["silent", "reset"])
async def test_a_way_to_redis_that_fails_is_noticed_and_bridged(
    site: Site, valkey: Valkey, fault: str
) -> None:
    async with relaying(valkey.port) as relay:
        poor = site.settings(f"redis://127.0.0.1:{relay.port}/0")
        async with site.busy(poor, site.settings(valkey.url)) as (workload, [node, _]):
            workload.hush(LISTENERS)
            if fault == "silent":
                relay.fall_silent()
            else:
                relay.break_links()
            await workload.more(90)
            relay.speak()
            await workload.more(30)
    found = await site.find(workload, BUS_AWAY)

    assert found.violations == []
    assert workload.refusals().keys() <= {"not_found"}
    assert "bus lost" in node.log()


@pytest.mark.parametrize("delay", [0.2, 2 * COMMAND_DEADLINE])
async def test_a_redis_that_is_slow_holds_up_no_answer(
    site: Site, valkey: Valkey, delay: float
) -> None:
    async with relaying(valkey.port) as relay:
        slow = site.settings(f"redis://127.0.0.1:{relay.port}/0")
        async with site.busy(slow, site.settings(valkey.url)) as (workload, _):
            workload.hush(LISTENERS)
            relay.delay = delay
            await workload.more(60)
            relay.delay = 0.0
            await workload.more(30)
    found = await site.find(workload, BUS_AWAY)

    assert found.violations == []
    assert workload.refusals().keys() <= {"not_found"}
    assert found.slowest > delay / 2, "nobody noticed"


async def test_a_redis_that_is_emptied_has_nothing_to_lose(site: Site, valkey: Valkey) -> None:
    settings = site.settings(valkey.url)
    async with site.busy(settings, settings) as (workload, _), Redis.from_url(valkey.url) as redis:
        await redis.flushall()
        assert await redis.dbsize() == 0
        await workload.more(60)
        assert await redis.dbsize() == 0
    found = await site.find(workload, IN_HEALTH)

    assert found.violations == []
    assert workload.refusals().keys() <= {"not_found"}


async def test_a_silent_way_to_the_database_refuses_in_time_and_heals(
    site: Site, valkey: Valkey
) -> None:
    async with relaying_database(site) as (relay, by_relay):
        silent = site.settings(valkey.url, by_relay)
        async with site.busy(silent, site.settings(valkey.url)) as (workload, _):
            relay.fall_silent()
            await until(lambda: workload.refusals()["unavailable"] > 10)
            relay.speak()
            await workload.more(60)
    found = await site.find(workload, HEALED)

    assert found.violations == []
    assert found.refused.keys() <= {"not_found"}
    assert set(workload.codes()) == {0}, "a socket was closed"


async def test_who_is_cut_off_in_the_midst_of_a_commit_stores_it_once_or_not_at_all(
    site: Site, valkey: Valkey
) -> None:
    async with relaying_database(site) as (relay, by_relay):
        cut_off = site.settings(valkey.url, by_relay)
        async with site.busy(cut_off, site.settings(valkey.url)) as (workload, _):
            relay.falls_deaf_at = b"COMMIT;"
            await until(lambda: workload.refusals()["unknown"])
            relay.speak()
            await workload.more(60)
    found = await site.find(workload, HEALED)

    assert found.violations == []
    assert found.refused.keys() <= {"not_found"}
    assert workload.refusals()["unavailable"] > 0


async def test_commits_whose_reply_is_lost_are_stored_once(site: Site, valkey: Valkey) -> None:
    async with relaying_database(site) as (relay, by_relay):
        settings = site.settings(valkey.url, by_relay)
        async with site.busy(settings, settings) as (workload, _):
            relay.loses_reply_to = b"COMMIT;"
            await until(lambda: workload.duplicates > 2)  # each a commit that was not answered
            relay.loses_reply_to = None
            await workload.more(30)
    found = await site.find(workload, HEALED)

    assert found.violations == []
    assert found.refused.keys() <= {"not_found"}
    assert workload.refusals()["unknown"] > 0


async def test_links_that_break_within_frames_show_no_gap(site: Site, valkey: Valkey) -> None:
    settings = site.settings(valkey.url)
    async with (
        site.serving(settings, settings) as [first, second],
        relaying(first.port) as one,
        relaying(second.port) as other,
    ):
        one.breaks_within = other.breaks_within = 20_000
        urls = [f"ws://127.0.0.1:{relay.port}/ws" for relay in (one, other)]
        workload = site.workload(urls, Habits(drops=5))
        async with working(workload):
            await until(lambda: one.broken > 10 and other.broken > 10)
            await workload.more(WARM)
            one.breaks_within = other.breaks_within = None
            await workload.settle()
    found = await site.find(workload, IN_HEALTH)

    assert found.violations == []
    assert found.refused.keys() <= {"not_found"}
    assert workload.said_again > 0
    assert workload.resumed > 20


async def test_a_bus_that_loses_doubles_and_reorders_is_made_good(
    site: Site, valkey: Valkey
) -> None:
    settings = site.settings(valkey.url)
    noisy = site.busy(settings, settings, habits=Habits(burst=2), fault="noisy_bus")
    async with noisy as (workload, nodes):
        await until(lambda: all(node.log().count("misheard") > 20 for node in nodes))
    found = await site.find(workload, HEALED)

    assert found.violations == []
    assert workload.refusals().keys() <= {"not_found"}
    assert workload.holes == 0, "a client saw what its node should have healed"
