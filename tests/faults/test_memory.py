"""Memory capped: a crowd that reads nothing costs little, and who has none left ends well."""

import asyncio
import json
import resource
import socket
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from pathlib import Path

import pytest

from chat.errors import Close
from chat.frames import TEXT
from tests.processes import Server, http_client, served
from tests.web.command_lines import Headers, add, ok, run
from tests.web.socket_servers import HEAD, RawClient, masked
from tests.web.talkers import PATIENCE, Refused, talking

PAGE = 50  # messages of 9,000 characters: 460 kB an answer
ASKED = 31  # answers of 14 MB together, of which the kernel takes some 3
CROWD = 12
MORE = 64 * 1024 * 1024  # bytes; 130 MB wait for the crowd where all answers are made


def cap(server: Server, more: int) -> None:
    """Let the server have so many more bytes than it has, and nothing beyond."""
    assert server.process is not None
    most = data_size(server.process.pid) + more
    resource.prlimit(server.process.pid, resource.RLIMIT_DATA, (most, most))


def data_size(pid: int) -> int:
    [line] = [x for x in Path(f"/proc/{pid}/status").read_text().splitlines() if "VmData" in x]
    return int(line.split()[1]) * 1024


@asynccontextmanager
async def deaf(port: int, headers: Headers) -> AsyncIterator[RawClient]:
    """Yield a client that has room for nothing."""
    made = socket.socket()
    made.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    made.setblocking(False)
    await asyncio.get_running_loop().sock_connect(made, ("127.0.0.1", port))
    client = RawClient(*await asyncio.open_connection(sock=made, limit=4096))
    try:
        await client.upgrade(HEAD + f"Authorization: {headers['Authorization']}\r\n".encode())
        yield client
    finally:
        client.writer.transport.abort()


def page(re: int) -> bytes:
    asked = {"id": re, "do": "message.history", "with": {"room": "cardiology"}}
    return masked(TEXT, json.dumps(asked).encode())


async def paused(server: Server) -> int:
    """Return how many connections take no more."""
    async with http_client(server.origin) as http:
        figures = (await http.get("/metrics")).text
    [line] = [x for x in figures.splitlines() if x.startswith("curbside_slow_readers ")]
    return int(float(line.split()[1]))


@pytest.mark.faults
async def test_a_crowd_that_reads_nothing_leaves_a_capped_server_alive(tmp_path: Path) -> None:
    data = tmp_path / "var"
    ana, ben = add(data, "ana"), add(data, "ben")
    members = ("--member", "ana", "--member", "ben")
    ok(run(data, "room", "add", "cardiology", "--title", "Cardiology", *members))
    async with served(data, CURBSIDE_LIMITS="off") as server:
        async with http_client(server.origin, ben) as http:
            for _ in range(PAGE):
                long = {"room": "cardiology", "text": "x" * 9_000}
                assert (await http.post("/api/message.post", json=long)).status_code == 200
        cap(server, MORE)
        async with AsyncExitStack() as stack:
            for _ in range(CROWD):
                client = await stack.enter_async_context(deaf(server.port, ana))
                client.send(b"".join(map(page, range(ASKED))))
            async with asyncio.timeout(PATIENCE):
                while await paused(server) < CROWD:
                    pass
            async with talking(server.socket_url, ben) as talker:
                for number in range(20):
                    post = {"room": "cardiology", "cid": f"cid-{number:06}", "text": "BP 140/90."}
                    assert "ok" in await talker.ask("message.post", post)

        assert server.is_up
        assert "MemoryError" not in server.log()
        assert await server.stop() == ""


@pytest.mark.faults
async def test_a_server_without_memory_sends_everybody_elsewhere_and_ends(tmp_path: Path) -> None:
    data = tmp_path / "var"
    ana, ben = add(data, "ana"), add(data, "ben")
    async with (
        served(data, CURBSIDE_LIMITS="off") as server,
        talking(server.socket_url, ana) as talker,
        AsyncExitStack() as stack,
    ):
        assert server.process is not None
        cap(server, 0)
        closed = asyncio.create_task(talker.close_code())
        with suppress(OSError, Refused, TimeoutError):  # of the one for whom there is no memory
            while not closed.done():
                await stack.enter_async_context(talking(server.socket_url, ben))

        assert await closed == Close.DRAINED
        assert await server.process.wait() == 1
        assert "curbside: no memory was left" in server.log()
