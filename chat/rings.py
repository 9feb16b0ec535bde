"""Rings: the newest events of each room that somebody is in, framed and ready for those who return.

A frame is made when the first client of its wire needs it, and kept. Content that had to go leaves
the ring at once, and every piece that still waits to be sent: their frames are made anew.
"""

from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import Any

import msgspec

from chat.codecs import Wire
from chat.events import Envelope, Signal, Voided

# Events a room: two for each that a replay may have (docs/protocol.md), and a second of a storm.
EVENTS_LIMIT = 1_024
BYTES_LIMIT = 256 * 1024  # of event data a room


class Entry:
    """One event, with a frame for each wire that has asked for it."""

    __slots__ = ("_frames", "envelope")

    def __init__(self, envelope: Envelope) -> None:
        self.envelope = envelope
        self._frames: dict[Wire, bytes] = {}

    def frame(self, wire: Wire) -> bytes:
        """Return the event's frame on a wire."""
        frame = self._frames.get(wire)
        if frame is None:
            frame = self._frames[wire] = wire.event(self.envelope)
        return frame

    def carries(self, subject: str, before: int) -> bool:
        """Return whether it has content of ``subject``, and a number below ``before``."""
        return self.envelope.subject == subject and self.envelope.seq < before

    def void(self) -> None:
        """Take the content away; number, name, time and author stay."""
        data = msgspec.msgpack.encode(Voided(id=self.envelope.subject or ""))
        self.envelope = msgspec.structs.replace(self.envelope, data=data, subject=None)
        self._frames.clear()


class Passing:
    """One signal, framed likewise."""

    __slots__ = ("_frames", "_value")

    def __init__(self, room: str, signal: Signal) -> None:
        self._value = {"room": room, "signal": signal.name, "data": signal}
        self._frames: dict[Wire, bytes] = {}

    def frame(self, wire: Wire) -> bytes:
        """Return the signal's frame on a wire."""
        frame = self._frames.get(wire)
        if frame is None:
            frame = self._frames[wire] = wire.encode(self._value)
        return frame


class Piece:
    """What leaves in one write, joined once for each wire. ``last`` is the number it ends at."""

    __slots__ = ("_joined", "_parts", "last")

    def __init__(self, parts: Sequence[Entry | Passing], last: int) -> None:
        self._parts = parts
        self._joined: dict[Wire, Any] = {}
        self.last = last

    def __bool__(self) -> bool:
        return bool(self._parts)

    def joined(self, wire: Wire) -> Any:
        """Return all of it as a connection of this wire sends it."""
        joined = self._joined.get(wire)
        if joined is None:
            joined = self._joined[wire] = wire.join([part.frame(wire) for part in self._parts])
        return joined

    def void(self, subject: str, before: int) -> None:
        """Take away the content of ``subject`` below ``before``, and what was joined with it."""
        void(self._parts, subject, before)
        self._joined.clear()


def void(parts: Iterable[Entry | Passing], subject: str, before: int) -> None:
    """Take away the content of ``subject`` from every event with a number below ``before``."""
    for part in parts:
        if isinstance(part, Entry) and part.carries(subject, before):
            part.void()


class Ring:
    """A bounded run of entries without holes, the oldest leaving first."""

    __slots__ = ("_entries", "_limit", "bytes")

    def __init__(self, limit: int = EVENTS_LIMIT) -> None:
        self._entries: deque[Entry] = deque()
        self._limit = limit
        self.bytes = 0

    def add(self, entry: Entry) -> None:
        """Take in the next event."""
        self._entries.append(entry)
        self.bytes += len(entry.envelope.data)
        while len(self._entries) > self._limit or self.bytes > BYTES_LIMIT:
            self.bytes -= len(self._entries.popleft().envelope.data)

    def covers(self, seq: int, position: int) -> bool:
        """Return whether every event in ``seq + 1 … position`` is here."""
        first = self._entries[0].envelope.seq if self._entries else position + 1
        return first <= seq + 1

    def between(self, seq: int, position: int) -> Iterator[Entry]:
        """Yield the entries numbered ``seq + 1 … position``, in order."""
        if not self._entries:
            return
        first = self._entries[0].envelope.seq
        yield from islice(self._entries, max(0, seq + 1 - first), max(0, position + 1 - first))

    def clear(self) -> None:
        """Forget every entry: those who return read from SQL."""
        self._entries.clear()
        self.bytes = 0

    def void(self, subject: str, before: int) -> None:
        """Take away the content of ``subject`` from every event with a number below ``before``."""
        for entry in self._entries:
            if entry.carries(subject, before):
                self.bytes -= len(entry.envelope.data)
                entry.void()
                self.bytes += len(entry.envelope.data)
