"""Replays: how a seat that is behind catches up, whether it came back or reads slowly.

From the room's ring, else from SQL, one page for all who lack the same; too far behind, its connection
is closed. A connection is sent one piece a turn of the loop, for all its rooms together, and the next
only while its socket takes it: for who reads nothing, one piece waits, and of each seat a number.
"""

import asyncio
from typing import TYPE_CHECKING

import structlog

from chat.errors import Close, Refusal
from chat.live_rooms import LiveRoom, Seat, Tally
from chat.pages import Pages
from chat.rings import EVENTS_LIMIT, Entry, Piece

if TYPE_CHECKING:
    from chat.connection import Connection

log = structlog.get_logger(__name__)


class Replays:
    """Serves whoever is behind. ``pages`` has what no ring holds."""

    def __init__(self, pages: Pages, tally: Tally) -> None:
        self._pages = pages
        self._tally = tally
        self._behind: dict[Connection, dict[Seat, None]] = {}
        """The seats of each connection that is being served, in the order of their turns."""
        self._waiting: dict[tuple[LiveRoom, int], list[Seat]] = {}
        self._reading: set[asyncio.Task[None]] = set()

    def add(self, seat: Seat) -> None:
        """Let a seat catch up: at once, or after those of the same connection that came before."""
        queue = self._behind.get(seat.connection)
        if queue is None:
            self._behind[seat.connection] = {seat: None}
            self._serve(seat.connection)
        else:
            queue[seat] = None

    def _serve(self, connection: "Connection") -> None:
        """Send a connection its next piece, or have it read; without any, it is served no longer."""
        seat = self._next(connection)
        if seat is None:
            del self._behind[connection]
        elif (piece := seat.room.piece_after(seat.position)) is not None:
            self._send(seat, piece)
        elif seat.room.flushed - seat.position <= EVENTS_LIMIT:
            self._wait(seat)
        else:
            del self._behind[connection]
            connection.close(Close.TOO_SLOW, "reading too slowly")

    def _next(self, connection: "Connection") -> Seat | None:
        """Return whose turn it is: none while the socket is full, whose end has all added again."""
        queue = self._behind[connection]
        while queue and not connection.write_is_paused:
            seat = next(iter(queue))
            if not seat.room.settle(seat):
                return seat
            del queue[seat]
        return None

    def _send(self, seat: Seat, piece: Piece) -> None:
        """Send a piece; the next comes a turn later, when the link has told whether it is full."""
        connection = seat.connection
        self._tally.replayed += piece.last - seat.position
        seat.cursor = piece.last
        connection.send(piece.joined(connection.wire))
        queue = self._behind[connection]
        queue[seat] = queue.pop(seat)
        asyncio.get_running_loop().call_soon(self._serve, connection)

    def _wait(self, seat: Seat) -> None:
        """Have a page read for a seat, unless one for the same room and number is on its way."""
        key = seat.room, seat.position
        if key not in self._waiting:
            self._waiting[key] = []
            task = asyncio.create_task(self._read(*key), name=f"replay {seat.room.id}")
            self._reading.add(task)
            task.add_done_callback(self._reading.discard)
        self._waiting[key].append(seat)

    async def _read(self, live: LiveRoom, seq: int) -> None:
        entries = await self._entries(live, seq)
        # No await from here on: in a later turn of the loop the page could hold what had to go.
        piece = Piece(entries, entries[-1].envelope.seq) if entries else None
        for seat in self._waiting.pop((live, seq)):
            if self._next(seat.connection) is not seat:
                self._serve(seat.connection)
            elif piece is None:
                del self._behind[seat.connection]
                seat.connection.close(Close.NOT_CONTINUOUS, "what was missed cannot be read")
            else:
                self._send(seat, piece)

    async def _entries(self, live: LiveRoom, seq: int) -> list[Entry]:
        """Return what follows a number without a hole; nothing where it cannot be had."""
        try:
            entries = await self._pages.after(live.id, seq)
        except Refusal as refusal:
            log.warning("replay not read", room=live.id, code=refusal.code)
        except Exception:
            log.exception("replay not read", room=live.id)
        else:
            if entries and entries[-1].envelope.seq == seq + len(entries):
                return entries
            log.error("replay not in the log", room=live.id, above=seq)
        return []

    async def close(self) -> None:
        """End what is being read."""
        for task in self._reading:
            task.cancel()
        await asyncio.gather(*self._reading, return_exceptions=True)
