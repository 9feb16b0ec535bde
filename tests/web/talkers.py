"""Talkers: a client of the real socket, which asks, and keeps what it hears."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Any, Protocol

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from chat.codecs import CODECS, JSON, Codec
from chat.frames import BINARY, TEXT
from tests.web.socket_servers import masked

PATIENCE = 10.0  # seconds

Frame = dict[str, Any]


class Refused(Exception):
    """The handshake was answered with something else than an upgrade."""

    def __init__(self, status: int, headers: Mapping[str, str], body: bytes) -> None:
        super().__init__(status)
        self.status = status
        self.headers = headers
        self.body = body


class Closed(Exception):
    """The server closed the socket."""

    def __init__(self, code: int) -> None:
        super().__init__(code)
        self.code = code


class Socket(Protocol):
    """One open WebSocket, of whatever library."""

    subprotocol: str | None

    async def send(self, message: str | bytes) -> None:
        """Send a message. Raises Closed."""

    async def receive(self) -> str | bytes:
        """Return the next message. Raises Closed."""

    async def leave(self) -> None:
        """Close from the client's side."""


class Talker:
    """One client of a server, whichever way it is connected."""

    def __init__(self, socket: Socket, codec: Codec) -> None:
        self.socket = socket
        self.codec = codec
        self.frames: list[Frame] = []
        self.asked: dict[int | str, str] = {}
        """The name of each command, by its id."""
        self._asked = 0

    async def send(self, payload: bytes) -> None:
        """Send one frame as it is."""
        await self.socket.send(payload.decode() if self.codec is JSON else payload)

    async def tell(self, do: str, payload: dict[str, Any], re: str | None = None) -> int | str:
        """Send a command and return its id, which is the next number where none is given."""
        self._asked += 1
        asked = self._asked if re is None else re
        self.asked[asked] = do
        await self.send(self.codec.encode({"id": asked, "do": do, "with": payload}))
        return asked

    async def ask(self, do: str, payload: dict[str, Any]) -> Frame:
        """Send a command and return its answer frame, with ``ok`` or ``refused``."""
        re = await self.tell(do, payload)
        return await self.until(lambda frame: frame.get("re") == re)

    async def enter(self, room: str, **more: Any) -> Frame:
        """Enter a room and return what was answered."""
        answer = await self.ask("room.enter", {"room": room, "signals": False, **more})
        return dict(answer["ok"])

    async def event(self, seq: int, room: str = "cardiology") -> Frame:
        """Return the event of a number, once it is there."""
        return await self.until(
            lambda f: f.get("seq") == seq and "event" in f and f["room"] == room
        )

    async def signal(self, name: str) -> Frame:
        """Return the first signal of a name, once it is there."""
        return await self.until(lambda frame: frame.get("signal") == name)

    async def until(self, is_it: Callable[[Frame], bool]) -> Frame:
        """Return the first frame that fits, past or to come. Raises Closed."""
        for frame in self.frames:
            if is_it(frame):
                return frame
        while True:
            frame = await self.hear()
            if is_it(frame):
                return frame

    async def hear(self) -> Frame:
        """Return the next frame. Raises Closed."""
        message = await asyncio.wait_for(self.socket.receive(), PATIENCE)
        payload = message.encode() if isinstance(message, str) else message
        frame: Frame = self.codec.decode(payload)
        self.frames.append(frame)
        return frame

    async def close_code(self) -> int:
        """Return with which code the server closes."""
        try:
            while True:
                await self.hear()
        except Closed as closed:
            return closed.code


class LibrarySocket:
    """A socket of the websockets library."""

    def __init__(self, connection: ClientConnection) -> None:
        self._connection = connection
        self.subprotocol: str | None = connection.subprotocol

    async def send(self, message: str | bytes) -> None:
        try:
            await self._connection.send(message)
        except ConnectionClosed as closed:
            raise Closed(closed.rcvd.code if closed.rcvd else 1006) from None

    async def send_wrong_text(self, payload: bytes) -> None:
        """Send a text frame that is no text."""
        await self._connection.send(payload, text=True)

    def break_off(self, payload: bytes, *, text: bool) -> None:
        """Send the half of a frame, then nothing more."""
        frame = masked(TEXT if text else BINARY, payload)
        self._connection.transport.write(frame[: len(frame) // 2])
        self._connection.transport.write_eof()

    async def receive(self) -> str | bytes:
        try:
            return await self._connection.recv()
        except ConnectionClosed as closed:
            raise Closed(closed.rcvd.code if closed.rcvd else 1006) from None

    async def leave(self) -> None:
        await self._connection.close()


@asynccontextmanager
async def dialled(
    url: str, headers: Mapping[str, str], *subprotocols: str
) -> AsyncIterator[LibrarySocket]:
    """Connect over TCP. Raises Refused."""
    try:
        connection = await connect(
            url, additional_headers=headers, subprotocols=list(subprotocols) or None,  # type: ignore[arg-type]  # a NewType of str
            compression=None, ping_interval=None, max_size=None, proxy=None,
        )  # fmt: skip
    except InvalidStatus as error:
        answer = error.response
        raise Refused(answer.status_code, answer.headers, bytes(answer.body)) from None
    async with connection:
        yield LibrarySocket(connection)


@asynccontextmanager
async def talking(
    url: str, headers: Mapping[str, str], codec: Codec = JSON
) -> AsyncIterator[Talker]:
    """Connect over TCP in one codec. Raises Refused."""
    async with dialled(url, headers, codec.name) as socket:
        assert CODECS[str(socket.subprotocol)] is codec
        yield Talker(socket, codec)
