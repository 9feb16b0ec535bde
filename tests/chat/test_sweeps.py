"""A large room is written to in slices, and rests after them as long as they took."""

import asyncio
from typing import Any

import pytest

from chat import sweeps
from chat.commits import Commits
from chat.live_rooms import LiveRoom, Seat, Tally
from chat.rings import Piece
from chat.sweeps import Sweep

WRITE = 0.001  # seconds, by a clock of its own


class Socket:
    """A connection that takes its time, and says when it was written to."""

    wire: Any = None

    def __init__(self, desk: "Desk") -> None:
        self._desk = desk

    def send(self, _: Any) -> None:
        self._desk.now += WRITE
        self._desk.written += 1


class Desk:
    """A sweep of so many seats."""

    def __init__(self) -> None:
        self.now = 100.0
        self.written = 0
        self.ended = asyncio.Event()
        self.commits = Commits()
        self.sweep = Sweep(self.ended.set, self.commits)

    def add(self, count: int) -> list[Seat]:
        room = LiveRoom("cardiology", lambda _: None, Tally(), self.commits)
        connection: Any = Socket(self)
        seats = [Seat(connection, room, signals=False) for _ in range(count)]
        self.sweep.add(seats, Written([], 1))
        return seats


class Written(Piece):
    def joined(self, wire: Any) -> bytes:
        return b""


@pytest.fixture
def desk(monkeypatch: pytest.MonkeyPatch) -> Desk:
    made = Desk()
    monkeypatch.setattr(sweeps, "perf_counter", lambda: made.now)
    return made


async def test_others_have_their_turn_after_each_slice(desk: Desk) -> None:
    desk.add(3 * sweeps.SLICE)
    desk.sweep.go()

    turns = []
    while desk.sweep.is_under_way:
        turns.append(desk.written)
        await asyncio.sleep(0)

    assert turns == [sweeps.SLICE, 2 * sweeps.SLICE]
    assert desk.ended.is_set()


async def test_the_rest_is_as_long_as_the_writing_and_not_as_the_waiting(desk: Desk) -> None:
    desk.add(2 * sweeps.SLICE)
    desk.sweep.go()
    desk.now += 5.0
    await desk.ended.wait()

    assert desk.sweep.rest == pytest.approx(2 * sweeps.SLICE * WRITE * sweeps.REST)
    desk.now += desk.sweep.rest
    assert desk.sweep.rest <= 0


async def test_the_rest_has_a_limit(desk: Desk) -> None:
    desk.add(sweeps.SLICE)
    for _ in range(10):
        desk.add(sweeps.SLICE)
    desk.sweep.go()
    await desk.ended.wait()

    assert desk.sweep.rest == pytest.approx(sweeps.REST_LIMIT)


async def test_who_is_dropped_is_not_written_to(desk: Desk) -> None:
    seats = desk.add(sweeps.SLICE + 2)
    desk.sweep.go()

    assert [desk.sweep.lacks(seat) for seat in (seats[0], seats[-1])] == [False, True]
    desk.sweep.drop(seats[-1])
    await desk.ended.wait()

    assert desk.written == sweeps.SLICE + 1


async def test_a_commit_is_let_by_and_the_rest_in_the_end_is_so_much_shorter(desk: Desk) -> None:
    desk.add(2 * sweeps.SLICE)
    with desk.commits:
        desk.sweep.go()
        await turns(3)
        assert desk.written == sweeps.SLICE, "it did not wait"
        desk.now += 0.002  # seconds that the commit takes
    await desk.ended.wait()

    assert desk.sweep.rest == pytest.approx(2 * sweeps.SLICE * WRITE * sweeps.REST - 0.002)


async def test_a_commit_that_takes_long_is_let_by_for_no_longer_than_the_rest(desk: Desk) -> None:
    desk.add(2 * sweeps.SLICE)
    with desk.commits:
        desk.sweep.go()
        await desk.ended.wait()

        assert desk.written == 2 * sweeps.SLICE


async def test_rest_that_was_had_in_advance_is_earned_before_there_is_more(desk: Desk) -> None:
    desk.add(2 * sweeps.SLICE)
    had = 4 * sweeps.SLICE * WRITE * sweeps.REST
    with desk.commits:
        desk.sweep.go()
        desk.now += had
    await desk.ended.wait()
    assert desk.sweep.rest == pytest.approx(-had / 2)
    desk.ended.clear()

    desk.add(2 * sweeps.SLICE)
    with desk.commits:
        desk.sweep.go()
        await turns(3)
        assert desk.written == 4 * sweeps.SLICE, "it waited for what it had not earned"
    await desk.ended.wait()


async def test_it_is_under_way_until_its_next_slice_though_nobody_is_left_in_it(desk: Desk) -> None:
    seats = desk.add(sweeps.SLICE + 1)
    with desk.commits:
        desk.sweep.go()
        desk.sweep.drop(seats[-1])
        assert desk.sweep.is_under_way
    await desk.ended.wait()

    assert not desk.sweep.is_under_way
    assert desk.written == sweeps.SLICE


async def turns(count: int) -> None:
    """Let others have so many turns of the loop."""
    for _ in range(count):
        await asyncio.sleep(0)
