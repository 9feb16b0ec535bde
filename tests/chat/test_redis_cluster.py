"""Redis Cluster: each lane goes to the master of its slot, and follows it to another."""

import asyncio
import math
from collections.abc import AsyncIterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from redis.crc import key_slot

from chat.redis_links import LANES, connected, read_url
from tests import engines
from tests.chat.nodes import Node, envelope, node
from tests.engines import Valkey
from tests.processes import free_port
from tests.waiting import until

pytestmark = [
    pytest.mark.redis,
    pytest.mark.skipif(not engines.has_redis(), reason="no Redis, nor a Valkey"),
]

SLOTS = 16_384
LANE_SLOTS = [key_slot(f"curbside-{lane}".encode()) for lane in range(LANES)]
ROOMS = [f"room-{number}" for number in range(4 * LANES)]  # some in each lane


@pytest.fixture
async def masters(tmp_path: Path) -> AsyncIterator[list[Valkey]]:
    """Return two servers, each the master of half of a cluster's slots."""
    buses = [str(free_port()), str(free_port())]
    with ExitStack() as stack:
        first, second = [stack.enter_context(_in_cluster(tmp_path, bus)) for bus in buses]
        await ask(first, "CLUSTER", "ADDSLOTSRANGE", 0, SLOTS // 2 - 1)
        await ask(second, "CLUSTER", "ADDSLOTSRANGE", SLOTS // 2, SLOTS - 1)
        await ask(first, "CLUSTER", "MEET", "127.0.0.1", second.port, buses[1])
        for server in (first, second):
            await _know_all_slots(server)
        yield [first, second]


def _in_cluster(folder: Path, bus: str) -> Any:
    return engines.valkey(
        "--cluster-enabled", "yes", "--cluster-port", bus, "--dir", str(folder),
        "--cluster-config-file", f"nodes-{bus}.conf", "--cluster-require-full-coverage", "no",
    )  # fmt: skip


async def _know_all_slots(server: Valkey) -> None:
    known = f"cluster_slots_ok:{SLOTS}".encode()
    while known not in await ask(server, "CLUSTER", "INFO"):  # noqa: ASYNC110  # it tells nobody
        await asyncio.sleep(0.01)


async def ask(server: Valkey, *words: str | int) -> Any:
    """Return what a server answers."""
    async with connected(read_url(server.url)) as connection:
        await connection.send_command(*map(str, words))
        return await connection.read_response(timeout=math.inf)


def url(masters: list[Valkey]) -> str:
    return "redis+cluster://" + ",".join(f"127.0.0.1:{server.port}" for server in masters)


async def hear_all(speaker: Node, hearer: Node, seq: int, rooms: list[str]) -> None:
    """Say something in each room, and wait until all of it is heard."""
    speaker.say(*(envelope(room, seq) for room in rooms))
    await until(lambda: {each.room for each in hearer.heard if each.seq == seq} >= set(rooms))


async def test_rooms_are_spread_over_the_masters_and_all_are_heard(masters: list[Valkey]) -> None:
    async with node(url(masters), "a") as a, node(url(masters), "b", *ROOMS) as b:
        await hear_all(a, b, 1, ROOMS)
        a.bus.say(b"note", None)
        await until(lambda: b.notes == [("a", b"note")])

        channels = [await ask(server, "PUBSUB", "SHARDCHANNELS", "*:room:*") for server in masters]

    names = [channel.decode().rpartition(":")[2] for its in channels for channel in its]
    assert all(channels), "one master had nothing to carry"
    assert sorted(names) == sorted(ROOMS), "each is with one of them"


async def test_a_lane_follows_its_slot_to_another_master(masters: list[Valkey]) -> None:
    first, second = masters
    async with node(url(masters), "a") as a, node(url(masters), "b", *ROOMS) as b:
        await hear_all(a, b, 1, ROOMS)
        told = len(b.told_missed)

        new = (await ask(second, "CLUSTER", "MYID")).decode()
        for slot in (slot for slot in LANE_SLOTS if slot < SLOTS // 2):
            for server in masters:
                await ask(server, "CLUSTER", "SETSLOT", slot, "NODE", new)
        await until(lambda: b.told_missed[told:].count(None) > 0)
        await until(lambda: not a.bus.is_degraded and not b.bus.is_degraded)

        await hear_all(a, b, 2, ROOMS)
        assert await ask(first, "PUBSUB", "SHARDCHANNELS") == []


async def test_a_dead_master_leaves_the_lanes_of_the_others(masters: list[Valkey]) -> None:
    first, second = masters
    async with node(url(masters), "a") as a, node(url(masters), "b", *ROOMS) as b:
        carried = await ask(second, "PUBSUB", "SHARDCHANNELS", "*:room:*")
        names = [channel.decode().rpartition(":")[2] for channel in carried]

        first.kill()
        await until(lambda: a.bus.is_degraded and b.bus.is_degraded)

        await hear_all(a, b, 1, names)
