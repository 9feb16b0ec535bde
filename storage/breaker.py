"""The breaker: while a database is away, one caller a second finds out for all the others.

Each would wait for the deadline else, and those behind them for theirs.
"""

import asyncio

from storage.database import DatabaseAway

PROBE_EVERY = 1.0  # seconds


class Breaker:
    """Whether a database was away when it was last asked."""

    def __init__(self) -> None:
        self.trips = 0
        """How often it was found away: who waited across a change of it need not try."""
        self._next_probe: float | None = None

    def admit(self) -> None:
        """Let a caller through, or raise DatabaseAway where another has just found it away."""
        if self._next_probe is None:
            return
        now = asyncio.get_running_loop().time()
        if now < self._next_probe:
            raise DatabaseAway("it was away a moment ago")
        self._next_probe = now + PROBE_EVERY

    def trip(self) -> None:
        """Note that it is away."""
        self.trips += 1
        self._next_probe = asyncio.get_running_loop().time() + PROBE_EVERY

    def reset(self) -> None:
        """Note that it answers."""
        self._next_probe = None
