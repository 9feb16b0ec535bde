"""Paces let through what they promise, and no more."""

import pytest

from web.paces import FRAMES_A_TURN, Pace
from web.sockets import PACE


def sent(pace: Pace, *turns: tuple[float, int], due: float = 0.0) -> list[bool]:
    """Return after which turns, of a time and so many frames, it was too much."""
    exceeded = []
    for now, frames in turns:
        due = pace.due(due, frames, now)
        exceeded.append(due - now > pace.ahead)
    return exceeded


def test_a_pace_gives_its_burst_at_once_and_then_its_rate() -> None:
    pace = Pace(100, 10.0)

    assert sent(pace, (5.0, 100), (5.0, 1)) == [False, True]
    assert sent(pace, (5.0, 100), (5.5, 5), (5.5, 1)) == [False, False, True]
    assert sent(pace, (5.0, 100), (50.0, 100), (50.0, 1)) == [False, False, True]


@pytest.mark.parametrize(
    ("at_once", "a_second"), [(200 + 120 + 50, 50), (0, 50 + 2 + 1)], ids=["entering", "a bot"]
)
def test_what_the_other_limits_allow_is_no_flood(at_once: int, a_second: int) -> None:
    turns = [(1.0, at_once), *((float(second), a_second) for second in range(1, 3_600))]

    assert not any(sent(PACE, *turns))


def test_a_flood_is_one_within_seconds() -> None:
    turns = [(1.0 + n / 10, FRAMES_A_TURN) for n in range(20)]

    assert any(sent(PACE, *turns))
