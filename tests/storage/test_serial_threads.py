"""The writer's thread answers on the loop, in turn, whatever happens to who asked."""

import asyncio
import threading
from collections.abc import AsyncIterator
from functools import partial

import pytest

from storage.serial_threads import SerialThread


@pytest.fixture
async def thread() -> AsyncIterator[SerialThread]:
    """Return a thread that ends with the test."""
    made = SerialThread("test")
    yield made
    made.end()


async def test_jobs_are_done_in_turn_in_a_thread_of_their_own(thread: SerialThread) -> None:
    done: list[int] = []

    await asyncio.gather(*(thread.run(partial(done.append, n)) for n in range(50)))

    assert done == list(range(50))
    assert await thread.run(threading.current_thread) is not threading.current_thread()


async def test_what_a_job_raises_is_raised_to_who_asked(thread: SerialThread) -> None:
    def fail() -> None:
        raise LookupError("no such row")

    with pytest.raises(LookupError, match="no such row"):
        await thread.run(fail)

    assert await thread.run(lambda: "still at work") == "still at work"


async def test_a_job_whose_asker_has_gone_is_done_all_the_same(thread: SerialThread) -> None:
    begun, may_end, done = threading.Event(), threading.Event(), threading.Event()

    def work() -> None:
        begun.set()
        may_end.wait(5)
        done.set()

    asking = thread.run(work)
    await asyncio.to_thread(begun.wait, 5)
    asking.cancel()
    may_end.set()

    with pytest.raises(asyncio.CancelledError):
        await asking
    assert await thread.run(lambda: done.is_set())


async def test_it_ends_when_its_jobs_are_done(thread: SerialThread) -> None:
    asking = thread.run(threading.current_thread)
    worker = await asking

    thread.end()

    assert not worker.is_alive()
