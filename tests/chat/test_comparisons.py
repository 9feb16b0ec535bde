"""Comparisons: whoever needs one from now on gets one that began after they asked, shared by all."""

import asyncio

import pytest

from chat.comparisons import Comparisons
from chat.errors import Unavailable
from tests.waiting import until


class Compared:
    """What is compared, as soon as it is let."""

    def __init__(self) -> None:
        self.begun: list[str] = []
        self.goes_on = asyncio.Semaphore(0)
        self.fails = False
        self.made = Comparisons(self._compare)

    async def _compare(self, room: str) -> None:
        self.begun.append(room)
        await self.goes_on.acquire()
        if self.fails:
            raise Unavailable("The database is away. Try again.")

    def ask(self, room: str) -> asyncio.Task[None]:
        return asyncio.create_task(self.made.from_now(room))


async def test_who_asks_during_one_waits_for_the_next_and_all_of_them_for_the_same() -> None:
    compared = Compared()
    first = compared.ask("cardiology")
    await until(lambda: compared.begun)
    others = [compared.ask("cardiology") for _ in range(5)]
    elsewhere = compared.ask("oncology")
    await until(lambda: len(compared.begun) == 2)

    compared.goes_on.release()
    compared.goes_on.release()
    await asyncio.gather(first, elsewhere)
    await until(lambda: len(compared.begun) == 3)
    assert not any(each.done() for each in others)
    compared.goes_on.release()
    await asyncio.gather(*others)

    assert compared.begun == ["cardiology", "oncology", "cardiology"]


async def test_one_that_fails_is_told_of_to_those_who_wait_for_it_and_the_next_is_made() -> None:
    compared = Compared()
    compared.fails = True
    compared.goes_on.release()
    with pytest.raises(Unavailable):
        await compared.made.from_now("cardiology")

    compared.fails = False
    compared.goes_on.release()
    await compared.made.from_now("cardiology")


async def test_closing_ends_them_all() -> None:
    compared = Compared()
    waiting = [compared.ask("cardiology") for _ in range(2)]
    await until(lambda: compared.begun)
    waiting.append(compared.ask("cardiology"))
    await until(lambda: compared.made._next)

    await compared.made.close()

    for each in waiting:
        with pytest.raises(asyncio.CancelledError):
            await each
