"""Posting: with so many posts outstanding, or at a steady rate."""

import secrets
import time
from collections.abc import Sequence
from typing import Any

from bench.load import Load, answer
from bench.wire import Seen, Watched

TEXT = (
    "Door-to-balloon audit for the night shift: the delay is in the corridor, not in the lab. "
    "Who can bring the transfer times of both hospitals to the meeting?  "
).ljust(160)  # characters, so that an event is some 290 bytes and never as short as an answer
IN_FLIGHT = (
    32  # posts of one socket; docs/protocol.md, The socket: beyond it the server stops reading
)


class Poster:
    """One socket's posts to one room. A post is outstanding until its answer has come.

    Where there are ``hearers`` its event must have come to each of them, too.
    """

    def __init__(self, member: Watched, room: str, hearers: Sequence[Watched] = ()) -> None:
        self.sent: list[float] = []  # when, by post
        self.waits: list[float] = []  # seconds from sending to the answer
        self._member = member
        self._room = room
        self._members = {member, *hearers}
        self._frames = 1 + len(hearers)
        self._outstanding: dict[int, int] = {}  # frames still to come, by post
        self._run = secrets.token_hex(4)

    def post(self, due: float | None = None) -> None:
        """Send one message, whose waits count from when it was ``due``, else from now."""
        index = len(self.sent)
        self._outstanding[index] = self._frames
        self.sent.append(time.perf_counter() if due is None else due)
        cid = f"{self._run}-{index}"
        self._member.ask(index, "message.post", room=self._room, cid=cid, text=TEXT)

    def outstanding(self) -> int:
        """Take what came, and return how many posts are outstanding."""
        for member in self._members:
            while member.seen:
                self._take(member.seen.popleft())
        return len(self._outstanding)

    def _take(self, seen: Seen) -> None:
        index = self._posted(seen.frame)
        if "re" in seen.frame:
            answer(seen.frame)
            index = int(seen.frame["re"])
            self.waits.append(seen.at - self.sent[index])
        if index is not None:
            self._outstanding[index] -= 1
            if not self._outstanding[index]:
                del self._outstanding[index]

    def delays(self, member: Watched) -> list[float]:
        """Take what came to another member; return the seconds from each sending to its event."""
        found = []
        while member.seen:
            at, frame = member.seen.popleft()
            index = self._posted(frame)
            if index is not None:
                found.append(at - self.sent[index])
        return found

    def _posted(self, frame: dict[str, Any]) -> int | None:
        """Return which post of this poster an event is of, if any."""
        if frame.get("event") != "message.posted":
            return None
        run, _, index = frame["data"]["cid"].partition("-")
        return int(index) if run == self._run else None


def press(
    load: Load, posters: Sequence[Poster], outstanding: int, *, seconds: float,
    most: int = 2**53, nap: float = 0.1,
) -> int:  # fmt: skip
    """Keep so many posts of each poster outstanding; return how many there were, all answered.

    Ends after ``seconds`` or ``most`` posts, whichever is first. It sleeps until something comes, or
    for a ``nap``; without one it spins, and its own waking (some 80 µs) is in no figure.
    """
    end = time.perf_counter() + seconds
    asked = 0
    while asked < most and time.perf_counter() < end:
        for poster in posters:
            for _ in range(min(outstanding - poster.outstanding(), most - asked)):
                poster.post()
                asked += 1
        load.turn(nap)
    settle(load, posters)
    return asked


def keep_pace(load: Load, posters: Sequence[Poster], *, rate: float, seconds: float) -> int:
    """Post so many messages a second, evenly and by turns, whatever is outstanding; return how many.

    A post that we are late with counts from when it was due: what delays us delays people.
    """
    start = time.perf_counter()
    posts = int(rate * seconds)
    for index in range(posts):
        due = start + index / rate
        load.rest(due - time.perf_counter())
        posters[index % len(posters)].post(due)
    settle(load, posters)
    return posts


def settle(load: Load, posters: Sequence[Poster]) -> None:
    """Wait until nothing is outstanding."""
    load.until(lambda: not any([poster.outstanding() for poster in posters]))
