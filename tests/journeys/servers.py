"""Servers: a real ``curbside serve --demo`` in a process of its own, which may be killed."""

import asyncio
import json
import os
import signal
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx2

from tests.waiting import until

ROOT = Path(__file__).parents[2]
CURBSIDE = ROOT / ".venv/bin/curbside"
STARTING = 90.0  # seconds; planting the demo takes some 4 s of processor, on a shared machine more


class Server:
    """One server, its data, and the port it keeps through restarts."""

    def __init__(self, data: Path, **environment: str) -> None:
        self.port = free_port()
        self.origin = f"http://127.0.0.1:{self.port}"
        self._data = data
        self._environment = {**os.environ, "CURBSIDE_DATA": str(data), "CURBSIDE_LOG": "json"}
        self._environment |= environment
        self._process: asyncio.subprocess.Process | None = None

    async def start(self) -> None:
        """Start it, as `bin/run` does, and wait until it answers."""
        with (self._data / "server.log").open("a") as log:
            self._process = await asyncio.create_subprocess_exec(
                CURBSIDE, "serve", "--demo", "--port", str(self.port),
                cwd=ROOT, env=self._environment, stdout=log, stderr=log,
            )  # fmt: skip
        process = self._process
        await until(lambda: listens(self.port) or process.returncode is not None, STARTING)
        assert process.returncode is None, (self._data / "server.log").read_text()
        async with httpx2.AsyncClient(base_url=self.origin, timeout=STARTING) as client:
            await client.get("/healthz")  # it listens before it is ready, and answers then

    async def kill(self) -> None:
        """End it as a power cut does."""
        await self._end(signal.SIGKILL)

    async def stop(self) -> None:
        await self._end(signal.SIGTERM)

    async def add_person(self, **line: Any) -> None:
        """Add somebody at the command line, while the server runs."""
        process = await asyncio.create_subprocess_exec(
            CURBSIDE, "person", "add", "-", cwd=ROOT, env=self._environment,
            stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE,
        )  # fmt: skip
        await process.communicate(json.dumps(line).encode())
        assert process.returncode == 0

    def password(self, handle: str) -> str:
        """Return a demo sign-in's password."""
        lines = (self._data / "demo.txt").read_text().splitlines()
        return next(line.split()[1] for line in lines if line.split()[0] == handle)

    async def _end(self, how: signal.Signals) -> None:
        if self._process is not None and self._process.returncode is None:
            self._process.send_signal(how)
            await self._process.wait()


@asynccontextmanager
async def serving(data: Path, **environment: str) -> AsyncIterator[Server]:
    """Yield a running server."""
    server = Server(data, **environment)
    try:
        await server.start()
        yield server
    finally:
        await server.kill()


def free_port() -> int:
    """Return a port that nobody listens on."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port: int = found.getsockname()[1]
    return port


def listens(port: int) -> bool:
    """Return whether somebody listens there."""
    with socket.socket() as trying:
        return trying.connect_ex(("127.0.0.1", port)) == 0
