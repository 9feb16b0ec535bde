"""What nodes tell each other through Redis."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from typing import Any

import msgspec
import pytest
from redis.asyncio import Redis
from structlog.testing import capture_logs

from chat.events import AsOf
from chat.redis_bus import RedisBus
from chat.redis_channels import QUEUE_BYTES
from tests import engines
from tests.chat.nodes import Node, envelope, node
from tests.engines import Valkey
from tests.waiting import until

pytestmark = [
    pytest.mark.redis,
    pytest.mark.skipif(not engines.has_redis(), reason="no Redis, nor a Valkey"),
]


@pytest.fixture(scope="module")
def valkey() -> Iterator[Valkey]:
    """Return an engine to which nothing is done."""
    with engines.valkey() as engine:
        yield engine


@pytest.fixture
async def client(valkey: Valkey) -> AsyncIterator[Any]:
    """Return somebody else on the engine to which nothing is done."""
    async with Redis.from_url(valkey.url) as made:
        yield made


async def test_what_one_node_publishes_another_hears_in_order_and_unchanged(valkey: Valkey) -> None:
    told = [envelope("cardiology", seq, f"Note {seq} – ünï\0") for seq in range(1, 200)]
    async with node(valkey.url, "a") as a, node(valkey.url, "b", "cardiology") as b:
        for one, other in zip(told[0:198:2], told[1:198:2], strict=True):
            a.say(one, other, revision=7)
        a.say(told[-1], revision=8)

        await until(lambda: len(b.heard) == len(told))

    assert b.heard == told
    assert set(b.as_of[:-1]) == {("cardiology", AsOf("epoch", 7))}
    assert b.as_of[-1] == ("cardiology", AsOf("epoch", 8))
    assert b.bus.counts.received == 100


async def test_a_nodes_own_are_delivered_at_once_and_once(valkey: Valkey) -> None:
    one, other = envelope("cardiology", 1), envelope("oncology", 1)
    async with node(valkey.url, "a", "cardiology") as a, node(valkey.url, "b", "cardiology") as b:
        a.say(one, other)

        assert a.delivered == [one, other]
        await until(lambda: b.heard)  # and so Redis has sent it to both
        b.say(envelope("cardiology", 2))
        await until(lambda: a.heard)
        assert a.heard == [envelope("cardiology", 2)]
        assert a.delivered == [one, other]


async def test_rooms_that_are_not_followed_are_not_heard(valkey: Valkey) -> None:
    async with node(valkey.url, "a") as a, node(valkey.url, "b", "cardiology", "oncology") as b:
        b.bus.unfollow("oncology")
        b.bus.follow("nephrology")
        await until(lambda: {"nephrology"} in b.told_missed)  # what was asked before it is so, too
        a.say(envelope("oncology", 1), envelope("urology", 1), envelope("cardiology", 1))
        a.say(envelope("nephrology", 1))

        await until(lambda: len(b.heard) == 2)

        assert [heard.room for heard in b.heard] == ["cardiology", "nephrology"]


async def test_a_note_reaches_those_who_follow_the_room_or_all_others(valkey: Valkey) -> None:
    async with (
        node(valkey.url, "a", "cardiology") as a,
        node(valkey.url, "b", "cardiology") as b,
        node(valkey.url, "c") as c,
    ):
        a.bus.say(b"of cardiology", "cardiology")
        a.bus.say(b"to all", None)

        await until(lambda: len(b.notes) == 2 and c.notes)
        assert b.notes == [("a", b"of cardiology"), ("a", b"to all")]
        assert c.notes == [("a", b"to all")]
        assert a.notes == []
        assert b.heard == []


async def test_another_cluster_on_the_same_redis_is_not_heard(valkey: Valkey) -> None:
    staging = RedisBus(valkey.url, "c", "staging")
    async with node(valkey.url, "a") as a, node(valkey.url, "b", "cardiology") as b:
        staging.start(Node(valkey.url, "c"))
        await until(lambda: not staging.is_degraded)
        staging.publish([envelope("cardiology", 1)], {"cardiology": AsOf("epoch", 1)})
        staging.say(b"who is here", None)
        await staging.close()
        a.say(envelope("cardiology", 2))
        a.bus.say(b"nobody", None)

        await until(lambda: b.heard and b.notes)
        assert [each.seq for each in b.heard] == [2]
        assert b.notes == [("a", b"nobody")]


async def test_rooms_that_are_followed_count_as_missed_once_they_are_heard(valkey: Valkey) -> None:
    async with node(valkey.url, "a") as a, node(valkey.url, "b") as b:
        b.told_missed.clear()
        rooms = {f"ward-{n}" for n in range(50)}
        for room in rooms:
            b.bus.follow(room)
        assert b.told_missed == []

        await until(lambda: b.told_missed)

        assert b.told_missed == [rooms]
        a.say(*(envelope(room, 1) for room in rooms))
        await until(lambda: len(b.heard) == 50)


async def test_more_rooms_than_one_command_holds_are_all_heard(
    valkey: Valkey, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("chat.redis_channels.CHANNELS_AT_ONCE", 3)
    rooms = [f"ward-{n}" for n in range(10)]
    async with node(valkey.url, "a") as a, node(valkey.url, "b", *rooms) as b:
        a.say(*(envelope(room, 1) for room in rooms))

        await until(lambda: len(b.heard) == 10)


@pytest.mark.parametrize(
    "garbage",
    [
        b"", b"garbage", b"\xc1", b"\x91" * 5_000, msgspec.msgpack.encode(["a", "cardiology"]),
        msgspec.msgpack.encode(["a", "cardiology", 1, [{"room": "cardiology"}]]),
        b"\x94\xa1\xff\xa1r\x01\x90",
    ],
)  # fmt: skip
async def test_garbage_does_no_harm_and_is_not_logged(
    valkey: Valkey, client: Any, garbage: bytes
) -> None:
    with capture_logs() as logged:
        async with node(valkey.url, "a") as a, node(valkey.url, "b", "cardiology") as b:
            await client.publish("curbside:room:cardiology", garbage)
            await client.publish("curbside:node:b", b"\xc1garbage")
            a.say(envelope("cardiology", 1))

            await until(lambda: b.heard)

            assert b.heard == [envelope("cardiology", 1)]
            assert b.bus.counts.reconnects == 0
    assert [entry["event"] for entry in logged] == ["bus message undecodable"] * 2
    assert "garbage" not in str(logged)


async def test_what_a_newer_version_adds_is_ignored(valkey: Valkey, client: Any) -> None:
    told = msgspec.structs.asdict(envelope("cardiology", 1)) | {"mood": "calm"}
    async with node(valkey.url, "b", "cardiology") as b:
        message = ["a", "cardiology", ["epoch", 3, "more"], [told], b"", "more", {"to": "come"}]
        await client.publish("curbside:room:cardiology", msgspec.msgpack.encode(message))

        await until(lambda: b.heard)

        assert b.heard == [envelope("cardiology", 1)]
        assert b.as_of == [("cardiology", AsOf("epoch", 3))]


async def test_a_listener_that_fails_ends_nothing(valkey: Valkey) -> None:
    async with node(valkey.url, "a") as a, node(valkey.url, "b", "cardiology") as b:
        hear, b.hear = b.hear, None  # type: ignore[method-assign, assignment]  # to call it fails
        with capture_logs() as logged:
            a.say(envelope("cardiology", 1))
            await until(lambda: logged)
        b.hear = hear  # type: ignore[method-assign]  # put back

        a.say(envelope("cardiology", 2))

        await until(lambda: b.heard == [envelope("cardiology", 2)])
        assert b.bus.counts.reconnects == 0


async def test_the_queue_is_bounded(valkey: Valkey) -> None:
    big = envelope("cardiology", 1, "x" * (QUEUE_BYTES // 10))
    async with node(valkey.url, "a") as a, node(valkey.url, "b", "cardiology") as b:
        for _ in range(30):
            a.say(big)

        assert 20 < a.bus.counts.dropped < 23
        assert len(a.delivered) == 30
        dropped = a.bus.counts.dropped
        await until(lambda: len(b.heard) == 30 - dropped)
        a.say(envelope("cardiology", 2))
        await until(lambda: b.heard[-1] == envelope("cardiology", 2))


async def test_what_is_queued_when_a_node_ends_still_leaves(valkey: Valkey) -> None:
    async with node(valkey.url, "b", "cardiology") as b:
        async with node(valkey.url, "a") as a:
            a.say(envelope("cardiology", 1))

        await until(lambda: b.heard)
        a.say(envelope("cardiology", 2))
        assert a.delivered[-1] == envelope("cardiology", 2)
        assert a.bus.counts.dropped == 1


async def test_a_canary_tells_how_long_a_message_takes(valkey: Valkey) -> None:
    async with node(valkey.url, "a") as a:
        assert 0 < a.bus.counts.lag < 1


async def test_nothing_is_left_running(valkey: Valkey) -> None:
    before = asyncio.all_tasks()
    async with node(valkey.url, "a", "cardiology"):
        assert len(asyncio.all_tasks() - before) > 1

    assert asyncio.all_tasks() == before
