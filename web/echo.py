"""Echo: what conformance tests and benchmarks talk to, over the product's own socket class."""

from starlette.websockets import WebSocket

from chat.frames import BINARY, TEXT, framed
from chat.links import Link
from web.handshakes import HANDOVER


class Echo:
    """Send each message back, and read no faster than the client does."""

    __slots__ = ("_link",)

    def __init__(self, link: Link) -> None:
        self._link = link

    def received(self, payload: bytes, *, text: bool) -> None:
        """Send the message back."""
        self._link.send(framed(payload, TEXT if text else BINARY))

    def write_paused(self) -> None:
        """Take no more from a client that does not read its own."""
        self._link.pause_reading()

    def write_resumed(self) -> None:
        """Go on."""
        self._link.resume_reading()

    def closed(self, code: int) -> None:
        """Nothing is kept."""


async def serve_echo(websocket: WebSocket) -> None:
    """Accept, and hand the socket over where the server can take it."""
    await websocket.accept()
    handover = websocket.scope.get("extensions", {}).get(HANDOVER)
    if handover is not None:
        handover["attach"](Echo)
    else:
        await _echo(websocket)


async def _echo(websocket: WebSocket) -> None:
    message = await websocket.receive()
    while message["type"] != "websocket.disconnect":
        await websocket.send({**message, "type": "websocket.send"})
        message = await websocket.receive()
