"""The writer keeps the order of what is put, and outlives whatever goes wrong in a batch."""

import asyncio
from collections.abc import Sequence
from typing import Any

import pytest

from chat.commands import Command, Over, Rate, Request, Runs
from chat.errors import Unavailable
from chat.events import Envelope
from chat.writer import (
    BATCH_LIMIT,
    QUEUE_LIMIT,
    WAIT_LIMIT,
    Ask,
    Decision,
    FollowUp,
    Outcome,
    Writer,
)
from tests.waiting import until

COMMAND = Command(
    name="note.add", request=Request, reply=None, handler=lambda *_: None, runs=Runs.WRITES,
    scope=None, over=Over.BOTH, anonymous=False, rate=Rate.NONE,
)  # fmt: skip


class Desk:
    """Decides batches when it is let, and keeps what was decided, published and answered."""

    def __init__(self) -> None:
        self.published: list[Envelope] = []
        self.writer = Writer(self._decide, lambda told: self.published.extend(told.told))
        self.batches: list[list[Any]] = []
        self.answers: list[Any] = []
        self.begun = asyncio.Event()
        self.may_go = asyncio.Event()
        self.may_go.set()
        self.failures: list[Exception] = []
        self.follow_ups: list[FollowUp] = []
        self.busy: set[Any] = set()

    def decided(self) -> list[Any]:
        return [actor for batch in self.batches for actor in batch]

    async def _decide(self, asks: Sequence[Ask]) -> Decision:
        self.begun.set()
        await self.may_go.wait()
        if self.failures:
            raise self.failures.pop()
        self.batches.append([ask.actor for ask in asks if ask.actor not in self.busy])
        follow_ups, self.follow_ups = self.follow_ups, []
        outcomes = [None if ask.actor in self.busy else Outcome(reply={}) for ask in asks]
        return Decision(outcomes, [], follow_ups)

    def put(self, actor: Any) -> asyncio.Future[Outcome]:
        ended: asyncio.Future[Outcome] = asyncio.get_running_loop().create_future()
        self.writer.put(Ask(COMMAND, actor, Request(), ended.set_result))
        return ended


@pytest.fixture
def desk() -> Desk:
    """Return a writer and what it did."""
    return Desk()


async def test_what_is_queued_while_a_batch_commits_is_the_next_batch(desk: Desk) -> None:
    desk.writer.start()
    desk.may_go.clear()
    first = desk.put(0)
    await desk.begun.wait()
    rest = [desk.put(n) for n in range(1, BATCH_LIMIT + 10)]

    desk.may_go.set()
    await asyncio.gather(first, *rest)

    assert [len(batch) for batch in desk.batches] == [1, BATCH_LIMIT, 9]
    assert desk.decided() == list(range(BATCH_LIMIT + 10))
    await desk.writer.stop()


@pytest.mark.parametrize(
    ("failure", "code"), [(Unavailable("away"), "unavailable"), (ValueError("bug"), "internal")]
)
async def test_a_batch_that_fails_is_refused_and_the_next_one_is_not(
    desk: Desk, failure: Exception, code: str
) -> None:
    desk.writer.start()
    desk.failures.append(failure)

    refused = await desk.put(1)
    decided = await desk.put(2)

    assert refused.refusal is not None
    assert refused.refusal.code == code
    assert decided.refusal is None
    await desk.writer.stop()


async def test_a_full_queue_is_refused_at_once(desk: Desk) -> None:
    for n in range(QUEUE_LIMIT):
        desk.put(n)

    with pytest.raises(Unavailable):
        desk.put("one more")


async def test_stopping_decides_what_is_queued(desk: Desk) -> None:
    desk.writer.start()
    ended = desk.put(1)

    await desk.writer.stop()

    assert ended.done()


async def test_a_follow_up_is_put_once_however_often_it_is_asked_for(desk: Desk) -> None:
    desk.writer.start()
    desk.follow_ups = [FollowUp(COMMAND, "later", Request(), 0.0)] * 3
    await desk.put("now")

    while "later" not in desk.decided():
        await desk.put("again")

    assert desk.decided().count("later") == 1
    await desk.writer.stop()


async def test_what_waits_for_another_node_is_put_in_front_again(desk: Desk) -> None:
    desk.busy = {"first", "second"}
    waiting = [desk.put(actor) for actor in ("first", "second")]
    desk.writer.start()
    for n in range(3):
        await desk.put(n)
    assert not any(each.done() for each in waiting)

    desk.busy = set()
    last = desk.put("last")
    await asyncio.gather(*waiting, last)

    assert desk.decided() == [0, 1, 2, "first", "second", "last"]
    await desk.writer.stop()


async def test_however_much_waits_for_one_room_the_others_are_served(desk: Desk) -> None:
    waiting = [desk.put(f"waiting {n}") for n in range(2 * BATCH_LIMIT)]
    desk.busy = {f"waiting {n}" for n in range(2 * BATCH_LIMIT)}
    desk.writer.start()
    while len(desk.batches) < 3:
        await desk.put("now and then")

    desk.busy = set()
    await asyncio.gather(*waiting)

    others = [actor for actor in desk.decided() if actor != "now and then"]
    assert others == [f"waiting {n}" for n in range(2 * BATCH_LIMIT)]
    await desk.writer.stop()


async def test_what_has_waited_too_long_is_refused_and_was_not_begun(desk: Desk) -> None:
    desk.writer.start()
    desk.may_go.clear()
    under_way = desk.put("under way")
    await desk.begun.wait()
    waiting = desk.put("waiting")
    now = asyncio.get_running_loop().time()

    desk.writer.refuse_overdue(now + WAIT_LIMIT - 0.1)
    assert not waiting.done()
    desk.writer.refuse_overdue(now + WAIT_LIMIT + 0.1)

    refusal = (await waiting).refusal
    assert refusal is not None
    assert refusal.answer() | {"detail": ""} == {
        "code": "unavailable", "detail": "", "retry": True, "after": 1.0,
    }  # fmt: skip
    desk.may_go.set()
    assert (await under_way).refusal is None
    assert desk.decided() == ["under way"]
    await desk.writer.stop()


async def test_a_stop_waits_for_no_room_for_ever(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("chat.writer.WAIT_LIMIT", 0.05)
    desk.busy = {"first"}
    waiting = desk.put("first")
    desk.writer.start()

    await desk.writer.stop()

    assert (await waiting).refusal is not None


async def test_a_follow_up_that_was_unavailable_is_put_again(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("chat.writer.FOLLOW_AGAIN", 0.0)
    desk.writer.start()
    desk.follow_ups.append(FollowUp(COMMAND, "later", Request(), 0.0))
    await desk.put("now")
    desk.failures.append(Unavailable("away"))

    await until(lambda: "later" in desk.decided())

    assert desk.decided() == ["now", "later"]
    await desk.writer.stop()
