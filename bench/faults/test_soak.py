"""The soak: two nodes at a tenth of what they are made for, long enough that a leak would be seen.

CURBSIDE_SOAK_SECONDS says how long; without it twenty minutes, the short form of a day.
"""

import asyncio
import logging
import os
import time
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.engines import Valkey
from tests.faults.habits import Habits
from tests.faults.sites import IN_HEALTH, Site
from tests.processes import Server

SECONDS = float(os.environ.get("CURBSIDE_SOAK_SECONDS", "1200"))
TENTH = Habits(
    every=0.3, drops=1
)  # of six people: 20 commands a second, and a link broken each 5 s
LOOK_EVERY = 10.0  # seconds
WARM = 0.5  # of the time, in which what is kept for those who come back fills up
MOST_GROWTH = 0.01  # an hour
MOST_FILES = 2  # more at the end than at first; a scrape and a connection come and go

log = logging.getLogger(__name__)


class Look(NamedTuple):
    """What a node takes at a time, in seconds."""

    at: float
    memory: int  # bytes
    files: int


@pytest.mark.timeout(SECONDS + 600)
async def test_at_a_tenth_of_the_rate_neither_memory_nor_files_grow(
    site: Site, valkey: Valkey
) -> None:
    settings = site.settings(valkey.url)
    async with site.busy(settings, settings, habits=TENTH) as (workload, nodes):
        looks: list[list[Look]] = []
        end = time.monotonic() + SECONDS
        while time.monotonic() < end:
            await asyncio.sleep(LOOK_EVERY)
            looks.append([look(node) for node in nodes])
    found = await site.find(workload, IN_HEALTH)

    for seen in zip(*looks[int(len(looks) * WARM) :], strict=True):
        growth = slope(seen) * 3600 / seen[0].memory
        files = [each.files for each in seen]
        log.info("%.1f MiB, %+.2f %% an hour", seen[-1].memory / 2**20, growth * 100)
        assert growth < MOST_GROWTH
        assert files[-1] - files[0] <= MOST_FILES
    assert found.violations == []
    assert found.refused.keys() <= {"not_found", "edit_window_closed"}


def look(node: Server) -> Look:
    """Return what a node takes now."""
    assert node.process is not None
    place = Path(f"/proc/{node.process.pid}")
    lines = place.joinpath("status").read_text().splitlines()
    [memory] = [int(line.split()[1]) * 1024 for line in lines if line.startswith("VmRSS")]
    return Look(time.monotonic(), memory, len(list(place.joinpath("fd").iterdir())))


def slope(looks: tuple[Look, ...]) -> float:
    """Return by how many bytes a second the memory grows: the line of least squares."""
    middle = sum(each.at for each in looks) / len(looks)
    spread = sum((each.at - middle) ** 2 for each in looks)
    return sum((each.at - middle) * each.memory for each in looks) / spread
