"""Sites: a database with people and rooms in it, the nodes that serve it, and clients at work there."""

import json
import logging
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from shutil import copytree
from typing import NamedTuple

from tests.faults.habits import Habits
from tests.faults.histories import read_log
from tests.faults.workload import Findings, Workload, working
from tests.processes import Ended, Server, serving
from tests.web.command_lines import Headers, ok, run

ROOMS = ("cardiology", "emergency")
SCOPES = ["read", "post", "react"]
PEOPLE = 6
SPEAKERS = slice(0, None, 2)  # the clients of the first of two nodes
LISTENERS = slice(1, None, 2)  # those of the second
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

    def copy(self, data: Path, database: str) -> "Site":
        """Return another of the same people and rooms, whose ``database`` is a copy of this one's."""
        copytree(self.data, data)
        return self._replace(data=data, database=database)

    def settings(self, redis_url: str, database: str = "") -> dict[str, str]:
        """Return the settings of a node that Redis joins to others."""
        return {"DATABASE_URL": database or self.database, "REDIS_URL": redis_url}

    def workload(self, urls: Sequence[str], habits: Habits = Habits()) -> Workload:  # noqa: B008  # frozen
        """Return clients of nodes, one for each of the people."""
        return Workload(urls, self.people, ROOMS, habits, SEED)

    @asynccontextmanager
    async def serving(
        self, *settings: Mapping[str, str], fault: str = ""
    ) -> AsyncIterator[list[Server]]:
        """Yield nodes that serve, one for each of the settings, perhaps with a fault in them all."""
        off = {"CURBSIDE_LIMITS": "off"}
        nodes = [Server(self.data, {**off, **each}, fault=fault) for each in settings]
        async with serving(*nodes):
            yield nodes

    @asynccontextmanager
    async def busy(
        self, *settings: Mapping[str, str], habits: Habits = Habits(),  # noqa: B008  # frozen
        fault: str = "",
    ) -> AsyncIterator[tuple[Workload, list[Server]]]:  # fmt: skip
        """Yield clients at work, and the nodes that they work on; all is settled in the end."""
        async with self.serving(*settings, fault=fault) as nodes:
            workload = self.workload([node.socket_url for node in nodes], habits)
            async with self.at_work(workload):
                yield workload, nodes

    @asynccontextmanager
    async def at_work(self, workload: Workload) -> AsyncIterator[None]:
        """Have clients at work, and all settled in the end."""
        async with working(workload):
            await workload.more(WARM)
            yield
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


def site_on(url: str, data: Path, run: Callable[..., Ended] = run) -> Site:
    """Prepare a database, and the folder of the nodes on it, by commands that ``run`` runs."""
    names = [f"nurse-{number}" for number in range(PEOPLE)]
    lines = "\n".join(json.dumps({"handle": name, "scopes": SCOPES}) for name in names)
    added = ok(run(data, "person", "add", "-", stdin=lines, DATABASE_URL=url))
    members = [word for name in names for word in ("--member", name)]
    for room in ROOMS:
        add = ("room", "add", room, "--title", room.title(), "--private", *members)
        ok(run(data, *add, DATABASE_URL=url))
    tokens = [json.loads(line)["token"] for line in added.splitlines()]
    return Site(data, url, [{"Authorization": f"Bearer {token}"} for token in tokens])
