"""Servers: uvicorn with our own protocols, drained before it stops."""

import socket
from typing import Any

import uvicorn

from web.curbside import Curbside
from web.http_protocol import HttpProtocol
from web.settings import Settings
from web.websocket_protocol import WebSocketProtocol

DRAIN_SECONDS = 10.0  # within which everybody is sent elsewhere; PROTOCOL.md, Draining
STOP_SECONDS = 10  # for requests under way after that; together under the 30 s of issue 3
BACKLOG = 2_048  # connections that wait to be accepted: uvicorn's own


class Server(uvicorn.Server):
    """A server that sends its clients elsewhere before it closes anything."""

    def __init__(self, config: uvicorn.Config, curbside: Curbside) -> None:
        super().__init__(config)
        self._curbside = curbside

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Drain, then stop; a second signal stops at once."""
        if not self.force_exit:
            await self._curbside.connections.drain(DRAIN_SECONDS)
        await super().shutdown(sockets)


def run(app: Any, curbside: Curbside, settings: Settings) -> None:
    """Serve until a signal comes."""
    config = uvicorn.Config(
        app, host=settings.host, port=settings.port, ws=WebSocketProtocol, http=HttpProtocol,
        log_config=None, server_header=False, access_log=False, backlog=BACKLOG,
        timeout_graceful_shutdown=STOP_SECONDS, proxy_headers=bool(settings.proxies),
        forwarded_allow_ips=settings.proxies,
    )  # fmt: skip
    Server(config, curbside).run()
