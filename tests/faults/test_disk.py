"""A full disk: what cannot be stored is refused, what was stored is read, and room heals it."""

import itertools
import json
import resource
from pathlib import Path
from typing import Any

import pytest

from tests.processes import Server, curbside, http_client, served
from tests.web.talkers import Talker, talking

TEXT = "BP 140/90. " * 800  # nearly the longest, so that few of them fill what is left
LEFT = 256 * 1024  # bytes that the journal may grow by


def let_grow(server: Server, size: int) -> None:
    """Have no file of the server grow beyond a size: to it the disk is full there."""
    assert server.process is not None
    resource.prlimit(server.process.pid, resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))


async def post_until_refused(talker: Talker) -> tuple[list[int], dict[str, Any]]:
    """Return the numbers of the posts that were answered, and the first that was refused."""
    numbers: list[int] = []
    for number in itertools.count():
        post = {"room": "cardiology", "cid": f"cid-{number:06}", "text": f"{number}: {TEXT}"}
        answer = await talker.ask("message.post", post)
        if "refused" in answer:
            assert answer["refused"]["code"] == "unavailable"
            return numbers, post
        numbers.append(answer["ok"]["seq"])
    raise AssertionError


@pytest.mark.faults
async def test_a_full_disk_loses_nothing_and_heals(tmp_path: Path) -> None:
    data = tmp_path / "var"
    line = json.dumps({"handle": "ana", "scopes": ["read", "post"]})
    added = await curbside(data, "person", "add", "-", stdin=line)
    await curbside(data, "room", "add", "cardiology", "--title", "Cardiology", "--member", "ana")
    headers = {"Authorization": f"Bearer {json.loads(added.out)['token']}"}

    async with (
        served(data, CURBSIDE_LIMITS="off") as server,
        talking(server.socket_url, headers) as talker,
        http_client(server.origin, headers) as http,
    ):
        await talker.enter("cardiology")
        let_grow(server, (data / "curbside.db-wal").stat().st_size + LEFT)
        numbers, refused = await post_until_refused(talker)
        assert numbers == list(range(numbers[0], numbers[0] + len(numbers)))

        page = (await http.get("/api/rooms/cardiology/messages?limit=100")).json()["messages"]
        assert [message["seq"] for message in page] == numbers

        let_grow(server, resource.RLIM_INFINITY)
        answer = (await talker.ask("message.post", refused))["ok"]
        assert answer["seq"] == numbers[-1] + 1
        assert "duplicate" not in answer
        assert "Traceback" not in server.log()
        assert (await curbside(data, "doctor")).code == 0
