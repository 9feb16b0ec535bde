"""Heartbeats: finds clients that are gone, stuck or out of date, and tells the others their heads."""

from collections.abc import Iterable

from chat.connection import Connection
from chat.errors import Close
from chat.events import Signal

PING_AFTER = 20.0  # seconds without bytes; docs/protocol.md, The socket, as are the next two
DEAD_AFTER = 45.0  # seconds without bytes
HEADS_EVERY = 15  # seconds
STUCK_AFTER = 10.0  # seconds with a full socket; guessed: a phone in a lift comes back sooner
EVERY = 1.0  # seconds between sweeps


class RoomHeads(Signal, signal="room.heads"):
    """The newest number of each entered room that moved, so that loss at the tail is found."""

    heads: dict[str, int]


class Heartbeats:
    """Sweeps over all connections once a second: one timer, not one for each of them."""

    def __init__(self, connections: Iterable[Connection]) -> None:
        self._connections = connections
        self._tick = 0

    def sweep(self, now: float, wall: float) -> None:
        """Look at every connection once. ``now`` is the loop's time, ``wall`` the calendar's."""
        self._tick += 1
        for number, connection in enumerate(list(self._connections)):
            if connection.expires is not None and connection.expires <= wall:
                connection.close(Close.SESSION_EXPIRED, "sign in again")
            elif connection.write_is_paused:
                _mind_stuck(connection, now)
            elif not connection.reading_is_paused:  # else nothing of it can be heard
                _mind_silence(connection, now - connection.link.heard)
            if (number + self._tick) % HEADS_EVERY == 0:
                _tell_heads(connection)


def _mind_stuck(connection: Connection, now: float) -> None:
    if connection.stuck_since is None:
        connection.stuck_since = now
    elif now - connection.stuck_since > STUCK_AFTER:
        connection.close(Close.TOO_SLOW, "reading too slowly")


def _mind_silence(connection: Connection, silent: float) -> None:
    if silent > DEAD_AFTER:
        connection.close(Close.HEARTBEAT_LOST, "nothing heard for too long")
        connection.closed(Close.HEARTBEAT_LOST)  # at once: nobody will answer the close frame
    elif silent > PING_AFTER and not connection.pinged:
        connection.pinged = True
        connection.link.ping()
    elif silent <= PING_AFTER:
        connection.pinged = False


def _tell_heads(connection: Connection) -> None:
    moved = {}
    for name, seat in connection.seats.items():
        if seat.cursor is None and seat.told_head != seat.position:
            seat.told_head = moved[name] = seat.position
    if moved:
        connection.signal(None, RoomHeads(heads=moved))
