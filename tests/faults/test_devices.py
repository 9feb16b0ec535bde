"""One person on many devices, by two nodes of which one dies: all show the same in the end."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

import pytest

from tests.engines import Valkey
from tests.faults.sites import HEALED, ROOMS, Site
from tests.processes import http_client
from tests.web.command_lines import Headers
from tests.web.talkers import Talker, talking

pytestmark = [pytest.mark.faults, pytest.mark.postgresql, pytest.mark.redis]

POSTS = 12


@asynccontextmanager
async def devices(url: str, headers: Headers, count: int) -> AsyncIterator[list[Talker]]:
    """Yield devices of one person, each of which hears how far the others have read."""
    async with AsyncExitStack() as stack:
        talkers = [await stack.enter_async_context(talking(url, headers)) for _ in range(count)]
        for talker in talkers:
            await talker.enter("@me")
        yield talkers


async def post_some(origin: str, headers: Headers) -> list[int]:
    """Return the numbers of posts of another."""
    async with http_client(origin, headers) as http:
        answers = [
            await http.post("/api/message.post", json={"room": ROOMS[0], "text": f"SpO2 9{n}."})
            for n in range(POSTS)
        ]
    return [answer.json()["seq"] for answer in answers]


def mark(seq: int) -> dict[str, object]:
    return {"room": ROOMS[0], "seq": seq, "cid": f"read-{seq:06}"}


async def told(talker: Talker, seq: int) -> list[int]:
    """Return all that a device was told of how far the person has read, up to a number."""
    await talker.until(lambda f: f.get("event") == "read.marked" and f["data"]["seq"] >= seq)
    return [f["data"]["seq"] for f in talker.frames if f.get("event") == "read.marked"]


async def test_read_markers_agree_on_all_devices_though_a_node_dies(
    site: Site, valkey: Valkey
) -> None:
    me, other = site.people[:2]
    settings = site.settings(valkey.url)
    async with site.serving(settings, settings) as [first, second]:
        seqs = await post_some(second.origin, other)
        async with devices(second.socket_url, me, 2) as staying:
            async with devices(first.socket_url, me, 3) as moving:
                marking = zip([*moving, *staying], seqs, strict=False)
                await asyncio.gather(
                    *(each.ask("room.mark_read", mark(seq)) for each, seq in marking)
                )
                for each, seq in zip(moving, seqs[5:], strict=False):
                    await each.tell("room.mark_read", mark(seq))
                await first.kill()
            async with devices(second.socket_url, me, 3) as moved:
                for each, seq in zip(moved, seqs[5:], strict=False):  # nobody knows of these
                    assert "ok" in await each.ask("room.mark_read", mark(seq))
                await staying[0].ask("room.mark_read", mark(seqs[-1]))
                async with asyncio.timeout(HEALED):
                    heard = [await told(each, seqs[-1]) for each in (*staying, *moved)]
                rooms = [await each.ask("room.list", {}) for each in (*staying, *moved)]

    assert all(each == sorted(set(each)) for each in heard), "a marker moved down"
    assert {each[-1] for each in heard} == {seqs[-1]}
    assert all(each["ok"]["rooms"] == rooms[0]["ok"]["rooms"] for each in rooms)
    assert [room["unread"] for room in rooms[0]["ok"]["rooms"]] == [0, 0]
