"""Clusters: real ``curbside serve`` processes over one PostgreSQL and one Valkey, each at its port."""

import asyncio
import json
import signal
import sys
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

from tests.processes import Server, environment, free_port
from tests.web.command_lines import Headers, ok, run

ROOT = Path(__file__).parents[2]
PROGRAM = ("-c", "from web.cli import app; app()")
SCOPES = ["read", "post", "react"]


def seeded(fault: str) -> tuple[str, ...]:
    """Return the program with a fault in it."""
    return ("-m", "tests.faults.seeded", fault)


def prepare(data: Path, rooms: Sequence[str], people: int) -> list[Headers]:
    """Add people, and rooms of them all, where DATABASE_URL says; return what they sign in by."""
    names = [f"nurse-{number}" for number in range(people)]
    lines = [json.dumps({"handle": name, "scopes": SCOPES}) for name in names]
    added = ok(run(data, "person", "add", "-", stdin="\n".join(lines)))
    members = [word for name in names for word in ("--member", name)]
    for room in rooms:
        ok(run(data, "room", "add", room, "--title", room.title(), "--private", *members))
    tokens = [json.loads(line)["token"] for line in added.splitlines()]
    return [{"Authorization": f"Bearer {token}"} for token in tokens]


class Node:
    """The place of one node: its port, and whichever process serves there."""

    def __init__(self, data: Path, settings: Mapping[str, str], program: Sequence[str]) -> None:
        self.port = free_port()
        self.url = f"ws://127.0.0.1:{self.port}/ws"
        self.server: Server | None = None
        self._data = data
        self._settings = settings
        self._program = program

    async def start(self) -> None:
        """Serve, and return once it takes connections."""
        log = self._data.parent / f"server-{self.port}.log"
        with log.open("ab") as stderr:
            process = await asyncio.create_subprocess_exec(
                sys.executable, *self._program, "serve", "--port", str(self.port), cwd=ROOT,
                env=environment(self._data, CURBSIDE_LIMITS="off", **self._settings),
                stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, stderr=stderr,
            )  # fmt: skip
        self.server = Server(process, self.port, log)
        await self.server.ready()

    async def kill(self) -> None:
        """End it as power loss does."""
        assert self.server is not None
        await self.server.kill()

    async def stop(self) -> None:
        """End it by SIGTERM, well."""
        assert self.server is not None
        await self.server.stop()
        assert self.server.process.returncode == 0, self.server.log()

    def hold(self) -> None:
        """Have it do nothing, every link open."""
        self._signal(signal.SIGSTOP)

    def let_go(self) -> None:
        """Have it go on where it was held."""
        self._signal(signal.SIGCONT)

    def _signal(self, which: signal.Signals) -> None:
        assert self.server is not None
        self.server.process.send_signal(which)

    async def end(self) -> None:
        """Leave nothing running."""
        if self.server is not None:
            if self.server.process.returncode is None:
                self.server.process.kill()
            await self.server.process.wait()
            assert self.server.process.stdin is not None
            self.server.process.stdin.close()

    def log(self) -> str:
        """Return what it said on stderr."""
        return self.server.log() if self.server else ""


@asynccontextmanager
async def serving(
    data: Path, *settings: Mapping[str, str], program: Sequence[str] = PROGRAM
) -> AsyncIterator[list[Node]]:
    """Yield nodes that serve, one for each of the settings."""
    nodes = [Node(data, each, program) for each in settings]
    try:
        await asyncio.gather(*(node.start() for node in nodes))
        yield nodes
    finally:
        await asyncio.gather(*(node.end() for node in nodes))
