"""Clients: a link that keeps what is sent, and a client that reads it back as frames."""

import asyncio
from typing import Any

from chat.codecs import JSON, WIRES, Codec
from chat.connection import Connection
from tests.builders import Ward
from web.curbside import Curbside


class RecordingLink:
    """A Link over nothing: every bare payload that was sent, and the close code."""

    def __init__(self) -> None:
        self.heard = asyncio.get_running_loop().time() + 3_600  # no heartbeat closes it in a test
        self.sent: list[bytes] = []
        self.arrived = asyncio.Event()
        self.code: int | None = None
        self.pings = 0
        self.reads = True
        self.unread = 0
        self.is_dropped = False

    def send(self, data: list[bytes]) -> None:
        if self.code is None:
            self.sent.extend(data)
            self.arrived.set()

    def ping(self) -> None:
        self.pings += 1

    def pause_reading(self) -> None:
        self.reads = False

    def resume_reading(self) -> None:
        self.reads = True

    def close(self, code: int, reason: str = "") -> None:
        if self.code is None:
            self.code = int(code)
            self.arrived.set()

    def drop(self) -> None:
        self.is_dropped = True


class Client:
    """One device of somebody, connected to a node in this process."""

    def __init__(self, ward: Ward, handle: str, codec: Codec = JSON) -> None:
        self.codec = codec
        self.link = RecordingLink()
        self.frames: list[dict[str, Any]] = []
        self.connection = Connection(
            self.link, WIRES[codec.name, False], ward.curbside.connections,
            ward.actors[handle], ward.session(handle), None,
        )  # fmt: skip
        self._curbside: Curbside = ward.curbside
        self._asked = 0
        ward.curbside.connections.add(self.connection)

    def tell(self, do: str, payload: dict[str, Any]) -> int:
        """Send a command and return its id."""
        self._asked += 1
        frame = {"id": self._asked, "do": do, "with": payload}
        self.connection.received(self.codec.encode(frame), text=self.codec is JSON)
        return self._asked

    async def ask(self, do: str, payload: dict[str, Any]) -> dict[str, Any]:
        """Send a command and return its answer frame, with ``ok`` or ``refused``."""
        re = self.tell(do, payload)
        return await self.until(lambda frame: frame.get("re") == re)

    async def enter(self, room: str, **more: Any) -> dict[str, Any]:
        """Enter a room and return what was answered."""
        answer = await self.ask("room.enter", {"room": room, "signals": False, **more})
        return dict(answer["ok"])

    async def event(self, seq: int, room: str | None = None) -> dict[str, Any]:
        """Return the event of a number, once it is there."""
        return await self.until(
            lambda f: f.get("seq") == seq and "event" in f and room in (None, f["room"])
        )

    async def until(self, is_it: Any) -> dict[str, Any]:
        """Return the first frame that fits, past or to come."""
        while True:
            self.read()
            for frame in self.frames:
                if is_it(frame):
                    return frame
            assert self.link.code is None, f"closed with {self.link.code}"
            self.link.arrived.clear()
            await asyncio.wait_for(self.link.arrived.wait(), 10)

    def read(self) -> list[dict[str, Any]]:
        """Return every frame so far."""
        sent, self.link.sent = self.link.sent, []
        self.frames += [self.codec.decode(payload) for payload in sent]
        return self.frames

    def events(self, room: str) -> list[tuple[int, str]]:
        """Return number and name of every event of a room so far."""
        return [(f["seq"], f["event"]) for f in self.read() if "event" in f and f["room"] == room]

    def leave(self) -> None:
        """Close the connection from the client's side."""
        self.connection.closed(1000)
