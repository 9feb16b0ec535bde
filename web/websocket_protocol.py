"""WebSockets: our own RFC 6455 server protocol, given to uvicorn as ``ws=``.

It runs any ASGI application; one that takes the handover leaves behind an open socket with no task and
no scope, whose messages go straight from the parser to a Receiver and whose bytes go straight from the
Link to the transport. Compression is never negotiated: it doubles the CPU of a delivery and costs
35 KiB an idle connection. Nothing is written before the 101 or after a close frame.
"""

import asyncio
from enum import Enum, auto
from typing import Any, cast

import structlog
from uvicorn.config import Config
from uvicorn.server import ServerState

from chat.errors import Close
from chat.frames import MESSAGE_LIMIT, TEXT, framed
from chat.links import Receiver
from web.close_frames import CLOSE_SECONDS, close_frame
from web.frame_parser import ABNORMAL, CLOSE, PING, PONG, Frame, FrameError, FrameParser, close_code
from web.handshakes import HandshakeError, plain_refusal, read_handshake
from web.intakes import Intake
from web.paces import Pace
from web.pressures import Pressure
from web.upgrades import Host, tune

try:
    from websockets.speedups import apply_mask
except ImportError:  # a platform without the compiled part
    from websockets.utils import apply_mask

log = structlog.get_logger(__name__)

# Bytes of pongs joined in one write: a write each would let a read of 256 KiB cost 40,000 of them.
PONGS_HELD = 4 * 1024


class State(Enum):
    """How far a connection is; it only moves down."""

    ASKED = auto()
    CONNECTING = auto()
    OPEN = auto()
    CLOSING = auto()
    """Our close frame is sent, and the client's is awaited."""
    ENDED = auto()


class WebSocketProtocol(asyncio.Protocol):
    """One client's socket, from the upgrade on; a ``chat.links.Link`` while it is open."""

    __slots__ = (
        "_code",
        "_connections",
        "_host",
        "_intake",
        "_loop",
        "_pongs",
        "_pressure",
        "_state",
        "_timer",
        "_transport",
        "heard",
    )

    close_seconds = CLOSE_SECONDS
    message_limit = MESSAGE_LIMIT

    def __init__(
        self,
        config: Config,
        server_state: ServerState,
        app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None,
    ) -> None:
        self._host: Host | None = Host(config, server_state, app_state)  # until it is open
        self._connections: set[Any] = server_state.connections
        self._loop = _loop or asyncio.get_running_loop()
        self._state = State.ASKED
        self._pressure = Pressure()
        self._code = ABNORMAL
        self._timer: asyncio.TimerHandle | None = None
        self._pongs = b""
        self.heard = self._loop.time()

    # What the transport tells.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Take the transport from the HTTP protocol."""
        self._transport = cast(asyncio.Transport, transport)
        parser = FrameParser(self.message_limit, apply_mask)
        self._intake = Intake(self, self._transport, parser)
        self._connections.add(self)

    def data_received(self, data: bytes) -> None:
        """Take the request head, as uvicorn hands it over, then frames."""
        self.heard = self._loop.time()
        if self._state is State.ASKED:
            self._shake_hands(data)
        elif self._state is not State.ENDED:
            self._intake.feed(data)

    def eof_received(self) -> None:
        """Let the transport close; but a half-closed client that does not read may not keep it open."""
        self._stop()

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget the client, and tell whoever had it."""
        self._connections.discard(self)
        self._state = State.ENDED
        self._intake.end()
        if self._timer is not None:
            self._timer.cancel()
        receiver, self._pressure.receiver = self._pressure.receiver, None
        if receiver is not None:
            receiver.closed(self._code)

    def pause_writing(self) -> None:
        """Note a slow client."""
        self._pressure.rise()

    def resume_writing(self) -> None:
        """Note that the client has caught up."""
        self._write_pongs()  # before the receiver fills the buffer again
        self._pressure.fall()

    def shutdown(self) -> None:
        """End because the server does; uvicorn calls this, and waits for the connection to go."""
        if self._state in (State.ASKED, State.CONNECTING):
            self.refuse(plain_refusal(503, "restarting", [(b"Retry-After", b"1")]))
        self.close(Close.RESTARTING)

    # The Link.

    def send(self, data: bytes) -> None:
        """Write whole frames."""
        if self._state is State.OPEN:
            self._transport.write(data)

    def ping(self) -> None:
        """Send a ping."""
        self.send(framed(b"", PING))

    def pause_reading(self) -> None:
        """Handle no further frames, and leave those to come in the kernel."""
        if self._state is State.OPEN:
            self._intake.close()

    def resume_reading(self) -> None:
        """Handle frames again, on the loop's next turn: the caller may be in the midst of one."""
        if self._state is State.OPEN and not self._intake.is_open:
            self._intake.open()

    def close(self, code: int, reason: str = "") -> None:
        """Send a close frame; end when the client's has come, or after ``close_seconds``."""
        if self._state is State.OPEN:
            self._write_close(code, reason)
            self._state = State.CLOSING
            if not self._intake.is_open:
                self._intake.open()

    @property
    def unread(self) -> int:
        """How many bytes the transport keeps."""
        return self._transport.get_write_buffer_size()

    def drop(self) -> None:
        """Reset the connection."""
        self._stop()
        self._transport.abort()

    # What an application does with its socket.

    @property
    def is_slow(self) -> bool:
        """Return whether the client reads too slowly."""
        return self._pressure.is_high

    def accept(self, response: bytes) -> None:
        """Open the link."""
        if self._state is State.CONNECTING:
            tune(self._transport)
            self._transport.write(response)
            self._state = State.OPEN
            self._intake.open()

    def refuse(self, response: bytes) -> None:
        """Answer the handshake with something else than a 101."""
        if self._state in (State.ASKED, State.CONNECTING):
            self._transport.write(response)
            self._end()

    def hand_over(self, receiver: Receiver, backlog: list[Frame], pace: Pace | None) -> None:
        """Give ``receiver`` what comes, the backlog first, and close on whoever exceeds ``pace``."""
        if self._pressure.receiver is None:
            self._loop.call_soon(receiver.closed, self._code)
            return
        self._pressure.serve(receiver)
        self._intake.pace = pace
        self._intake.put_back(backlog)
        if self._state is State.OPEN:
            self._intake.open()

    # The handshake.

    def _shake_hands(self, data: bytes) -> None:
        host, self._host = self._host, None
        assert host is not None
        head, _, rest = data.partition(b"\r\n\r\n")
        try:
            handshake = read_handshake(head)
        except HandshakeError as error:
            self.refuse(host.refusal(error))
            return
        self._state = State.CONNECTING
        # What the client sends before the answer waits in the kernel, but for what came with the head.
        self._intake.close()
        self._intake.feed(rest)
        self._pressure.receiver = host.begin(self, self._transport, handshake)

    # The Intake's side.

    def take(self, frame: Frame) -> None:
        """Take one whole message or control frame."""
        if frame.opcode == CLOSE:
            self._take_close(frame.payload)
        elif self._state is not State.OPEN or frame.opcode == PONG:
            pass
        elif frame.opcode == PING:
            self._take_ping(framed(frame.payload, PONG))
        else:
            self._deliver(frame)

    def fail(self, error: FrameError) -> None:
        """Say what was wrong, then read the rest of what was sent only to throw it away.

        To close with bytes unread would reset the connection, and the client might lose our reason.
        """
        if self._state is State.OPEN:
            self._write_close(error.code, error.reason)
        if not self._transport.can_write_eof():
            self._end()
            return
        self._stop()
        self._transport.write_eof()

    def flush(self) -> None:
        """Write the pongs that were held, unless the client is slow."""
        if self._pongs and not self._pressure.is_high:
            self._write_pongs()

    def _deliver(self, frame: Frame) -> None:
        self.flush()
        receiver = self._pressure.receiver
        assert receiver is not None
        try:
            receiver.received(frame.payload, text=frame.opcode == TEXT)
        except Exception:
            log.exception("websocket receiver failed")
            self.close(Close.SERVER_ERROR)

    def _take_ping(self, pong: bytes) -> None:
        """Hold the pong for the end of this read; of a client that does not read, only the last one."""
        self._pongs = pong if self._pressure.is_high else self._pongs + pong
        if len(self._pongs) > PONGS_HELD:
            self.flush()

    def _write_pongs(self) -> None:
        if self._pongs:
            pongs, self._pongs = self._pongs, b""
            self.send(pongs)

    # The end.

    def _take_close(self, payload: bytes) -> None:
        if self._state is State.OPEN:
            self.flush()
            self._code = close_code(payload)
            self._transport.write(framed(payload[:2], CLOSE))
        self._end()

    def _write_close(self, code: int, reason: str) -> None:
        self._code = code
        self._transport.write(close_frame(code, reason))
        self._start_timer()

    def _end(self) -> None:
        """Close once all is written; the timer sees to a client that does not read."""
        self._stop()
        self._transport.close()

    def _stop(self) -> None:
        self._state = State.ENDED
        self._intake.end()
        self._start_timer()

    def _start_timer(self) -> None:
        if self._timer is None:
            self._timer = self._loop.call_later(self.close_seconds, self._transport.abort)
