"""Redis links: where a Redis is, as its URL says, and a connection to it.

Nothing waits for Redis without a deadline, whatever the URL says. What passes goes in lanes: one to a
server or to the sentinels' master, several to a Redis Cluster, each to the master of its slot.
"""

import asyncio
import math
import re
import socket
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager, suppress
from typing import Any, Protocol
from urllib.parse import SplitResult, unquote, urlsplit

from redis.asyncio.connection import Connection as TcpConnection
from redis.asyncio.connection import UnixDomainSocketConnection, parse_url
from redis.asyncio.retry import Retry
from redis.asyncio.sentinel import Sentinel
from redis.backoff import NoBackoff
from redis.crc import key_slot
from redis.exceptions import RedisError

CONNECT_DEADLINE = 1.0  # seconds, of TCP, TLS and signing in together, and of each sentinel asked
COMMAND_DEADLINE = 0.5  # seconds; guessed: a healthy Redis answers a hundred times sooner
KEEPALIVE = {"TCP_KEEPIDLE": 10, "TCP_KEEPINTVL": 5, "TCP_KEEPCNT": 3}  # seconds, seconds, probes

PORT, SENTINEL_PORT = 6_379, 26_379
LANES = 8  # through a cluster; guessed: spread over a handful of masters, with few connections
HOW_TO_WRITE = (
    "write redis://host:6379/0, rediss://host:6379/0, unix:///path/to/socket,"
    " redis+cluster://host:6379,host:6379 or redis+sentinel://host:26379,host:26379/master/0"
)

FAILURES = (OSError, RedisError)

# Whoever uses a connection sets a deadline: for its own redis-py calls asyncio.wait_for, which in
# Python 3.11 loses a cancellation that comes as what it waits for is done.
_OURS = {
    "socket_timeout": None, "socket_connect_timeout": CONNECT_DEADLINE,
    "protocol": 2, "driver_info": None, "health_check_interval": 0,
}  # fmt: skip
_OURS_OVER_TCP = {
    "socket_keepalive": True,
    "socket_keepalive_options": {
        getattr(socket, name): value for name, value in KEEPALIVE.items() if hasattr(socket, name)
    },
}


class RedisConnection(Protocol):
    """What is used of redis-py's connection, which has few types. All may raise FAILURES."""

    async def connect(self) -> None:
        """Connect and sign in."""

    async def disconnect(self, nowait: bool = False) -> None:
        """Close."""

    async def send_command(self, *args: str | bytes) -> None:
        """Send one command."""

    def pack_commands(self, commands: Iterable[Iterable[str | bytes]]) -> list[bytes]:
        """Return commands as they are written, one after another."""

    async def send_packed_command(self, command: Iterable[bytes]) -> None:
        """Send what was packed."""

    async def read_response(self, *, timeout: float) -> Any:  # noqa: ASYNC109  # its name there
        """Return the next response, after up to ``timeout`` seconds."""


class RedisAddress(Protocol):
    """Where a Redis is."""

    def lanes(self) -> dict[str, "RedisAddress"]:
        """Return where each lane goes, by its name, which is a hash tag in a cluster and else empty."""

    async def find(self) -> RedisConnection:
        """Return a connection that is yet to be made. May raise FAILURES."""


class OneLane:
    """An address at which everything passes through one server."""

    def lanes(self: RedisAddress) -> dict[str, RedisAddress]:
        """Return itself."""
        return {"": self}


class Server(OneLane):
    """A Redis at a known place. Raises TypeError or RedisError for options there are not."""

    def __init__(self, options: dict[str, Any]) -> None:
        self._class = options.pop("connection_class", TcpConnection)
        over_tcp = {} if self._class is UnixDomainSocketConnection else _OURS_OVER_TCP
        self._options = {**options, **over_tcp, **_OURS, "retry_on_timeout": False}
        self._made()

    async def find(self) -> RedisConnection:
        """Return a connection to it."""
        return self._made()

    def _made(self) -> RedisConnection:
        made: RedisConnection = self._class(**self._options)
        return made


class Sentinels(OneLane):
    """Whichever Redis the sentinels call the master, asked anew each time."""

    def __init__(self, places: list[tuple[str, int]], master: str, options: dict[str, Any]) -> None:
        self._places = places
        self._master = master
        self._options = options

    async def find(self) -> RedisConnection:
        """Ask one sentinel after another, and return a connection to the master."""
        options = {**_OURS, **_OURS_OVER_TCP, "retry": Retry(NoBackoff(), 0)}
        options["socket_timeout"] = COMMAND_DEADLINE  # of each: nobody else knows when one is asked
        sentinel = Sentinel(self._places, sentinel_kwargs=options)  # type: ignore[no-untyped-call]  # few of its types
        try:
            host, port = await sentinel.discover_master(self._master)
        finally:
            await sentinel.aclose()
        return await Server({**self._options, "host": host, "port": port}).find()


class Cluster:
    """A Redis Cluster, of which some nodes are known."""

    def __init__(self, places: list[tuple[str, int]], options: dict[str, Any]) -> None:
        self._nodes = [Server({**options, "host": host, "port": port}) for host, port in places]
        self._options = options

    def lanes(self) -> dict[str, RedisAddress]:
        """Return the masters of as many slots as there are lanes, whichever they are by then."""
        return {tag: Slot(self, key_slot(tag.encode())) for tag in map(_tag, range(LANES))}

    async def find(self) -> RedisConnection:
        """Return a connection to the first node that answers."""
        return await (await self._answering()).find()

    async def master(self, slot: int) -> Server:
        """Return the master of a slot."""
        node = await self._answering()
        async with connected(node) as connection, asyncio.timeout(COMMAND_DEADLINE):
            await connection.send_command(b"CLUSTER", b"SLOTS")
            ranges = await connection.read_response(timeout=math.inf)
        for first, last, (host, port, *_), *_ in ranges:
            if first <= slot <= last:
                return Server({**self._options, "host": host.decode(), "port": port})
        raise ConnectionError("nobody has this slot")

    async def _answering(self) -> Server:
        for node in self._nodes[:-1]:
            with suppress(*FAILURES):
                async with connected(node):
                    return node
        return self._nodes[-1]


class Slot(OneLane):
    """The master of one slot of a cluster, asked for anew each time."""

    def __init__(self, cluster: Cluster, slot: int) -> None:
        self._cluster = cluster
        self._slot = slot

    async def find(self) -> RedisConnection:
        """Return a connection to it."""
        return await (await self._cluster.master(self._slot)).find()


def _tag(lane: int) -> str:
    return f"curbside-{lane}"


def read_url(url: str) -> RedisAddress:
    """Return the address that a URL means. Raises ValueError with a sentence that quotes nothing."""
    try:
        if url.startswith("redis+sentinel:"):
            return _sentinels(url)
        if url.startswith(("redis+cluster:", "rediss+cluster:")):
            return _cluster(url)
        return Server(_options(url))
    except (ValueError, TypeError, RedisError):
        raise ValueError(HOW_TO_WRITE) from None


def _options(url: str) -> dict[str, Any]:
    parts = urlsplit(url)
    is_socket = parts.scheme == "unix"
    if not is_socket and not (parts.path.strip("/") or "0").isdecimal():
        raise ValueError("not the number of a database")
    if not (parts.path if is_socket else parts.hostname):
        raise ValueError("no place")
    return dict(parse_url(url))


def _sentinels(url: str) -> Sentinels:
    parts, hosts = _parted(url)
    master, _, database = parts.path.removeprefix("/").partition("/")
    if not master:
        raise ValueError("no master")
    options = _options(parts._replace(scheme="redis", path=f"/{database}").geturl())
    Server(dict(options))
    return Sentinels([_place(host, SENTINEL_PORT) for host in hosts], unquote(master), options)


def _cluster(url: str) -> Cluster:
    parts, hosts = _parted(url)
    if parts.path.strip("/"):
        raise ValueError("a cluster has no databases")
    options = _options(parts._replace(scheme=parts.scheme.partition("+")[0], path="/0").geturl())
    Server(dict(options))
    return Cluster([_place(host, PORT) for host in hosts], options)


def _parted(url: str) -> tuple[SplitResult, list[str]]:
    """Return a URL as one of a single host, and its hosts: of these a URL has one, in Python's eyes."""
    scheme, _, rest = url.partition("://")
    place = re.split("[/?#]", rest, maxsplit=1)[0]
    who, at, hosts = place.rpartition("@")
    return urlsplit(f"{scheme}://{who}{at}host{rest.removeprefix(place)}"), hosts.split(",")


def _place(host: str, port: int) -> tuple[str, int]:
    parts = urlsplit(f"//{host}")
    if not parts.hostname:
        raise ValueError("no place")
    return parts.hostname, parts.port or port


@asynccontextmanager
async def connected(address: RedisAddress) -> AsyncIterator[RedisConnection]:
    """Give a connection that is made, and close it in the end. May raise FAILURES."""
    connection = await address.find()
    try:
        async with asyncio.timeout(CONNECT_DEADLINE):
            await connection.connect()
        yield connection
    finally:
        await connection.disconnect(nowait=True)
