"""Rings: the newest events of each room that somebody is in, framed and ready for those who return.

A frame is made when the first client of its wire needs it, and kept. Content that had to go leaves
the ring at once: its frames are made anew.
"""

from collections import deque
from collections.abc import Iterator
from itertools import islice

import msgspec

from chat.codecs import Wire
from chat.events import Envelope, Signal, Voided

EVENTS_LIMIT = 1_024  # a room; ARCHITECTURE, What measurements decided
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

    def void(self, subject: str) -> None:
        """Take away what any entry carries of ``subject``."""
        for entry in self._entries:
            if entry.envelope.subject == subject:
                self.bytes -= len(entry.envelope.data)
                entry.void()
                self.bytes += len(entry.envelope.data)
