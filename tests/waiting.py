"""Waiting: until something is so, for what tells nobody when it comes about."""

import asyncio
from collections.abc import Callable

EVERY = 0.005  # seconds


async def until(is_so: Callable[[], object], seconds: float = 10.0) -> None:
    """Return as soon as it is so. Raises TimeoutError."""
    loop = asyncio.get_running_loop()
    done: asyncio.Future[None] = loop.create_future()

    def look() -> None:
        if done.done():
            return
        if is_so():
            done.set_result(None)
        else:
            loop.call_later(EVERY, look)

    look()
    await asyncio.wait_for(done, seconds)
