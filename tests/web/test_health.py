"""Health: what a load balancer and whoever watches over the server are told."""

import asyncio

import pytest

from tests.builders import Ward
from tests.clients import Client
from tests.web.http_clients import browsing, give_session, give_token
from web.curbside import Curbside
from web.metrics import Metrics, watch_loop


async def test_a_node_that_serves_is_alive_and_ready(curbside: Curbside) -> None:
    curbside.limits.is_limited = True
    async with browsing(curbside) as http:
        alive, ready = await http.get("/healthz"), await http.get("/readyz")

    assert (alive.status_code, ready.status_code) == (200, 200)
    assert ready.json() == {"ready": True, "degraded": [], "limits": "on"}
    assert alive.headers["cache-control"] == ready.headers["cache-control"] == "no-store"


async def test_lifted_limits_are_said_aloud(curbside: Curbside) -> None:
    async with browsing(curbside) as http:
        assert (await http.get("/readyz")).json()["limits"] == "off"


async def test_a_node_that_starts_or_drains_takes_no_traffic(curbside: Curbside) -> None:
    async with browsing(curbside) as http:
        curbside.is_ready = False
        starting = await http.get("/readyz")
        curbside.is_ready, curbside.connections.is_draining = True, True
        draining = await http.get("/readyz")
        alive = await http.get("/healthz")

    for answer in (starting, draining):
        assert (answer.status_code, answer.json()["ready"]) == (503, False)
        assert answer.headers["retry-after"] == "2"
    assert alive.status_code == 200


async def test_the_figures_count_commands_commits_and_connections(ward: Ward) -> None:
    await ward.post("cardiology", "Potassium is 6.1.", "ana")
    client = Client(ward, "ana")
    async with browsing(ward.curbside) as http:
        await http.post("/api/session.open", json={"handle": "ana", "password": "a guess"})
        figures = (await http.get("/metrics")).text

    assert "curbside_connections 1.0" in figures
    assert 'curbside_command_seconds_count{command="message.post",outcome="ok"} 1.0' in figures
    assert 'command="session.open",outcome="signed_out"' in figures
    for name in ("curbside_batch_commands_count", "curbside_events_total", "curbside_queue"):
        assert name in figures
    assert "Potassium" not in figures
    client.leave()


@pytest.mark.parametrize("headers", [{"X-Forwarded-For": "127.0.0.1"}, {"Forwarded": "for=::1"}])
async def test_the_figures_are_for_this_machine(
    curbside: Curbside, headers: dict[str, str]
) -> None:
    async with browsing(curbside) as here, browsing(curbside, address="192.0.2.7") as there:
        local = await here.get("/metrics")
        behind_a_proxy = await here.get("/metrics", headers=headers)
        remote = await there.get("/metrics")

    assert (local.status_code, behind_a_proxy.status_code, remote.status_code) == (200, 404, 404)
    assert behind_a_proxy.json() == remote.json()


async def test_from_afar_the_figures_want_an_administrators_token(ward: Ward) -> None:
    await ward.admit("hale", role="admin")
    admin, member = [await give_token(ward, handle, "read") for handle in ("hale", "ana")]
    cookie = {"Cookie": f"curbside={await give_session(ward, 'hale')}"}
    async with browsing(ward.curbside, address="192.0.2.7") as http:
        statuses = [
            (await http.get("/metrics", headers=headers)).status_code
            for headers in (admin, member, cookie)
        ]

    assert statuses == [200, 404, 404]


def test_two_nodes_in_one_process_count_apart() -> None:
    first, second = Metrics(), Metrics()

    first.batch(3, 5)

    assert first.registry.get_sample_value("curbside_events_total") == 5.0
    assert second.registry.get_sample_value("curbside_events_total") == 0.0


async def test_a_loop_that_was_held_up_for_a_while_shows() -> None:
    metrics, now = Metrics(), 0.0

    async def sleep(seconds: float) -> None:
        nonlocal now
        if now > 0:
            raise asyncio.CancelledError
        now += seconds + 0.3

    with pytest.raises(asyncio.CancelledError):
        await watch_loop(metrics, lambda: now, sleep)

    bucket = "curbside_loop_lag_seconds_bucket"
    counts = [metrics.registry.get_sample_value(bucket, {"le": le}) for le in ("0.25", "0.5")]
    assert counts == [0.0, 1.0]
