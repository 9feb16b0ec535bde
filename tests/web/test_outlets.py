"""Outlets: lines are written in order, or lost and counted; nobody waits for who reads them."""

import os
import time
from collections.abc import Iterator

import pytest
from structlog.testing import capture_logs

from tests.waiting import until
from web.outlets import LINES_KEPT, Outlet

AT_ONCE = 0.25  # seconds, for all that an outlet keeps


@pytest.fixture
def pipe() -> Iterator[tuple[int, int]]:
    """Return the end of a pipe that is read, and the other."""
    ends = os.pipe()
    yield ends
    for end in ends:
        os.close(end)


def test_lines_are_written_in_order_before_the_end(pipe: tuple[int, int]) -> None:
    outlet = Outlet(pipe[1])

    for n in range(100):
        outlet.write(f"{n}\n")
    outlet.end()

    assert os.read(pipe[0], 1_000).decode().split() == [str(n) for n in range(100)]


async def test_nobody_waits_for_a_reader_and_what_was_lost_is_counted(
    pipe: tuple[int, int],
) -> None:
    outlet, line = Outlet(pipe[1]), "." * 4_095 + "\n"

    with capture_logs() as logged:
        begun = time.perf_counter()
        for _ in range(2 * LINES_KEPT):
            outlet.write(line)
        assert time.perf_counter() - begun < AT_ONCE
        written = await drained(outlet, pipe[0]) // len(line)

    lost = sum(each["lines"] for each in logged)
    assert {each["event"] for each in logged} == {"log lines lost"}
    assert lost > LINES_KEPT - 100  # but for what a pipe holds
    assert written + lost == 2 * LINES_KEPT


async def drained(outlet: Outlet, read: int) -> int:
    """End an outlet once all that waits is read, and return how many bytes these were."""
    os.set_blocking(read, False)
    taken = 0

    def is_empty() -> bool:
        nonlocal taken
        try:
            taken += len(os.read(read, 65_536))
        except BlockingIOError:
            return outlet._lines.empty()
        return False

    await until(is_empty)
    outlet.end()
    await until(is_empty)
    return taken


def test_a_full_disk_is_survived() -> None:
    full = os.open("/dev/full", os.O_WRONLY)
    outlet = Outlet(full)

    outlet.write("Serving.\n")
    outlet.end()

    assert outlet.lost == 1
    os.close(full)
