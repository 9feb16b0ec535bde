"""Kills in a cluster: whichever process dies, nothing that was answered is lost, and all heals."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests import engines
from tests.faults.habits import Habits
from tests.faults.sites import BUS_AWAY, HEALED, IN_HEALTH, LISTENERS, Site, site_on
from tests.waiting import until

pytestmark = [pytest.mark.faults, pytest.mark.postgresql, pytest.mark.redis]

AWAY = 3  # seconds
A_SECOND = 30  # answers that go on while Redis is away; some 60 are asked for


async def test_a_node_dies_and_its_clients_go_on_by_the_other(
    site: Site, valkey: engines.Valkey
) -> None:
    settings = site.settings(valkey.url)
    async with site.busy(settings, settings) as (workload, [first, second]):
        await workload.write_at_once()
        await first.kill()
        await until(lambda: workload.are_linked, HEALED)
        await workload.more(60)
        await first.start()
        await workload.write_at_once()
        await second.kill()
        await until(lambda: workload.are_linked, HEALED)
        await workload.more(60)
    found = await site.find(workload, IN_HEALTH)

    assert found.violations == []
    assert found.refused.keys() <= {"not_found"}
    assert workload.said_again > 0, "no kill came in the midst of a write"
    assert workload.resumed > 0


async def test_redis_dies_and_answers_go_on(site: Site, valkey: engines.Valkey) -> None:
    settings = site.settings(valkey.url)
    async with site.busy(settings, settings, habits=Habits(every=0.05)) as (workload, _):
        workload.hush(LISTENERS)
        valkey.kill()
        async with asyncio.timeout(AWAY):
            await workload.more(A_SECOND * AWAY)
        valkey.start()
        await workload.more(60)
    found = await site.find(workload, BUS_AWAY)

    assert found.violations == []
    assert workload.refusals().keys() <= {"not_found"}
    assert found.slowest > 0.1, "nobody missed Redis"


@pytest.fixture
def mortal() -> Iterator[engines.PostgreSQL]:
    """Return a server of the test's own."""
    with engines.postgresql() as engine:
        yield engine


@pytest.fixture
def mortal_site(mortal: engines.PostgreSQL, tmp_path: Path) -> Site:
    return site_on(f"{mortal.url}/postgres", tmp_path / "var")


async def test_the_database_dies_and_what_was_refused_is_stored_when_it_is_back(
    mortal: engines.PostgreSQL, mortal_site: Site, valkey: engines.Valkey
) -> None:
    settings = mortal_site.settings(valkey.url)
    async with mortal_site.busy(settings, settings) as (workload, _):
        mortal.kill()
        await until(lambda: workload.refusals()["unavailable"] > 10)
        await asyncio.to_thread(mortal.start)
        async with asyncio.timeout(HEALED):
            await workload.more(60)
    found = await mortal_site.find(workload, HEALED)

    assert found.violations == []
    assert found.refused.keys() <= {"not_found"}
    assert set(workload.codes()) == {0}, "a socket was closed"
    assert workload.said_again > 10
