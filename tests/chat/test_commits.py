"""Commits: what lets them by is called once none is under way, or after its time, and once."""

import asyncio

from chat.commits import Commits

SOON, NEVER = 0.001, 3_600.0  # seconds


class Waiting:
    """What lets commits by."""

    def __init__(self, commits: Commits, seconds: float) -> None:
        self.calls = 0
        self.called = asyncio.Event()
        commits.let_by(self._call, seconds)

    def _call(self) -> None:
        self.calls += 1
        self.called.set()


async def test_the_last_of_those_under_way_lets_it_go() -> None:
    commits = Commits()
    with commits:
        with commits:
            waiting = Waiting(commits, NEVER)
        await asyncio.sleep(0)
        assert commits.are_under_way
        assert waiting.calls == 0
    await waiting.called.wait()

    assert not commits.are_under_way


async def test_a_commit_that_fails_lets_it_go_too() -> None:
    commits = Commits()
    try:
        with commits:
            waiting = Waiting(commits, NEVER)
            raise OSError
    except OSError:
        await waiting.called.wait()

    assert not commits.are_under_way


async def test_it_goes_after_its_time_and_once() -> None:
    commits = Commits()
    with commits:
        waiting = Waiting(commits, SOON)
        await waiting.called.wait()
    await asyncio.sleep(0)

    assert waiting.calls == 1
