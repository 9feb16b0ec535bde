"""Reserves: the first MemoryError that anybody logs ends the node, and no other error does."""

import asyncio
import logging
import mmap
from collections.abc import Iterator

import pytest
import structlog

from web.logs import configure_logs
from web.reserves import RESERVE, Reserve


@pytest.fixture
def ends() -> list[None]:
    """Return a list that grows at each end."""
    return []


@pytest.fixture
def reserve(ends: list[None]) -> Iterator[Reserve]:
    """Return a reserve that sees all logs."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    configure_logs("json")
    reserve = Reserve(lambda: ends.append(None))
    root.addHandler(reserve)
    yield reserve
    root.handlers[:] = handlers
    root.setLevel(level)


def fail(error: Exception) -> None:
    raise error


def test_what_our_own_code_logs_ends_it_once(reserve: Reserve, ends: list[None]) -> None:
    for _ in range(2):
        try:
            fail(MemoryError())
        except Exception:
            structlog.get_logger("web").exception("command failed")

    assert reserve.is_spent
    assert ends == [None]


async def test_what_a_callback_of_the_loop_meets_ends_it(
    reserve: Reserve, ends: list[None]
) -> None:
    asyncio.get_running_loop().call_soon(fail, MemoryError())
    await asyncio.sleep(0)
    await asyncio.sleep(0)

    assert reserve.is_spent
    assert ends == [None]


def test_other_errors_and_mere_lines_do_not(reserve: Reserve, ends: list[None]) -> None:
    try:
        fail(ValueError("MemoryError"))
    except ValueError:
        structlog.get_logger("web").exception("command failed")
    logging.getLogger("web").error("MemoryError")

    assert not reserve.is_spent
    assert ends == []


def test_what_is_kept_costs_no_memory_until_then() -> None:
    def resident() -> int:
        with open("/proc/self/statm") as file:
            return int(file.read().split()[1]) * mmap.PAGESIZE

    before = resident()
    kept = [Reserve(lambda: None) for _ in range(10)]

    assert resident() - before < RESERVE
    assert not any(each.is_spent for each in kept)
