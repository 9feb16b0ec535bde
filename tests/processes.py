"""Processes: the real command line, and a real server on a port of this machine."""

import asyncio
import os
import secrets
import signal
import socket
import ssl
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from tempfile import TemporaryDirectory, TemporaryFile
from typing import NamedTuple

import httpx2

from tests.nursery import Order, nursery
from tests.waiting import until

_NO_AUTHORITIES = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)

PORTS = range(20_000, 32_000)  # below those that Linux gives to outgoing connections
PATIENCE = 60.0  # seconds, where others keep the machine busy; a start takes half of one


class Ended(NamedTuple):
    """How a command ended."""

    code: int
    out: str
    err: str


class Process:
    """One run of the command line."""

    def __init__(self, order: Order, out: Path, err: Path, stdin: str = "") -> None:
        with TemporaryFile() as given, out.open("wb") as stdout, err.open("ab") as stderr:
            given.write(stdin.encode(errors="surrogatepass"))
            given.seek(0)
            self._child = nursery().fork(order, given.fileno(), stdout.fileno(), stderr.fileno())
        self._out, self._err = out, err
        self._ended = asyncio.Event()
        self.pid = self._child.pid
        self.returncode: int | None = None
        asyncio.get_running_loop().add_reader(self._child.end, self._note_end)

    @property
    def out(self) -> str:
        """Return what it said on stdout so far."""
        return self._out.read_text()

    @property
    def err(self) -> str:
        """Return what was said on its stderr so far, by whichever process."""
        return self._err.read_text()

    def send_signal(self, which: signal.Signals) -> None:
        """Send a signal, unless it has ended."""
        if self.returncode is None:
            signal.pidfd_send_signal(self._child.handle, which)

    def kill(self) -> None:
        """End it as power loss does."""
        self.send_signal(signal.SIGKILL)

    async def wait(self) -> int:
        """Return its exit code once it has ended, of a signal as a negative number."""
        await asyncio.wait_for(self._ended.wait(), PATIENCE)
        assert self.returncode is not None
        return self.returncode

    def _note_end(self) -> None:
        asyncio.get_running_loop().remove_reader(self._child.end)
        self.returncode = int(os.read(self._child.end, 16))
        os.close(self._child.end)
        os.close(self._child.handle)
        self._ended.set()


async def curbside(data: Path, *arguments: str, stdin: str = "", **more: str) -> Ended:
    """Run one command of the command line to its end."""
    with TemporaryDirectory() as folder:
        order = Order(arguments, environment(data, **more))
        process = Process(order, Path(folder, "out"), Path(folder, "err"), stdin)
        try:
            return Ended(await process.wait(), process.out, process.err)
        finally:
            process.kill()


def environment(data: Path, **more: str) -> dict[str, str]:
    """Return the environment of a process that keeps its data there, and nothing of our own."""
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
    return {**kept, "CURBSIDE_DATA": str(data), "COLUMNS": "100", **more}


def free_port() -> int:
    """Return a port that nothing listens on, and that no connection is given while a server is down."""
    while True:
        port = PORTS[secrets.randbelow(len(PORTS))]
        with socket.socket() as found, suppress(OSError):
            found.bind(("127.0.0.1", port))
            return port


def http_client(origin: str, headers: Mapping[str, str] | None = None) -> httpx2.AsyncClient:
    """Return a client of a server on this machine. It knows no authorities: to load them takes long."""
    return httpx2.AsyncClient(
        base_url=origin, headers=headers, timeout=PATIENCE, trust_env=False, verify=_NO_AUTHORITIES
    )


class Server:
    """A place where ``curbside serve`` runs: its data, its port, and whichever process serves there."""

    def __init__(
        self, data: Path, settings: Mapping[str, str], *arguments: str, fault: str = "",
        files: int = 0,
    ) -> None:  # fmt: skip
        self.port = free_port()
        self.origin = f"http://127.0.0.1:{self.port}"
        self.socket_url = f"ws://127.0.0.1:{self.port}/ws"
        self.process: Process | None = None
        serve = ("serve", "--port", str(self.port), *arguments)
        self._order = Order(serve, environment(data, **settings), fault, files)
        self._out = data.parent / f"server-{self.port}.out"
        self._log = data.parent / f"server-{self.port}.log"

    async def start(self) -> None:
        """Serve, and return once it answers."""
        self.process = Process(self._order, self._out, self._log)
        await until(lambda: self._listens() or not self.is_up, PATIENCE)
        assert self.is_up, self.log()
        async with http_client(self.origin) as client:
            await client.get("/healthz")  # it listens before it is ready, and answers then

    @property
    def is_up(self) -> bool:
        """Return whether there is a process of it, serving or not."""
        return self.process is not None and self.process.returncode is None

    @property
    def line(self) -> str:
        """Return the first line that it said on stdout."""
        return self._out.read_text().partition("\n")[0]

    def _listens(self) -> bool:
        with socket.socket() as tried:
            return bool(self.line) and tried.connect_ex(("127.0.0.1", self.port)) == 0

    def log(self) -> str:
        """Return what it said on stderr so far, in all its runs."""
        return self._log.read_text()

    def hold(self) -> None:
        """Have it do nothing, every link open."""
        self._signal(signal.SIGSTOP)

    def let_go(self) -> None:
        """Have it go on where it was held."""
        self._signal(signal.SIGCONT)

    async def kill(self) -> None:
        """End it as power loss does."""
        await self._end(signal.SIGKILL)

    async def stop(self) -> str:
        """End it by SIGTERM, well, and return what it wrote on stdout after its line."""
        assert await self._end(signal.SIGTERM) == 0, self.log()
        return self._out.read_text().partition("\n")[2]

    async def _end(self, how: signal.Signals) -> int:
        self._signal(how)
        assert self.process is not None
        return await self.process.wait()

    def _signal(self, which: signal.Signals) -> None:
        assert self.process is not None
        self.process.send_signal(which)


@asynccontextmanager
async def serving(*servers: Server) -> AsyncIterator[None]:
    """Have servers serve; in the end nothing of them runs."""
    try:
        await asyncio.gather(*(server.start() for server in servers))
        yield
    finally:
        await asyncio.gather(*(server.kill() for server in servers if server.process))


@asynccontextmanager
async def served(data: Path, *arguments: str, **settings: str) -> AsyncIterator[Server]:
    """Yield a server that takes connections."""
    server = Server(data, settings, *arguments)
    async with serving(server):
        yield server
