"""Reserves: memory that a node keeps for its end, and lets go when there is no other.

Whatever survives an error logs it, so that the log is where each MemoryError is seen. A node that met
one ends as at a signal: it answers what it committed and sends everybody elsewhere. Where the kernel
kills instead of refusing, nothing is seen, and it is a kill like any other.
"""

import logging
import mmap
from collections.abc import Callable

RESERVE = (
    32 * 1024 * 1024
)  # bytes; addresses alone until then, and far more than a drain was seen to take


class Reserve(logging.Handler):
    """A handler of all logs that lets its memory go at the first MemoryError, and calls ``end``.

    It does so once, in whatever thread the error was met.
    """

    def __init__(self, end: Callable[[], None]) -> None:
        super().__init__()
        self._end = end
        self._kept: mmap.mmap | None = mmap.mmap(-1, RESERVE, flags=mmap.MAP_PRIVATE)

    @property
    def is_spent(self) -> bool:
        """Whether memory has come to its end."""
        return self._kept is None

    def emit(self, record: logging.LogRecord) -> None:
        """Look whether it is memory that was missing."""
        if self._kept is None or not record.exc_info:
            return
        if isinstance(record.exc_info[1], MemoryError):
            self._kept.close()
            self._kept = None
            self._end()
