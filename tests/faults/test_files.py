"""Files run out: those who come are sent away cleanly, those who are there are served."""

import json
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from tests.processes import Server, curbside, http_client, serving
from tests.web.talkers import Refused, Talker, talking
from web.servers import FILES_KEPT

FILES = FILES_KEPT + 40  # of which 40 may be sockets


async def fill(
    stack: AsyncExitStack, server: Server, headers: dict[str, str]
) -> tuple[list[Talker], Refused]:
    """Connect until somebody is refused; return those who were not, and the refusal."""
    talkers: list[Talker] = []
    for _ in range(FILES):
        try:
            talker = await stack.enter_async_context(talking(server.socket_url, headers))
        except Refused as refused:
            return talkers, refused
        talkers.append(talker)
    raise AssertionError("nobody was refused")


@pytest.mark.faults
async def test_who_comes_when_files_run_out_is_refused_and_the_others_are_served(
    tmp_path: Path,
) -> None:
    data = tmp_path / "var"
    line = json.dumps({"handle": "ana", "scopes": ["read", "post"]})
    added = await curbside(data, "person", "add", "-", stdin=line)
    await curbside(data, "room", "add", "cardiology", "--title", "Cardiology", "--member", "ana")
    headers = {"Authorization": f"Bearer {json.loads(added.out)['token']}"}

    async with AsyncExitStack() as stack:
        server = Server(data, {"CURBSIDE_LIMITS": "off"}, files=FILES)
        await stack.enter_async_context(serving(server))
        talkers, refused = await fill(stack, server, headers)

        assert refused.status == 503
        assert "Retry-After" in refused.headers
        assert len(talkers) == FILES - FILES_KEPT
        async with http_client(server.origin) as http:
            assert (await http.get("/healthz")).status_code == 200
        post = {"room": "cardiology", "cid": "cid-000001", "text": "BP 140/90."}
        assert "ok" in await talkers[0].ask("message.post", post)

        await talkers.pop().socket.leave()
        again = await stack.enter_async_context(talking(server.socket_url, headers))
        assert "ok" in await again.ask("message.post", {**post, "cid": "cid-000002"})
        assert "Traceback" not in server.log()
