"""The checker is checked: each fault that is put into the server is found, by its name."""

import asyncpg
import pytest

from tests.engines import Valkey
from tests.faults.habits import Habits
from tests.faults.histories import read_log
from tests.faults.sites import LISTENERS, Site
from tests.faults.workload import Workload, working
from tests.processes import PATIENCE, Server
from tests.waiting import until

pytestmark = pytest.mark.faults

BOUND = 1.0  # seconds; less than a healthy cluster is allowed, so that a deaf one is soon found
HABITS = Habits(every=0.05, burst=2)


async def found_in(
    site: Site, nodes: list[Server], workload: Workload, *, kills: int = 0, resumes: int = 0
) -> set[str]:
    """Return what is found wrong with nodes at work, once so much has happened."""
    async with working(workload):
        for _ in range(kills):
            await workload.more(20)
            await nodes[0].kill()
            await nodes[0].start()
        await workload.more(100)
        await until(lambda: workload.resumed >= resumes, PATIENCE)
        await workload.settle(within=BOUND)
    return workload.find(await read_log(site.database), bound=BOUND).kinds


@pytest.mark.parametrize(
    ("fault", "kind", "drops", "resumes", "kills"),
    [
        ("answers_before_commit", "lost_ack", 0, 0, 3),
        ("forgets_cids", "dup_log", 20, 20, 0),
        ("skips_on_resume", "gap_shown", 20, 20, 0),
        ("takes_the_last_first", "sender_fifo", 0, 0, 0),
    ],
)
async def test_a_fault_of_one_node_is_found(
    small_site: Site, fault: str, kind: str, drops: int, resumes: int, kills: int
) -> None:
    settings = {"DATABASE_URL": small_site.database}
    async with small_site.serving(settings, fault=fault) as nodes:
        workload = small_site.workload([nodes[0].socket_url], HABITS._replace(drops=drops))
        found = await found_in(small_site, nodes, workload, kills=kills, resumes=resumes)

    assert kind in found


async def test_streams_that_outlive_a_right_are_found(small_site: Site) -> None:
    settings = {"DATABASE_URL": small_site.database}
    async with small_site.serving(settings, fault="keeps_streams") as nodes:
        two_devices = small_site._replace(people=[*small_site.people, small_site.people[0]])
        workload = two_devices.workload([nodes[0].socket_url], HABITS)
        async with working(workload):
            await workload.more(20)
            await until(lambda: workload.are_linked, PATIENCE)  # the other device is in the room
            await workload.posters[0].write("member.leave", "cardiology")
            await workload.more(60)
            await workload.settle(within=BOUND)
        found = workload.find(await read_log(small_site.database), bound=BOUND)

    assert "leak" in found.kinds


@pytest.mark.postgresql
@pytest.mark.redis
async def test_numbers_that_two_nodes_give_at_once_are_found(site: Site, valkey: Valkey) -> None:
    await allow_forks(site.database)
    settings = site.settings(valkey.url)
    async with site.serving(settings, settings, fault="numbers_without_lock") as nodes:
        workload = site.workload([node.socket_url for node in nodes], HABITS)
        found = await found_in(site, nodes, workload)

    assert "seq_fork" in found


@pytest.mark.postgresql
@pytest.mark.redis
async def test_a_node_that_hears_nothing_is_found(site: Site, valkey: Valkey) -> None:
    settings = site.settings(valkey.url)
    async with site.serving(settings, settings, fault="hears_nothing") as nodes:
        workload = site.workload([node.socket_url for node in nodes], HABITS)
        async with working(workload):
            workload.hush(LISTENERS)
            await workload.more(60)
            await workload.settle(within=BOUND)
        found = workload.find(await read_log(site.database), bound=BOUND)

    assert "late" in found.kinds


async def allow_forks(url: str) -> None:
    """Drop the keys by which the schema itself refuses a number that is taken."""
    connection = await asyncpg.connect(url)
    for table in ("events", "messages"):
        await connection.execute(f"ALTER TABLE {table} DROP CONSTRAINT pk_{table}")
    await connection.close()
