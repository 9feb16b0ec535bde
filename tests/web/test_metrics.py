"""Metrics: what the figures say after something was really done, and what they must never say."""

import asyncio
from typing import Any

import pytest
from prometheus_client.parser import text_string_to_metric_families

from chat.errors import Unavailable, Unknown
from chat.heartbeats import Heartbeats
from chat.redis_bus import RedisBus
from storage.database import DatabaseAway, FateUnknown
from tests import engines
from tests.builders import Ward, serving_on
from tests.chat.positions import missed
from tests.clients import Client
from tests.engines import Valkey
from tests.waiting import until
from tests.web.http_clients import browsing
from web.curbside import Curbside

LABELS = {"command", "outcome", "code", "le"}  # each with few values, none of them somebody's


class Figures:
    """What /metrics says, at one moment."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.samples = [
            sample for family in text_string_to_metric_families(text) for sample in family.samples
        ]

    def __call__(self, name: str, **labels: str) -> float:
        """Return one figure."""
        [found] = [
            sample.value for sample in self.samples
            if sample.name == f"curbside_{name}" and labels.items() <= sample.labels.items()
        ]  # fmt: skip
        return found

    def __contains__(self, name: str) -> bool:
        return any(sample.name.startswith(f"curbside_{name}") for sample in self.samples)


async def figures(curbside: Curbside) -> Figures:
    """Return what the node says of itself."""
    async with browsing(curbside) as http:
        return Figures((await http.get("/metrics")).text)


@pytest.mark.parametrize("at_once", [2_000, 1])
async def test_each_event_counts_once_for_each_who_is_in_step(
    ward: Ward, monkeypatch: pytest.MonkeyPatch, at_once: int
) -> None:
    monkeypatch.setattr("chat.sweeps.SLICE", at_once)  # of the seats that one turn writes to
    ana, ben = Client(ward, "ana"), Client(ward, "ben")
    await ana.enter("cardiology", signals=True)
    head = (await ben.enter("cardiology"))["head"]

    for n in range(3):
        await ward.post("cardiology", f"Note {n}", "linden")
    for client in (ana, ben):
        await client.event(head + 3)

    said = await figures(ward.curbside)
    assert (said("deliveries_total"), said("replays_total")) == (6.0, 0.0)


async def test_what_one_who_comes_back_is_sent_counts_apart(ward: Ward) -> None:
    position = await missed(ward, "one", "two", "three")
    before = await figures(ward.curbside)

    back = Client(ward, "ana")
    await back.enter("cardiology", **position)
    await back.event(position["seq"] + 3)

    said = await figures(ward.curbside)
    assert said("replays_total") - before("replays_total") == 3.0
    assert said("deliveries_total") == before("deliveries_total")


async def test_what_was_committed_and_answered_counts(ward: Ward) -> None:
    before = await figures(ward.curbside)

    await asyncio.gather(*(ward.post("cardiology", f"Note {n}", "ana") for n in range(5)))

    said = await figures(ward.curbside)
    commands = said("batch_commands_sum") - before("batch_commands_sum")
    commits = said("batch_commands_count") - before("batch_commands_count")
    assert commands >= 5.0  # the server's own follow, that an author has read what they wrote
    assert 1.0 <= commits <= commands
    assert said("events_total") - before("events_total") >= 5.0
    assert said("command_seconds_count", command="message.post", outcome="ok") == 5.0
    assert 0.0 < said("command_seconds_sum", command="message.post", outcome="ok") < 5.0
    assert said("queue") == 0.0


async def test_what_only_sql_knew_of_counts_as_healed(ward: Ward, database_url: str) -> None:
    ana = Client(ward, "ana")
    head = (await ana.enter("cardiology"))["head"]
    async with serving_on(database_url) as elsewhere:
        there = Ward(elsewhere)
        there.actors = ward.actors
        for n in range(2):
            await there.post("cardiology", f"Note {n}", "ben")

    await ward.curbside.hub.check()
    await ana.event(head + 2)

    said = await figures(ward.curbside)
    assert (said("heals_total"), said("healed_events_total")) == (1.0, 2.0)


async def test_slow_readers_show_until_they_read_or_are_closed(ward: Ward) -> None:
    ana, ben = Client(ward, "ana"), Client(ward, "ben")
    for client in (ana, ben):
        await client.enter("cardiology")
        client.connection.write_paused()
    paused = await figures(ward.curbside)
    hearts = Heartbeats([ana.connection])

    ben.connection.write_resumed()
    for now in (100.0, 111.0, 112.0):  # it is told again while its close frame waits
        hearts.sweep(now, 0.0)
    ana.leave()

    said = await figures(ward.curbside)
    assert (paused("slow_readers"), paused("pauses_total")) == (2.0, 2.0)
    assert paused("closings_total", code="4002") == 0.0
    assert (said("slow_readers"), said("pauses_total")) == (0.0, 2.0)
    assert said("closings_total", code="4002") == 1.0
    assert (paused("connections"), said("connections")) == (2.0, 1.0)


async def test_one_who_leaves_was_closed_by_nobody(ward: Ward) -> None:
    client = Client(ward, "ana")

    client.leave()

    said = await figures(ward.curbside)
    closed = [each.value for each in said.samples if each.name == "curbside_closings_total"]
    assert closed
    assert set(closed) == {0.0}


async def test_people_count_once_by_however_many_devices(ward: Ward) -> None:
    empty = await figures(ward.curbside)
    for handle in ("ana", "ana", "ben"):
        await Client(ward, handle).enter("cardiology", signals=True)
    await ward.post("cardiology", "Lactate is 4.2", "ana")

    said = await figures(ward.curbside)

    assert (empty("people"), empty("rooms_live"), empty("ring_bytes")) == (0.0, 0.0, 0.0)
    assert (said("people"), said("rooms_live")) == (2.0, 1.0)
    assert said("ring_bytes") > len("Lactate is 4.2")


async def test_what_the_database_failed_counts_by_what_is_known_of_it(
    ward: Ward, monkeypatch: pytest.MonkeyPatch
) -> None:
    fails: list[Exception] = [DatabaseAway("no disk"), FateUnknown("no answer")]
    before = await figures(ward.curbside)

    async def transaction(*_: Any, **__: Any) -> Any:
        raise fails.pop(0)

    monkeypatch.setattr(ward.curbside.database, "transaction", transaction)
    for refusal in (Unavailable, Unknown):
        with pytest.raises(refusal):
            await ward.post("cardiology", "CT is clear", "ana")

    said = await figures(ward.curbside)
    for outcome in ("unavailable", "unknown"):
        assert before("database_errors_total", outcome=outcome) == 0.0
        assert said("database_errors_total", outcome=outcome) == 1.0
        assert said("command_seconds_count", command="message.post", outcome=outcome) == 1.0


async def test_a_node_without_redis_says_nothing_of_a_bus(curbside: Curbside) -> None:
    assert "bus" not in await figures(curbside)


@pytest.mark.redis
@pytest.mark.skipif(not engines.has_redis(), reason="no Redis, nor a Valkey")
async def test_what_crosses_the_bus_counts_on_both_nodes(
    ward: Ward, database_url: str, valkey: Valkey
) -> None:
    buses = [RedisBus(valkey.url, name) for name in ("a", "b")]
    async with (
        serving_on(database_url, buses[0]) as here,
        serving_on(database_url, buses[1]) as there,
    ):
        await until(lambda: not any(bus.is_degraded for bus in buses))
        near, far = Ward(here), Ward(there)
        near.actors = far.actors = ward.actors
        head = (await (ana := Client(far, "ana")).enter("cardiology"))["head"]
        await until(lambda: there.bus is buses[1] and buses[1].counts.received)
        before = [await figures(node) for node in (here, there)]

        await near.post("cardiology", "Troponin is back", "ben")
        await ana.event(head + 1)
        await until(lambda: buses[0].counts.published > before[0]("bus_published_total"))

        said = [await figures(node) for node in (here, there)]
        assert said[1]("bus_received_total") > before[1]("bus_received_total")
        assert said[1]("deliveries_total") == 1.0
        assert [each("bus_degraded") for each in said] == [0.0, 0.0]
        assert all(0.0 <= each("bus_lag_seconds") < 1.0 for each in said)
        assert [each("bus_reconnects_total") for each in said] == [0.0, 0.0]


@pytest.mark.redis
@pytest.mark.skipif(not engines.has_redis(), reason="no Redis, nor a Valkey")
async def test_without_its_redis_a_node_is_ready_and_degraded(
    ward: Ward, database_url: str, valkey: Valkey
) -> None:
    bus = RedisBus(valkey.url, "a")
    async with serving_on(database_url, bus) as node, browsing(node) as http:
        await until(lambda: not bus.is_degraded)
        well = await http.get("/readyz")

        valkey.kill()
        await until(lambda: bus.is_degraded)
        ill = await http.get("/readyz")
        near = Ward(node)
        near.actors = ward.actors
        await near.post("cardiology", "Nobody else hears this at once", "ana")
        said = await figures(node)
        valkey.start()
        await until(lambda: not bus.is_degraded)
        again = await http.get("/readyz")

        assert [each.status_code for each in (well, ill, again)] == [200, 200, 200]
        assert [each.json()["degraded"] for each in (well, ill, again)] == [[], ["bus"], []]
        assert ill.json()["ready"] is True
        assert (said("bus_degraded"), said("bus_dropped_total") >= 1.0) == (1.0, True)
        assert said("bus_lag_seconds") != said("bus_lag_seconds"), "not a number: none is known"
        assert (await figures(node))("bus_reconnects_total") >= 1.0


async def test_no_figure_is_of_one_room_or_one_person(ward: Ward) -> None:
    client = Client(ward, "ana")
    await client.enter("cardiology", signals=True)
    await ward.post("cardiology", "Potassium is 6.1", "ben")
    client.connection.write_paused()

    said = await figures(ward.curbside)

    own = [sample for sample in said.samples if sample.name.startswith("curbside_")]
    assert {label for sample in own for label in sample.labels} <= LABELS
    for secret in ("cardiology", "Potassium", "ana", ward.id("ana"), ward.id("ben")):
        assert not [s for s in own if secret in s.labels.values()], secret
    assert "Potassium" not in said.text
    client.leave()
