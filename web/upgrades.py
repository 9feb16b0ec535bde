"""Upgrades: from a request head to an ASGI application that runs over the socket, as uvicorn would."""

import asyncio
from socket import IPPROTO_TCP, SO_SNDBUF, SOL_SOCKET, TCP_NODELAY, AddressFamily
from typing import Any, NamedTuple
from urllib.parse import unquote

from uvicorn.config import Config
from uvicorn.protocols.utils import get_local_addr, get_remote_addr, is_ssl
from uvicorn.server import ServerState

from web.handshakes import HANDOVER, Handshake, HandshakeError, plain_refusal
from web.socket_applications import Socket, SocketApplication

WRITE_HIGH = 64 * 1024  # bytes queued in the process before a client counts as slow
# Bytes, which the kernel doubles. It would otherwise take 3 MB before a slow client shows (measured).
SEND_BUFFER = 128 * 1024


class Host(NamedTuple):
    """What uvicorn gives each of its protocols: its settings, what is under way, the app's state."""

    config: Config
    server: ServerState
    app_state: dict[str, Any]

    def refusal(self, error: HandshakeError) -> bytes:
        """Return what a wrong handshake is answered."""
        headers = [*self.server.default_headers, *error.headers]
        return plain_refusal(error.status, error.detail, headers)

    def begin(
        self, socket: Socket, transport: asyncio.Transport, handshake: Handshake
    ) -> SocketApplication:
        """Run the application over a socket, in a task that the server waits for."""
        application = SocketApplication(socket, handshake.key, self.server.default_headers)
        scope = socket_scope(handshake, self.config, transport)
        scope["state"] = self.app_state.copy()
        scope["extensions"][HANDOVER] = {"attach": application.attach}
        task = asyncio.get_running_loop().create_task(
            application.run(self.config.loaded_app, scope)
        )
        self.server.tasks.add(task)
        task.add_done_callback(self.server.tasks.discard)
        return application


def socket_scope(
    handshake: Handshake, config: Config, transport: asyncio.Transport
) -> dict[str, Any]:
    """Return the ASGI scope of a handshake, but for the application's state."""
    path = handshake.path.decode("ascii")
    return {
        "type": "websocket",
        "asgi": {"version": config.asgi_version, "spec_version": "2.4"},
        "http_version": "1.1",
        "scheme": "wss" if is_ssl(transport) else "ws",
        "server": get_local_addr(transport),
        "client": get_remote_addr(transport),
        "root_path": config.root_path,
        "path": config.root_path + unquote(path),
        "raw_path": config.root_path.encode("ascii") + handshake.path,
        "query_string": handshake.query,
        "headers": handshake.headers,
        "subprotocols": handshake.subprotocols,
        "extensions": {"websocket.http.response": {}},
    }


def tune(transport: asyncio.Transport) -> None:
    """Have a slow client show early, and small frames leave at once."""
    transport.set_write_buffer_limits(high=WRITE_HIGH)
    socket = transport.get_extra_info("socket")
    if socket is None:
        return
    socket.setsockopt(SOL_SOCKET, SO_SNDBUF, SEND_BUFFER)
    if socket.family in (AddressFamily.AF_INET, AddressFamily.AF_INET6):
        socket.setsockopt(IPPROTO_TCP, TCP_NODELAY, 1)
