"""Servers: how each is filled, started on its core, measured from outside, and ended."""

import http.client
import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import NamedTuple

from bench.wire import CURBSIDE, PATIENCE, Kinds, Lost

ROOT = Path(__file__).parents[1]
CORES = sorted(os.sched_getaffinity(0))  # the first is the server's, the last the client's
TICKS = os.sysconf("SC_CLK_TCK")  # a second; the unit of utime and stime in proc(5)
GRACE = 3.0  # seconds that a server has to end by itself; what it answered is on the disk
LOG_SHOWN = 2_000  # characters of a server's log, where a run is lost


class Running(NamedTuple):
    """A server that answers, and its process."""

    port: int
    pid: int

    def cpu(self) -> float:
        """Return the CPU time of all its threads, user and system, in seconds."""
        fields = Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / TICKS

    def memory(self) -> float:
        """Return its proportional set size in KiB, without the kernel's socket buffers."""
        rollup = Path(f"/proc/{self.pid}/smaps_rollup").read_text()
        [size] = [line.split()[1] for line in rollup.splitlines() if line.startswith("Pss:")]
        return float(size)


@dataclass(frozen=True)
class Server:
    """One that is measured, with data of its own that outlives its restarts."""

    name: str
    command: tuple[str, ...]
    environment: Mapping[str, str]
    directory: Path
    tokens: list[str]
    kinds: Kinds = CURBSIDE

    @property
    def database(self) -> Path:
        """Return where it keeps messages, if that is a file."""
        return self.directory / f"{self.name}.db"

    @contextmanager
    def running(self) -> Iterator[Running]:
        """Start it on its core; end it on leaving, whatever happened."""
        port = _free_port()
        log = self.directory / "server.log"
        with log.open("ab") as out:
            process = subprocess.Popen(
                [*self.command, "--port", str(port)],
                stdout=out, stderr=out, env=self.environment, cwd=ROOT,
            )  # fmt: skip
        try:
            # Before it has any thread: each takes its cores from the one that starts it.
            os.sched_setaffinity(process.pid, CORES[:1])
            _wait_until_ready(port, process)
            yield Running(port, process.pid)
        except Lost as error:
            error.add_note(log.read_text(errors="replace")[-LOG_SHOWN:])
            raise
        finally:
            process.terminate()
            with suppress(subprocess.TimeoutExpired):
                process.wait(GRACE)
            process.kill()
            process.wait()


@contextmanager
def all_cores() -> Iterator[None]:
    """Let what is started meanwhile run on every core: a browser has many processes."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, CORES)
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


def curbside(
    directory: Path, people: int, rooms: Sequence[str], password: str = "", **settings: str
) -> Server:
    """Return Curbside with so many verified members of each room, made by its command line."""
    directory.mkdir()
    command = Path(sys.executable).with_name("curbside")
    if not command.exists():
        raise Lost("there is no curbside beside this Python: run bin/setup")
    environment = {**_environment(), "CURBSIDE_DATA": str(directory), "CURBSIDE_LIMITS": "off"}
    environment |= settings

    def run(*arguments: str, stdin: str = "") -> str:
        done = subprocess.run(
            [command, *arguments], input=stdin, capture_output=True, text=True,
            env=environment, cwd=ROOT, timeout=PATIENCE * 3, check=False,
        )  # fmt: skip
        if done.returncode:
            raise Lost(f"curbside {' '.join(arguments[:3])}: {done.stderr.strip()[-1000:]}")
        return done.stdout

    handles = [f"p{number}" for number in range(1, people + 1)]
    asked = [{"handle": each, "verified": True, "scopes": ["read", "post"]} for each in handles]
    if password:
        asked[0]["password"] = password
    added = run("person", "add", "-", stdin="".join(json.dumps(line) + "\n" for line in asked))
    for room in rooms:
        members = [word for handle in handles for word in ("--member", handle)]
        run("room", "add", room, "--title", room.title(), *members)
    tokens = [json.loads(line)["token"] for line in added.splitlines()]
    return Server("curbside", (str(command), "serve"), environment, directory, tokens)


def loop(directory: Path, people: int) -> Server:
    """Return the plain loop."""
    command = (sys.executable, "-m", "uvicorn", "bench.loop:app", "--log-level", "warning")
    return reference("loop", command, directory, people)


def reference(
    name: str, command: Sequence[str], directory: Path, people: int, kinds: Kinds = CURBSIDE,
    **settings: str,
) -> Server:  # fmt: skip
    """Return a server that knows neither people nor rooms before they come."""
    directory.mkdir()
    tokens = [f"p{number}" for number in range(1, people + 1)]
    server = Server(name, tuple(command), _environment(), directory, tokens, kinds)
    own = {"BENCH_DATABASE": str(server.database), **settings}
    return replace(server, environment={**server.environment, **own})


def _environment() -> dict[str, str]:
    """Return ours without what would set up a server in another way."""
    own = ("CURBSIDE_", "DATABASE_URL", "REDIS_URL", "PORT")
    return {name: value for name, value in os.environ.items() if not name.startswith(own)}


def _free_port() -> int:
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        port: int = sock.getsockname()[1]
        return port


def _wait_until_ready(port: int, process: "subprocess.Popen[bytes]") -> None:
    end = time.perf_counter() + PATIENCE
    while process.poll() is None and time.perf_counter() < end:
        with suppress(OSError, http.client.HTTPException):
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
            connection.request("GET", "/readyz")
            if connection.getresponse().status == 200:
                return
        time.sleep(0.1)
    raise Lost("the server did not start")
