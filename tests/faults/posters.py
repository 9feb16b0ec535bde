"""Posters: clients that write at a pace, outlive every server, and note down all they are told.

A poster holds its place in each room by epoch and number, comes back by another node whenever its link
ends, and says again, under the same cid, whatever was not answered for good.
"""

import asyncio
import itertools
from collections import deque
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from typing import Any

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import InvalidHandshake, InvalidMessage
from websockets.typing import Subprotocol

from chat.codecs import JSON, Codec
from chat.errors import Close
from tests.faults.habits import Dice, Habits
from tests.faults.histories import (
    Answered,
    Asked,
    Closed,
    Ended,
    Entered,
    Entering,
    Event,
    History,
    Read,
    Refused,
    Revoked,
    Shown,
)
from tests.web.talkers import PATIENCE, LibrarySocket
from tests.web.talkers import Closed as LinkClosed

AGAIN = 0.05  # seconds between attempts to connect; a browser's are longer, and jittered
OPEN_LIMIT = 1.5  # seconds until another node is tried: a held one takes connections and is silent
CLOSE_LIMIT = 0.2  # seconds for the server's part of a close that the client began
AT_ONCE = 10  # writes without an answer; a person, too, waits then
SAID_AGAIN = 4  # writes a tick, so that a database that is away is not flooded
LOST = (OSError, EOFError, InvalidHandshake, InvalidMessage, TimeoutError, LinkClosed)


class Place:
    """What a client holds of one room, and whether it has asked to be there."""

    def __init__(self) -> None:
        self.epoch: str | None = None
        self.seq = 0
        self.is_asked = self.is_in = False


class Poster:
    """One client. ``urls`` are the nodes', tried in turn; it acts by ``habits`` while it is busy."""

    def __init__(
        self, name: str, urls: Sequence[str], headers: dict[str, str], codec: Codec,
        rooms: Sequence[str], habits: Habits, seed: int,
    ) -> None:  # fmt: skip
        self.history = History(name)
        self.places = {room: Place() for room in rooms}
        self.unanswered: dict[str, tuple[str, dict[str, Any]]] = {}
        self.mine: list[tuple[str, str]] = []
        self.seen: list[tuple[str, str]] = []
        self.links = self.resumed = self.holes = self.said_again = 0
        self.is_busy = self.is_signed_out = False
        self._urls = urls
        self._headers = headers
        self._codec = codec
        self._every = habits.every
        self._dice = Dice(habits, seed)
        self._numbers = itertools.count(1)
        self._said: set[str] = set()
        self._again: deque[str] = deque()
        self._reading: dict[str, tuple[float, str]] = {}
        self._connection: ClientConnection | None = None
        self._socket: LibrarySocket | None = None

    @property
    def is_linked(self) -> bool:
        """Whether it has a link, and is in every room."""
        return self._socket is not None and all(p.is_in for p in self.places.values())

    @property
    def rooms(self) -> list[str]:
        return list(self.places)

    async def stay(self) -> None:
        """Be connected, to one node after another, until cancelled or signed out."""
        for turn in itertools.count():
            if self.is_signed_out:
                return
            with suppress(*LOST):
                async with _linked(self._urls[turn % len(self._urls)], self) as connection:
                    await self._visit(connection)
            await asyncio.sleep(AGAIN)

    async def keep_pace(self) -> None:
        """Act at each tick while busy, and say again what is due, until cancelled."""
        while True:
            await asyncio.sleep(self._every)
            with suppress(LinkClosed):
                await self._enter()
                for _ in range(min(SAID_AGAIN, len(self._again))):
                    await self._say(self._again.popleft())
                if self.is_busy and len(self.unanswered) < AT_ONCE:
                    await self._dice.act(self)

    def drop(self) -> None:
        """Break the link off, in the midst of whatever it carries."""
        if self._connection is not None:
            self._connection.transport.abort()

    def note_revoked(self) -> None:
        """Note that what it signs in by has been ended."""
        self.history.notes.append(Revoked(self._now()))

    def forget(self) -> None:
        """Leave off being in every room, and enter as one who comes for the first time."""
        for place in self.places.values():
            place.epoch, place.is_asked, place.is_in = None, False, False

    async def read(self, room: str) -> None:
        """Read the newest messages of a room."""
        re = f"read {next(self._numbers)}"
        self._reading[re] = (self._now(), room)
        await self._tell("message.history", {"room": room}, re)

    async def write(self, do: str, room: str, *, cid: str = "", **payload: str | bool) -> str:
        """Write something, now or once there is a link; return its cid."""
        cid = cid or f"{self.history.name}-{next(self._numbers):06}"
        self.unanswered[cid] = (do, {"room": room, "cid": cid, **payload})
        await self._say(cid)
        return cid

    async def _visit(self, connection: ClientConnection) -> None:
        self.links += 1
        self._connection = connection
        socket = self._socket = LibrarySocket(connection)
        code = 0
        try:
            await self._enter()
            self._again.clear()
            for cid in list(self.unanswered):
                await self._say(cid)
            while True:
                async with asyncio.timeout(PATIENCE):  # wait_for may swallow a cancellation
                    message = await socket.receive()
                payload = message.encode() if isinstance(message, str) else message
                self._take(self._codec.decode(payload))
        except LinkClosed as closed:
            code = closed.code
            self.is_signed_out = code == Close.SIGNED_OUT
        finally:
            self._leave(code)

    def _leave(self, code: int) -> None:
        self._socket = self._connection = None
        self._reading.clear()
        for place in self.places.values():
            place.is_asked = place.is_in = False
        self.history.notes.append(Closed(self._now(), self.links, code))

    async def _enter(self) -> None:
        """Ask for every room that it is not in."""
        for room, place in list(self.places.items()):
            if self._socket is not None and not place.is_asked:
                place.is_asked = True
                self.history.notes.append(Entering(self._now(), self.links, room))
                position = {"epoch": place.epoch, "seq": place.seq} if place.epoch else {}
                asked = {"room": room, "signals": False, **position}
                await self._tell("room.enter", asked, f"enter {room}")

    async def _say(self, cid: str) -> None:
        if self._socket is None or cid not in self.unanswered:
            return
        do, payload = self.unanswered[cid]
        asked = Asked(self._now(), self.links, cid, do, payload["room"], payload.get("id"))
        self.history.notes.append(asked)
        self.said_again += cid in self._said
        self._said.add(cid)
        await self._tell(do, payload, cid)

    async def _tell(self, do: str, payload: dict[str, Any], re: str) -> None:
        if self._socket is not None:
            frame: bytes = self._codec.encode({"id": re, "do": do, "with": payload})
            await self._socket.send(frame.decode() if self._codec is JSON else frame)

    def _take(self, frame: dict[str, Any]) -> None:
        if "event" in frame:
            self._see(frame)
        elif frame.get("signal") == "connection.welcoming":
            self.history.person = frame["data"]["person"]["id"]
        elif frame.get("signal") == "room.closing":
            self.places.pop(frame["room"], None)
        elif "re" in frame:
            self._hear(frame["re"], frame.get("ok"), frame.get("refused"))

    def _see(self, frame: dict[str, Any]) -> None:
        names = ("room", "seq", "event", "at", "by", "data")
        event = Event(*(frame[name] for name in names))
        self.history.notes.append(Shown(self._now(), self.links, event))
        place = self.places.get(event.room)
        if place is None or not place.is_in:
            return
        if event.seq == place.seq + 1:
            place.seq = event.seq
            if event.event == "message.posted":
                self.seen.append((event.room, event.data["id"]))
        elif event.seq > place.seq:
            self.holes += 1
            place.is_asked = place.is_in = False

    def _hear(self, re: str, ok: dict[str, Any] | None, refused: dict[str, Any] | None) -> None:
        kind, _, room = re.partition(" ")
        if kind == "read":
            self._hear_page(re, ok)
        elif kind == "enter":
            self._hear_room(room, ok, refused)
        elif ok is not None:
            self._hear_answer(re, ok)
        elif refused is not None:
            self._hear_refusal(re, refused)

    def _hear_page(self, re: str, ok: dict[str, Any] | None) -> None:
        began, room = self._reading.pop(re)
        if ok is not None:
            self._note_page(began, room, ok["as_of"], ok["messages"])

    def _note_page(self, began: float, room: str, as_of: int, page: list[dict[str, Any]]) -> None:
        messages = {message["seq"]: message["id"] for message in page}
        self.history.notes.append(Read(began, room, as_of, messages))

    def _hear_room(
        self, room: str, ok: dict[str, Any] | None, refused: dict[str, Any] | None
    ) -> None:
        if ok is None:
            assert refused is not None
            if refused["retry"]:
                self.places[room].is_asked = False
            else:
                self.places.pop(room, None)  # it may have left between asking and hearing
            return
        place = self.places[room]
        place.is_in = True
        self.resumed += ok["resumed"]
        if not ok["resumed"]:
            began = next(n.at for n in reversed(self.history.notes) if _is_entering(n, room))
            self._note_page(began, room, ok["head"], ok["snapshot"]["messages"])
            place.epoch, place.seq = ok["epoch"], ok["head"]
        note = (self._now(), self.links, room, ok["epoch"], place.seq)
        self.history.notes.append(Entered(*note))

    def _hear_answer(self, cid: str, ok: dict[str, Any]) -> None:
        do, payload = self.unanswered.pop(cid)
        seq = None if ok.get("unchanged") else ok["seq"]
        is_again = ok.get("duplicate", False)
        self.history.notes.append(Answered(self._now(), self.links, cid, seq, is_again))
        if do == "message.post":
            self.mine.append((payload["room"], ok["id"]))
        elif do == "member.leave":
            self.history.notes.append(Ended(payload["room"], ok["seq"]))
            self.places.pop(payload["room"], None)

    def _hear_refusal(self, cid: str, refused: dict[str, Any]) -> None:
        code, may_retry = refused["code"], refused["retry"]
        self.history.notes.append(Refused(self._now(), self.links, cid, code, may_retry))
        if may_retry:
            self._again.append(cid)
        else:
            del self.unanswered[cid]

    def _now(self) -> float:
        return asyncio.get_running_loop().time()


def _is_entering(note: Any, room: str) -> bool:
    return isinstance(note, Entering) and note.room == room


@asynccontextmanager
async def _linked(url: str, poster: Poster) -> AsyncIterator[ClientConnection]:
    connection = await connect(
        url, additional_headers=poster._headers, subprotocols=[Subprotocol(poster._codec.name)],
        compression=None, ping_interval=None, max_size=None, proxy=None,
        open_timeout=OPEN_LIMIT, close_timeout=CLOSE_LIMIT,
    )  # fmt: skip
    async with connection:
        yield connection
