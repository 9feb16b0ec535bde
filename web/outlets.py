"""Outlets: where lines are written by a thread of their own, so that nobody waits for who reads them.

A pipe that nobody reads holds up whoever writes to it, and a full disk raises. Neither is a reason to
serve nobody: lines that cannot be written are lost, and counted.
"""

import atexit
import os
from contextlib import suppress
from queue import Full, Queue
from threading import Thread

import structlog

LINES_KEPT = 1_000  # until they are written; guessed: more than an outage makes in a second
LAST_WAIT = 1.0  # seconds for what is left when the process ends

log = structlog.get_logger(__name__)


class Outlet:
    """A stream, as logging wants one, to a file of this process. One that has ended takes no more."""

    def __init__(self, file: int) -> None:
        self.lost = 0
        """How many lines since it was last told."""
        self._file = file
        self._lines: Queue[str | None] = Queue(LINES_KEPT)
        self._thread = Thread(target=self._carry, name="log", daemon=True)
        self._thread.start()
        atexit.register(self.end)

    def write(self, line: str) -> None:
        """Have a line written, or lose it where too many wait."""
        try:
            self._lines.put_nowait(line)
        except Full:
            self.lost += 1

    def flush(self) -> None:
        """Return at once: what waits is written when it can be."""

    def end(self) -> None:
        """Write what is left, as far as that can be done soon."""
        atexit.unregister(self.end)
        with suppress(Full):
            self._lines.put(None, timeout=LAST_WAIT)
        self._thread.join(LAST_WAIT)

    def _carry(self) -> None:
        while (line := self._lines.get()) is not None:
            try:
                _write(self._file, line.encode(errors="backslashreplace"))
            except OSError:
                self.lost += 1
            else:
                self._tell_lost()

    def _tell_lost(self) -> None:
        lost, self.lost = self.lost, 0
        if lost:
            log.warning("log lines lost", lines=lost)


def _write(file: int, data: bytes) -> None:
    while data:
        data = data[os.write(file, data) :]
