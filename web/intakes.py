"""Intakes: a socket's bytes as frames, handled in turns that leave the loop to others.

The transport reads only while frames are wanted and none of those that came waits for a later turn: so
what can be kept for one client is one read. Whoever sends more than its pace allows has failed.
"""

import asyncio
from typing import Protocol

from chat.errors import Close
from web.frame_parser import Frame, FrameError, FrameParser
from web.paces import FRAMES_A_TURN, Pace


class Owner(Protocol):
    """Whose frames they are."""

    heard: float

    def take(self, frame: Frame) -> None:
        """Take one whole message or control frame."""

    def fail(self, error: FrameError) -> None:
        """Hear of the client's fault, after which nothing may be taken."""

    def flush(self) -> None:
        """Write what was held back: no more is taken in this turn."""


class Intake:
    """The way in of one socket."""

    __slots__ = (
        "_due",
        "_is_due",
        "_is_held",
        "_owner",
        "_parser",
        "_transport",
        "is_open",
        "pace",
    )

    def __init__(self, owner: Owner, transport: asyncio.Transport, parser: FrameParser) -> None:
        self._owner: Owner | None = owner
        self._transport = transport
        self._parser = parser
        self._parser.allowed = FRAMES_A_TURN
        self._is_due = self._is_held = False
        self._due = 0.0
        self.is_open = False
        """Frames are wanted."""
        self.pace: Pace | None = None

    def feed(self, data: bytes) -> None:
        """Take bytes from the client, and hand out their frames where that is not due later anyway."""
        self._parser.feed(data)
        if not self._is_due:
            self._hand_out()

    def put_back(self, frames: list[Frame]) -> None:
        """Give frames back, to be handed out again before all others."""
        self._parser.put_back(frames)

    def open(self) -> None:
        """Want frames, from the next turn on: the caller may be in the midst of one."""
        self.is_open = True
        self._hand_out_soon()

    def close(self) -> None:
        """Want no frames, and leave those to come in the kernel."""
        self.is_open = False
        self._hold()

    def end(self) -> None:
        """Want nothing any more, and keep hold of nobody. What still comes is thrown away."""
        self.is_open = False
        self._owner = None
        self._release()

    def _hand_out(self) -> None:
        """Go on until all is used up, somebody asks to wait, or it is others' turn."""
        owner, parser = self._owner, self._parser
        if owner is None:
            return
        try:
            while self.is_open and (frame := parser.pull()) is not None:
                owner.take(frame)
            if not parser.allowed:
                self._end_turn(owner.heard)
        except FrameError as error:
            owner.fail(error)
        owner.flush()
        if self._is_held and self.is_open and not self._is_due:
            self._release()

    def _end_turn(self, now: float) -> None:
        self._parser.allowed = FRAMES_A_TURN
        if self.is_open:
            self._hold()
            self._hand_out_soon()
        if self.pace is not None:
            self._due = self.pace.due(self._due, FRAMES_A_TURN, now)
            if self._due - now > self.pace.ahead:
                raise FrameError(Close.FLOODING, "too many frames")

    def _hand_out_soon(self) -> None:
        """Do so once a turn: else each pause and resume in one would add a turn to the next."""
        if not self._is_due:
            self._is_due = True
            asyncio.get_running_loop().call_soon(self._hand_out_now)

    def _hand_out_now(self) -> None:
        self._is_due = False
        self._hand_out()

    def _hold(self) -> None:
        if not self._is_held and not self._transport.is_closing():
            self._is_held = True
            self._transport.pause_reading()

    def _release(self) -> None:
        if self._is_held and not self._transport.is_closing():
            self._is_held = False
            self._transport.resume_reading()
