"""Processes: the real command line, and a real server on a port of this machine."""

import asyncio
import os
import signal
import socket
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import NamedTuple

from tests.waiting import until

PATIENCE = 60.0  # seconds; a start takes one, and ten where others keep the machine busy

# What `curbside` is, but that it waits for a word on stdin between loading and running: a spare.
_SPARE = "import sys; from web.cli import app; sys.stdin.readline(); app()"


class Ended(NamedTuple):
    """How a command ended."""

    code: int
    out: str
    err: str


async def curbside(data: Path, *arguments: str, stdin: str = "", **more: str) -> Ended:
    """Run one command of the command line to its end."""
    process = await asyncio.create_subprocess_exec(
        *_program(), *arguments, env=environment(data, **more),
        stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    try:
        out, err = await asyncio.wait_for(
            process.communicate(stdin.encode(errors="surrogatepass")), PATIENCE
        )
    finally:
        if process.returncode is None:
            process.kill()
    assert process.returncode is not None
    return Ended(process.returncode, out.decode(), err.decode())


def environment(data: Path, **more: str) -> dict[str, str]:
    """Return the environment of a process that keeps its data there, and nothing of our own."""
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
    return {**kept, "CURBSIDE_DATA": str(data), "COLUMNS": "100", **more}


def free_port() -> int:
    """Return a port that nothing listens on."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port: int = found.getsockname()[1]
        return port


class Server:
    """One run of ``curbside serve``."""

    def __init__(self, process: asyncio.subprocess.Process, port: int, log: Path) -> None:
        self.process = process
        self.port = port
        self.origin = f"http://127.0.0.1:{port}"
        self.socket_url = f"ws://127.0.0.1:{port}/ws"
        self.line = ""
        self._log = log

    async def ready(self) -> None:
        """Let a spare run, and wait until it says that it does and then takes connections."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(b"\n")
        line = await asyncio.wait_for(self.process.stdout.readline(), PATIENCE)
        self.line = line.decode()
        assert self.line, self.log()
        await until(self._listens, PATIENCE)

    def _listens(self) -> bool:
        with socket.socket() as tried:
            return tried.connect_ex(("127.0.0.1", self.port)) == 0

    def log(self) -> str:
        """Return what it wrote on stderr so far."""
        return self._log.read_text()

    async def kill(self) -> None:
        """End it as power loss does."""
        self.process.kill()
        await self.process.wait()

    async def stop(self) -> str:
        """End it by SIGTERM, and return what it wrote on stdout after its line."""
        self.process.send_signal(signal.SIGTERM)
        assert self.process.stdout is not None
        rest = await asyncio.wait_for(self.process.stdout.read(), PATIENCE)
        await self.process.wait()
        return rest.decode()


@asynccontextmanager
async def spare(data: Path, *arguments: str, port: int, **more: str) -> AsyncIterator[Server]:
    """Yield a server that has loaded, and serves once ``ready`` is called."""
    log = data.parent / f"server-{port}.log"
    with log.open("ab") as stderr:
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-c", _SPARE, "serve", "--port", str(port), *arguments,
            env=environment(data, **more), stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE, stderr=stderr,
        )  # fmt: skip
    try:
        yield Server(process, port, log)
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()
        assert process.stdin is not None
        process.stdin.close()


@asynccontextmanager
async def served(data: Path, *arguments: str, **more: str) -> AsyncIterator[Server]:
    """Yield a server that takes connections."""
    async with spare(data, *arguments, port=free_port(), **more) as server:
        await server.ready()
        yield server


def _program() -> list[str]:
    """Return the entry point as it was installed, or where it was not, what it stands for."""
    installed = Path(sys.executable).with_name("curbside")
    if installed.exists():
        return [str(installed)]
    return [sys.executable, "-c", "from web.cli import app; app()"]
