"""Races in a cluster: two nodes are told the same at once, or somebody comes or goes in the midst."""

import asyncio

import pytest

from tests.engines import Valkey
from tests.faults.habits import CALM, Habits
from tests.faults.sites import IN_HEALTH, ROOMS, Site
from tests.waiting import until

pytestmark = [pytest.mark.faults, pytest.mark.postgresql, pytest.mark.redis]

ENTRIES = 15
TURNS, AT_ONCE = 20, 10


async def test_who_enters_a_busy_room_misses_nothing(site: Site, valkey: Valkey) -> None:
    settings = site.settings(valkey.url)
    busy = Habits(every=0.05, burst=2)  # 240 writes a second by all
    async with site.busy(settings, settings, habits=busy) as (workload, _):
        entering = workload.posters[:2]  # one by each node
        for _ in range(ENTRIES):
            await until(lambda: all(poster.is_linked for poster in entering))
            for poster in entering:
                poster.forget()
        await until(lambda: all(poster.is_linked for poster in entering))
    found = await site.find(workload, IN_HEALTH)

    assert found.violations == []
    assert found.refused.keys() <= {"not_found"}
    assert workload.entered - workload.resumed >= 2 * 2 * ENTRIES


async def test_one_cid_at_once_on_two_nodes_is_one_message(site: Site, valkey: Valkey) -> None:
    devices = site._replace(people=[site.people[0]] * 2)
    settings = site.settings(valkey.url)
    async with devices.busy(settings, settings, habits=CALM) as (workload, _):
        workload.hush(slice(None))
        for turn in range(TURNS):
            order = workload.posters[:: (-1) ** turn]  # so that each node is first at times
            for number in range(AT_ONCE):
                post = {"cid": f"both-{turn:03}-{number:03}", "text": "Lactate 2.1."}
                await asyncio.gather(*(p.write("message.post", ROOMS[0], **post) for p in order))
            await until(lambda: not any(poster.unanswered for poster in workload.posters))
    found = await devices.find(workload, IN_HEALTH)

    assert found.violations == []
    assert not found.refused
    assert workload.duplicates >= TURNS * AT_ONCE
    assert all(workload.duplicates_of(each) for each in workload.posters), (
        "one node was always first"
    )
