"""Sites: a database with people and rooms in it, the nodes that serve it, and clients at work there."""

import logging
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.faults.clusters import PROGRAM, Node, prepare, serving
from tests.faults.habits import Habits
from tests.faults.histories import read_log
from tests.faults.workload import Findings, Workload, working
from tests.web.command_lines import Headers

ROOMS = ("cardiology", "emergency")
PEOPLE = 6
LISTENERS = slice(1, None, 2)  # the clients of the second of two nodes
SEED = 20_261_125
WARM = 30  # answers before a fault

IN_HEALTH = 2.0  # seconds until all is shown; one is promised, on a machine of one's own
BUS_AWAY = 4.0  # seconds, while Redis is; three are promised
HEALED = 6.0  # seconds, after it is back; five are promised

log = logging.getLogger(__name__)


class Site(NamedTuple):
    """Where nodes keep their data, and who may sign in there."""

    data: Path
    database: str
    people: list[Headers]

    def settings(self, redis_url: str, database: str = "") -> dict[str, str]:
        """Return the settings of a node that Redis joins to others."""
        return {"DATABASE_URL": database or self.database, "REDIS_URL": redis_url}

    def workload(self, urls: Sequence[str], habits: Habits = Habits()) -> Workload:  # noqa: B008  # frozen
        """Return clients of nodes, one for each of the people."""
        return Workload(urls, self.people, ROOMS, habits, SEED)

    @asynccontextmanager
    async def busy(
        self, *settings: Mapping[str, str], habits: Habits = Habits(),  # noqa: B008  # frozen
        program: Sequence[str] = PROGRAM,
    ) -> AsyncIterator[tuple[Workload, list[Node]]]:  # fmt: skip
        """Yield clients at work, and the nodes that they work on; all is settled in the end."""
        async with serving(self.data, *settings, program=program) as nodes:
            workload = self.workload([node.url for node in nodes], habits)
            async with working(workload):
                await workload.more(WARM)
                yield workload, nodes
                await workload.settle()

    async def find(self, workload: Workload, bound: float) -> Findings:
        """Check what the clients noted down against what is stored."""
        found = workload.find(await read_log(self.database), bound=bound)
        log.info(
            "slowest %.2f s; %d answers, %d said again, %d resumed, %d holes; %s; closed %s",
            found.slowest, workload.answers, workload.said_again, workload.resumed, workload.holes,
            dict(workload.refusals()), dict(workload.codes()),
        )  # fmt: skip
        return found


def site_on(url: str, data: Path, monkeypatch: pytest.MonkeyPatch) -> Site:
    """Prepare a database, and the folder of the nodes on it."""
    monkeypatch.setenv("DATABASE_URL", url)
    return Site(data, url, prepare(data, ROOMS, PEOPLE))
