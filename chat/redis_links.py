"""Redis links: where a Redis is, and the two connections to it, made anew whenever one is lost.

redis-py's own client reconnects and subscribes again in silence, and the messages between are lost
with no error; this one tells. Nothing waits for Redis without a deadline, whatever the URL says.
"""

import asyncio
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import asynccontextmanager
from typing import Any, Protocol
from urllib.parse import unquote, urlsplit

import structlog
from redis.asyncio.connection import Connection as TcpConnection
from redis.asyncio.connection import UnixDomainSocketConnection, parse_url
from redis.asyncio.retry import Retry
from redis.asyncio.sentinel import Sentinel
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

CONNECT_DEADLINE = 1.0  # seconds, of TCP, TLS and signing in together, and of each sentinel asked
COMMAND_DEADLINE = 0.5  # seconds; guessed: a healthy Redis answers a hundred times sooner
FIRST_WAIT, LONGEST_WAIT = 0.1, 1.0  # seconds until it is tried again, doubling; guessed
KEEPALIVE = {"TCP_KEEPIDLE": 10, "TCP_KEEPINTVL": 5, "TCP_KEEPCNT": 3}  # seconds, seconds, probes

SENTINEL_PORT = 26_379
HOW_TO_WRITE = (
    "write redis://host:6379/0, rediss://host:6379/0, unix:///path/to/socket or"
    " redis+sentinel://host:26379,host:26379/master/0"
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

log = structlog.get_logger(__name__)


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

    async def find(self) -> RedisConnection:
        """Return a connection that is yet to be made. May raise FAILURES."""


class Server:
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


class Sentinels:
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


def read_url(url: str) -> RedisAddress:
    """Return the address that a URL means. Raises ValueError with a sentence that quotes nothing."""
    try:
        if url.startswith("redis+sentinel:"):
            return _sentinels(url)
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
    parts = urlsplit(url)
    who, _, hosts = parts.netloc.rpartition("@")
    master, _, database = parts.path.removeprefix("/").partition("/")
    if not master:
        raise ValueError("no master")
    options = _options(f"redis://{who}@master/{database}?{parts.query}")
    Server(dict(options))
    return Sentinels([_place(host) for host in hosts.split(",")], unquote(master), options)


def _place(host: str) -> tuple[str, int]:
    parts = urlsplit(f"//{host}")
    if not parts.hostname:
        raise ValueError("no place")
    return parts.hostname, parts.port or SENTINEL_PORT


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


class Link:
    """A connection to speak on and one to hear on, which are lost together.

    ``use`` is given both, and runs until one of them fails or proves to be dead.
    """

    def __init__(
        self, address: RedisAddress,
        use: Callable[[RedisConnection, RedisConnection], Awaitable[None]],
    ) -> None:  # fmt: skip
        self._address = address
        self._use = use
        self._wait = FIRST_WAIT
        self._is_lost = False
        self._is_ended = False

    async def keep(self) -> None:
        """Connect and use, and again after each loss, until it is cancelled or ended."""
        while not self._is_ended:
            try:
                async with (
                    connected(self._address) as speaking,
                    connected(self._address) as hearing,
                ):
                    if not self._is_ended:
                        await self._use(speaking, hearing)
            except* FAILURES as group:
                self._lose(group)
            except* Exception:
                log.exception("bus failed")
            await asyncio.sleep(self._wait)
            self._wait = min(2 * self._wait, LONGEST_WAIT)

    def end(self) -> None:
        """Use no more links. Sentinels, and task groups that fail, may swallow a cancellation."""
        self._is_ended = True

    def prove(self) -> None:
        """Hear that it carries: after the next loss it is tried again soon."""
        self._wait = FIRST_WAIT
        if self._is_lost:
            self._is_lost = False
            log.info("bus is back")

    def _lose(self, group: BaseExceptionGroup[Exception]) -> None:
        """Log the first of many losses, by its kind alone: Redis may quote what it was sent."""
        if not self._is_lost:
            self._is_lost = True
            log.warning("bus lost", error=type(group.exceptions[0]).__name__)
