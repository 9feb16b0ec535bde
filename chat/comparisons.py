"""Comparisons: one room compared with SQL for all who need it compared from now on."""

import asyncio
from collections.abc import Awaitable, Callable


class Comparisons:
    """Runs ``compare`` for a room, one at a time, and once for all who wait for the next."""

    def __init__(self, compare: Callable[[str], Awaitable[None]]) -> None:
        self._compare = compare
        self._running: dict[str, asyncio.Task[None]] = {}
        self._next: dict[str, asyncio.Task[None]] = {}

    async def from_now(self, room: str) -> None:
        """Return once a comparison has ended that began after this call. Raises what it raises."""
        if room not in self._next:
            self._next[room] = asyncio.create_task(self._run(room), name=f"compare {room}")
        await asyncio.shield(self._next[room])

    async def _run(self, room: str) -> None:
        if room in self._running:
            await asyncio.wait([self._running[room]])
        self._running[room] = self._next.pop(room)
        try:
            await self._compare(room)
        finally:
            del self._running[room]

    async def close(self) -> None:
        """End what is being compared."""
        tasks = [*self._running.values(), *self._next.values()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
