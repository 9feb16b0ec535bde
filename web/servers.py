"""Servers: uvicorn with our own protocols, drained before it stops."""

import errno
import gc
import logging
import os
import resource
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

import uvicorn

from web.curbside import Curbside
from web.http_protocol import HttpProtocol
from web.reserves import Reserve
from web.settings import Settings
from web.websocket_protocol import WebSocketProtocol

DRAIN_SECONDS = 10.0  # within which everybody is sent elsewhere; docs/operating.md
STOP_SECONDS = 10  # for requests under way after that; orchestrators kill after 30 s
FILES_KEPT = 128  # of those a process may open: its database, logs, and requests under way; guessed
BACKLOG = 2_048  # connections that wait to be accepted: uvicorn's own


class Server(uvicorn.Server):
    """A server that sends its clients elsewhere before it closes anything."""

    def __init__(self, config: uvicorn.Config, curbside: Curbside) -> None:
        super().__init__(config)
        self._curbside = curbside

    def end(self) -> None:
        """Drain and stop, as at a signal. From any thread."""
        self.should_exit = True

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Drain, then stop; a second signal stops at once."""
        if not self.force_exit:
            await self._curbside.connections.drain(DRAIN_SECONDS)
        await super().shutdown(sockets)

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Stop at a signal and end well; uvicorn would raise it again, and die of it."""
        with super().capture_signals():
            yield
            self._captured_signals.clear()


def listen(host: str, port: int) -> list[socket.socket]:
    """Return sockets that listen on every address of a host. Raises OSError where none can.

    Done before anything is begun, so that a port that is taken is told of in one line. Who connects
    before the application runs waits for it.
    """
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    sockets, failure = [], OSError(errno.EADDRNOTAVAIL, os.strerror(errno.EADDRNOTAVAIL))
    for family, address in dict.fromkeys((each[0], each[4]) for each in found):
        try:
            sockets.append(_listen(family, address))
        except OSError as error:
            # A name may have an address of a family that this machine is without.
            if error.errno not in (errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT):
                raise
            failure = error
    if not sockets:
        raise failure
    return sockets


def connections_allowed() -> int:
    """Return how many sockets this process has files for, having asked for all that it may have."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft < hard:
        with suppress(OSError, ValueError):  # some systems name a limit that they do not grant
            resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
            soft = hard
    return max(1, soft - FILES_KEPT)


def _listen(family: socket.AddressFamily, address: Any) -> socket.socket:
    made = socket.socket(family, socket.SOCK_STREAM)
    try:
        made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            made.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        made.bind(address)
        made.listen(BACKLOG)
    except OSError:
        made.close()
        raise
    return made


def run(app: Any, curbside: Curbside, settings: Settings, sockets: list[socket.socket]) -> None:
    """Serve until a signal comes. Raises MemoryError, having drained, where memory came to its end."""
    config = uvicorn.Config(
        app, ws=WebSocketProtocol, http=HttpProtocol,
        log_config=None, server_header=False, access_log=False, backlog=BACKLOG,
        timeout_graceful_shutdown=STOP_SECONDS, proxy_headers=bool(settings.proxies),
        forwarded_allow_ips=settings.proxies,
    )  # fmt: skip
    server = Server(config, curbside)
    reserve = Reserve(server.end)
    logging.getLogger().addHandler(reserve)
    gc.collect()
    gc.freeze()  # what was loaded stays: a full collection holds everybody up for 10 ms, not for 130
    server.run(sockets)
    if reserve.is_spent:
        raise MemoryError
