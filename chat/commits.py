"""Commits: whether one is under way, and what lets it go first.

SQLite's runs in a thread that needs the interpreter at each of its steps, PostgreSQL's waits for the
loop at each of them: what else the loop does meanwhile is added to what everybody's answer waits.
"""

import asyncio
from collections.abc import Callable


class Commits:
    """Counts those of one node: entered, as a context, for as long as each takes."""

    __slots__ = ("_under_way", "_waiting")

    def __init__(self) -> None:
        self._under_way = 0
        self._waiting: dict[Callable[[], None], asyncio.TimerHandle] = {}

    def __enter__(self) -> None:
        self._under_way += 1

    def __exit__(self, *_: object) -> None:
        self._under_way -= 1
        if not self._under_way:
            for go in tuple(self._waiting):
                self._go(go)

    @property
    def are_under_way(self) -> bool:
        """Whether there is one."""
        return self._under_way > 0

    def let_by(self, go: Callable[[], None], seconds: float) -> None:
        """Call ``go`` once none is under way, or after so many seconds."""
        self._waiting[go] = asyncio.get_running_loop().call_later(seconds, self._go, go)

    def _go(self, go: Callable[[], None]) -> None:
        self._waiting.pop(go).cancel()
        asyncio.get_running_loop().call_soon(go)
