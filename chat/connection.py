"""One client: its frames in, its answers out, and its seats in rooms. No I/O of its own."""

from collections import deque
from typing import Any, Protocol

import msgspec

from chat.codecs import SAFE_INTEGER, Undecodable, Wire
from chat.errors import BadRequest, Close, Refusal
from chat.events import Signal
from chat.frames import TEXT
from chat.links import Link
from chat.live_rooms import Seat

IN_FLIGHT_LIMIT = 32  # commands; beyond it the socket is not read. docs/protocol.md, The socket
# Of one connection, begun; web/curbside.py has how many of one person run at once.
READS_AT_ONCE = 3
MALFORMED_LIMIT = 5  # frames that are no command, within
MALFORMED_WINDOW = 60.0  # seconds. docs/protocol.md, The socket
ID_LIMIT = 64  # characters

Re = int | str | None


class Frame(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename={"payload": "with"}):
    """What a client sends."""

    id: int | str
    do: str
    payload: dict[str, Any]


class Listener(Protocol):
    """Whoever serves a connection. Every method is called on the event loop and returns at once."""

    def asked(self, connection: "Connection", re: Re, do: str, payload: dict[str, Any]) -> None:
        """Serve a command, and answer it once, now or later."""

    def paused(self, connection: "Connection") -> None:
        """Take it out of every fan-out: its socket is full."""

    def resumed(self, connection: "Connection") -> None:
        """Let it catch up."""

    def left(self, connection: "Connection") -> None:
        """Forget it: it is closed."""


class Read(Protocol):
    """A command whose answer may be long, which its connection starts when its turn has come."""

    def start(self) -> None:
        """Read and answer, and then call ``read_ended``."""

    def drop(self) -> None:
        """Read nothing: the client is gone."""


class Connection:
    """One client. ``actor`` is who it acts for, ``session`` the digest of what it came with."""

    __slots__ = (
        "_in_flight",
        "_listener",
        "_malformed",
        "_reads",
        "_waiting",
        "actor",
        "ended",
        "entering",
        "expires",
        "is_closed",
        "link",
        "pinged",
        "reading_is_paused",
        "seats",
        "session",
        "stuck_since",
        "wire",
        "write_is_paused",
    )  # fmt: skip

    def __init__(
        self, link: Link, wire: Wire, listener: Listener, actor: Any, session: bytes,
        expires: float | None,
    ) -> None:  # fmt: skip
        self.link = link
        self.wire = wire
        self.actor = actor
        self.session = session
        self.expires = expires
        self.seats: dict[str, Seat] = {}
        self.entering: dict[str, Any] = {}
        self.is_closed = False
        self.ended: Close | None = None
        """Why the server closed it; None where it did not."""
        self.pinged = False
        self.write_is_paused = False
        self.stuck_since: float | None = None
        self._listener = listener
        self._in_flight = 0
        self.reading_is_paused = False
        self._malformed: deque[float] | None = None
        self._reads = 0
        # None while empty, as mostly: an empty deque has 760 bytes.
        self._waiting: deque[Read] | None = None

    def send(self, data: Any) -> None:
        """Write frames made by this connection's wire."""
        self.link.send(data)

    def signal(self, room: str | None, signal: Signal) -> None:
        """Send one signal to this client alone."""
        where = {} if room is None else {"room": room}
        self.send_frame({**where, "signal": signal.name, "data": signal})

    def send_frame(self, frame: dict[str, Any]) -> None:
        """Encode one frame and send it."""
        self.link.send(self.wire.join([self.wire.encode(frame)]))

    def answer(self, re: Re, reply: Any) -> None:
        """Answer a command that was asked; None stands for nothing to say."""
        self._answered({"re": re, "ok": {} if reply is None else reply})

    def refuse(self, re: Re, refusal: Refusal) -> None:
        """Refuse a command that was asked."""
        self._answered({"re": re, "refused": refusal.answer()})

    def close(self, code: Close, reason: str = "") -> None:
        """End the connection."""
        self.ended = self.ended or code
        self.link.close(code, reason)

    def drop(self, code: Close, reason: str) -> None:
        """End the connection at once: its client would not read why."""
        self.close(code, reason)
        self.link.drop()

    def received(self, payload: bytes, *, text: bool) -> None:
        """Take one message from the link."""
        if text != (self.wire.codec.opcode == TEXT):
            self.close(Close.UNSUPPORTED, "wrong frame type for the subprotocol")
            return
        try:
            value = self.wire.codec.decode(payload)
        except Undecodable as error:
            self.close(Close.MALFORMED, str(error))
            return
        self._take(value)

    def _take(self, value: Any) -> None:
        re = _id_of(value)
        self._in_flight += 1
        self._mind_reading()
        try:
            frame = msgspec.convert(value, Frame, strict=True)
            if re is None:
                raise BadRequest(f"id: an integer, or a text of up to {ID_LIMIT} characters")
        except (msgspec.ValidationError, BadRequest) as error:
            self.refuse(re, BadRequest(str(error)))
            self.count_malformed()
            return
        self._listener.asked(self, re, frame.do, frame.payload)

    def count_malformed(self) -> None:
        """Note a frame that is no command, and close after too many."""
        if self._malformed is None:
            self._malformed = deque(maxlen=MALFORMED_LIMIT)
        self._malformed.append(self.link.heard)
        is_full = len(self._malformed) == MALFORMED_LIMIT
        if is_full and self.link.heard - self._malformed[0] < MALFORMED_WINDOW:
            self.close(Close.MALFORMED, "too many frames that are no command")

    def write_paused(self) -> None:
        """Hear from the link that its buffer is full."""
        self.write_is_paused = True
        self.stuck_since = None
        self._listener.paused(self)
        self._mind_reading()

    def write_resumed(self) -> None:
        """Hear from the link that its buffer has drained."""
        self.write_is_paused = False
        self._listener.resumed(self)
        self._start_reads()
        self._mind_reading()

    def closed(self, code: int) -> None:
        """Hear from the link that the client is gone."""
        self.is_closed = True
        self.drop_reads()
        self._listener.left(self)

    def read(self, read: Read) -> None:
        """Start a read once few others run and the client takes what it is sent, in the order asked.

        A client could otherwise ask for 32 answers of up to 1 MiB, read none, and have all kept.
        """
        if self._waiting is None:
            self._waiting = deque()
        self._waiting.append(read)
        self._start_reads()

    def read_ended(self) -> None:
        """Count one less. Called a turn after its answer: by then the link has told if it is full."""
        self._reads -= 1
        self._start_reads()

    def drop_reads(self) -> None:
        """Start none of those that wait."""
        waiting, self._waiting = self._waiting, None
        for read in waiting or ():
            read.drop()

    def _start_reads(self) -> None:
        while self._waiting and self._reads < READS_AT_ONCE and not self.write_is_paused:
            self._reads += 1
            self._waiting.popleft().start()
        if not self._waiting:
            self._waiting = None

    def _answered(self, frame: dict[str, Any]) -> None:
        self._in_flight -= 1
        self.send_frame(frame)
        self._mind_reading()

    def _mind_reading(self) -> None:
        """Read the socket only while its client takes what it is sent, and few commands are open."""
        full = self.write_is_paused or self._in_flight >= IN_FLIGHT_LIMIT
        if full != self.reading_is_paused:
            self.reading_is_paused = full
            if full:
                self.link.pause_reading()
            else:
                self.link.resume_reading()


def _id_of(value: Any) -> Re:
    """Return the id of a frame where it has a fit one, whatever else is wrong with it."""
    found = value.get("id") if isinstance(value, dict) else None
    if isinstance(found, bool) or not isinstance(found, int | str):
        return None
    if isinstance(found, str):
        return found if len(found) <= ID_LIMIT else None
    return found if -SAFE_INTEGER <= found <= SAFE_INTEGER else None
