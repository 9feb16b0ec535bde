"""Clocks that jump, or differ: numbers order, and nothing but what has a date goes by the date."""

import asyncio
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from itertools import pairwise
from pathlib import Path

import pytest

from chat.errors import Close
from tests.engines import Valkey
from tests.faults.clocks import Clock
from tests.faults.habits import Habits
from tests.faults.histories import read_log
from tests.faults.sites import IN_HEALTH, ROOMS, Site
from tests.processes import http_client
from tests.waiting import until
from tests.web.command_lines import PASSWORD, ok, run
from tests.web.talkers import Frame, talking

pytestmark = [pytest.mark.clocks, pytest.mark.faults]

HOUR = 3_600.0  # seconds
SESSION = 12 * HOUR
PACE = Habits(every=0.1, edits=25, reacts=55)  # a post a second each: nobody is limited
STAGE = 20  # answers after each jump


@pytest.fixture
def clock(tmp_path: Path) -> Clock:
    """Return a clock that is right at first."""
    return Clock(tmp_path)


async def sign_in(origin: str, handle: str) -> dict[str, str]:
    """Return the headers of a session."""
    async with http_client(origin) as http:
        answer = await http.post("/api/session.open", json={"handle": handle, "password": PASSWORD})
    return {"Cookie": f"curbside={answer.cookies['curbside']}", "Origin": origin}


@asynccontextmanager
async def watching(url: str, headers: Mapping[str, str]) -> AsyncIterator[list[Frame]]:
    """Yield what somebody in a room is sent, who comes and goes there among it, as it comes."""
    async with talking(url, headers) as talker:
        await talker.enter(ROOMS[0], signals=True)
        listening = asyncio.ensure_future(talker.close_code())
        try:
            yield talker.frames
        finally:
            await talker.socket.leave()  # a cancellation may be lost, while events come
            await asyncio.gather(listening, return_exceptions=True)


def gone(frames: list[Frame]) -> list[str]:
    """Return who was said to have gone."""
    signals = filter(is_presence, frames)
    return [person for signal in signals for person in signal["data"].get("offline", ())]


def says_both_are_here(frames: list[Frame]) -> bool:
    return any(frame["data"]["count"] == 2 for frame in filter(is_presence, frames))


def is_presence(frame: Frame) -> bool:
    return frame.get("signal") == "presence.changing"


async def test_a_clock_that_jumps_ends_what_has_a_date_and_nothing_else(
    small_site: Site, clock: Clock
) -> None:
    ok(run(small_site.data, "person", "add", "rowan", "--password-stdin", stdin=f"{PASSWORD}\n"))
    limits = {"CURBSIDE_LIMITS": "on", "CURBSIDE_SESSION_SECONDS": str(SESSION)}
    busy = small_site.busy(clock.settings | limits, habits=PACE)
    async with busy as (workload, [node]):
        rowan = await sign_in(node.origin, "rowan")
        async with (
            talking(node.socket_url, rowan) as session,
            watching(node.socket_url, small_site.people[0]) as watcher,
            watching(node.socket_url, small_site.people[1]),
        ):
            await until(lambda: says_both_are_here(watcher))
            clock.move("-1h")
            await workload.more(STAGE)
            assert "ok" in await session.ask("room.list", {})
            clock.move("+1d")
            await workload.more(STAGE)
            assert await session.close_code() == Close.SESSION_EXPIRED
            clock.move("+0")
            await workload.more(STAGE)
            assert gone(watcher) == []
    found = await small_site.find(workload, IN_HEALTH)

    assert found.violations == []
    assert found.refused.keys() <= {"not_found", "edit_window_closed"}
    assert "rate_limited" not in workload.refusals()
    assert set(workload.codes()) == {0}, "a socket was closed"
    times = [event.at - time.time() for event in await read_log(small_site.database)]
    assert min(times) < -HOUR / 2
    assert max(times) > 23 * HOUR


@pytest.mark.postgresql
@pytest.mark.redis
async def test_nodes_whose_clocks_differ_serve_as_one(
    site: Site, valkey: Valkey, clock: Clock
) -> None:
    clock.move("+5m")
    settings = site.settings(valkey.url)
    async with (
        site.busy(settings, settings | clock.settings) as (workload, [right, ahead]),
        watching(right.socket_url, site.people[0]) as one,
        watching(ahead.socket_url, site.people[1]) as other,
    ):
        await until(lambda: says_both_are_here(one) and says_both_are_here(other))
        await workload.more(60)
        assert gone(one) == gone(other) == []
    found = await site.find(workload, IN_HEALTH)

    assert found.violations == []
    assert found.refused.keys() <= {"not_found"}
    assert set(workload.codes()) == {0}, "a socket was closed"
    log = await read_log(site.database)
    assert any(after.at < before.at - 240 for before, after in pairwise(log))
