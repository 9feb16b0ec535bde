"""What nodes notice when Redis is lost, whether it says so or not, and how they go on."""

import asyncio
import logging
import time
from collections.abc import AsyncIterator

import pytest
from redis.asyncio import Redis
from structlog.testing import capture_logs

from chat.redis_channels import PLAIN, Counts, Publisher
from chat.redis_lanes import FIRST_WAIT
from chat.redis_links import connected, read_url
from tests import engines
from tests.chat.nodes import Node, Relay, envelope, node
from tests.engines import Valkey
from tests.waiting import until

pytestmark = [
    pytest.mark.redis,
    pytest.mark.skipif(not engines.has_redis(), reason="no Redis, nor a Valkey"),
]

AT_ONCE = 0.25  # seconds, for a hundred; the first deadline of the network is later


@pytest.fixture
async def relay(valkey: Valkey) -> AsyncIterator[Relay]:
    """Return a way to that engine."""
    made = Relay(valkey.url)
    await made.start()
    yield made
    await made.stop()


async def test_after_redis_was_killed_all_counts_as_missed_and_all_is_heard_again(
    valkey: Valkey,
) -> None:
    async with node(valkey.url, "a") as a, node(valkey.url, "b", "cardiology") as b:
        valkey.kill()
        await until(lambda: a.bus.is_degraded and b.bus.is_degraded)
        dropped = a.bus.counts.dropped
        a.say(envelope("cardiology", 1))
        assert a.bus.counts.dropped == dropped + 1
        assert a.delivered == [envelope("cardiology", 1)]
        b.told_missed.clear()
        b.bus.follow("oncology")

        valkey.start()

        await until(lambda: not (a.bus.is_degraded or b.bus.is_degraded))
        assert None in b.told_missed
        a.say(envelope("cardiology", 2), envelope("oncology", 1))
        await until(lambda: len(b.heard) == 2)
        assert b.heard == [envelope("cardiology", 2), envelope("oncology", 1)]
        assert b.bus.counts.reconnects == 1


async def test_while_redis_answers_nobody_nothing_waits_for_it(valkey: Valkey) -> None:
    async with node(valkey.url, "a") as a, node(valkey.url, "b", "cardiology") as b:
        valkey.hold()
        try:
            begun = time.perf_counter()
            for seq in range(1, 101):
                a.say(envelope("cardiology", seq))
            assert time.perf_counter() - begun < AT_ONCE
            await until(lambda: a.bus.is_degraded and b.bus.is_degraded, 3.5)
            assert len(a.delivered) == 100
            b.told_missed.clear()
        finally:
            valkey.let_go()

        await until(lambda: not (a.bus.is_degraded or b.bus.is_degraded))
        assert None in b.told_missed
        a.say(envelope("cardiology", 101))
        await until(lambda: envelope("cardiology", 101) in b.heard)


async def test_a_link_that_is_half_open_is_found_dead_and_made_anew(
    valkey: Valkey, relay: Relay
) -> None:
    async with node(valkey.url, "a") as a, node(relay.url, "b", "cardiology") as b:
        published = b.bus.counts.published
        b.told_missed.clear()
        relay.mutes_hearing = True
        a.say(envelope("cardiology", 1))

        await until(lambda: b.bus.is_degraded, 3.5)

        assert b.bus.counts.published > published  # so the canaries went out
        assert b.heard == []
        relay.mutes_hearing = False
        await until(lambda: not b.bus.is_degraded)
        assert None in b.told_missed
        a.say(envelope("cardiology", 2))
        await until(lambda: b.heard == [envelope("cardiology", 2)])


async def test_a_room_counts_as_heard_only_when_redis_has_confirmed_it(relay: Relay) -> None:
    async with node(relay.url, "b") as b:
        relay.mutes_hearing = True
        b.bus.follow("cardiology")

        await until(lambda: b.bus.is_degraded, 1.5)  # sooner than for want of a canary

        assert {"cardiology"} not in b.told_missed


@pytest.mark.parametrize("turns", range(10))
async def test_a_publisher_ends_whenever_it_is_cancelled(valkey: Valkey, turns: int) -> None:
    async with connected(read_url(valkey.url)) as connection:
        publisher = Publisher(Counts(), PLAIN)
        sending = asyncio.create_task(publisher.send(connection))
        await asyncio.sleep(0)
        publisher.put(b"cardiology", b"Troponin is back")
        for _ in range(turns):
            await asyncio.sleep(0)

        sending.cancel()

        done, _ = await asyncio.wait([sending], timeout=1.0)
        sending.cancel()
        assert done


async def test_what_redis_does_not_take_in_time_is_dropped(relay: Relay) -> None:
    async with node(relay.url, "a") as a:
        relay.mutes_speaking = True
        a.say(envelope("cardiology", 1))

        await until(lambda: a.bus.is_degraded, 1.5)

        assert a.bus.counts.dropped == 1


async def test_a_subscription_that_redis_ends_counts_as_missed(valkey: Valkey) -> None:
    async with (
        node(valkey.url, "a") as a, node(valkey.url, "b", "cardiology") as b,
        Redis.from_url(valkey.url) as other,
    ):  # fmt: skip
        b.told_missed.clear()

        await other.client_kill_filter(_type="pubsub")

        await until(lambda: None in b.told_missed)
        await until(lambda: not (a.bus.is_degraded or b.bus.is_degraded))
        a.say(envelope("cardiology", 1))
        await until(lambda: b.heard == [envelope("cardiology", 1)])


async def test_a_node_that_starts_before_redis_is_well_once_it_is_there(valkey: Valkey) -> None:
    valkey.kill()
    made = Node(valkey.url, "a")
    with capture_logs() as logged:
        made.bus.start(made)
        await until(lambda: made.bus._lanes[0]._link._wait > 2 * FIRST_WAIT)  # tried more than once
        assert made.bus.is_degraded

        valkey.start()

        await until(lambda: not made.bus.is_degraded)
        await made.bus.close()
    assert [entry["event"] for entry in logged] == ["bus lost", "bus is back"]
    assert logged[0]["error"] == "ConnectionError"


async def test_a_password_opens_redis_and_is_in_no_log(
    valkey: Valkey, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    async with Redis.from_url(valkey.url) as admin:
        await admin.config_set("requirepass", "hunter2")
        with capture_logs() as logged:
            url = valkey.url.replace("://", "://:hunter2@")
            async with node(url, "a") as a, node(url, "b", "cardiology") as b:
                a.say(envelope("cardiology", 1))
                await until(lambda: b.heard)
                valkey.kill()
                await until(lambda: a.bus.is_degraded)
                valkey.start()
            wrong = Node(valkey.url.replace("://", "://:hunter3@"), "c")
            async with Redis.from_url(valkey.url) as again:
                await again.config_set("requirepass", "hunter2")
            wrong.bus.start(wrong)
            await until(lambda: any(e.get("error") == "AuthenticationError" for e in logged))
            await wrong.bus.close()
    assert "hunter" not in str(logged)
    assert "hunter" not in caplog.text
