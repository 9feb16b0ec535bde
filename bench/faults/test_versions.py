"""Versions: nodes of an earlier one and of this one on one database, from the one to the other."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.databases import Cluster
from tests.engines import Valkey
from tests.faults.sites import HEALED, Site, site_on
from tests.nursery import ROOT
from tests.processes import Ended, curbside, environment
from tests.web.command_lines import ok

ANSWERS = 500  # by both versions at once
MIGRATIONS = "storage/migrations/versions"


@pytest.fixture
def elder(tmp_path: Path) -> Iterator[Path]:
    """Return a checkout of CURBSIDE_ELDER, or else of the commit before the schema last grew."""
    git = ["git", "-C", str(ROOT)]
    grew = [*git, "log", "-1", "--format=%H", "--diff-filter=A", "--", MIGRATIONS]
    commit = os.environ.get("CURBSIDE_ELDER") or _ran(grew).out.strip() + "~1"
    made = tmp_path / "elder"
    ok(_ran([*git, "worktree", "add", "--quiet", "--detach", str(made), commit]))
    yield made
    ok(_ran([*git, "worktree", "remove", "--force", str(made)]))


def _ran(command: list[str], **more: object) -> Ended:
    ended = subprocess.run(command, capture_output=True, text=True, **more)  # type: ignore[call-overload]  # passed on as they are
    return Ended(ended.returncode, ended.stdout, ended.stderr)


@pytest.fixture
def site(postgresql: Cluster, elder: Path, tmp_path: Path) -> Site:
    """Return a site that the earlier version has prepared."""

    def run_elder(data: Path, *arguments: str, stdin: str = "", **more: str) -> Ended:
        command = [sys.executable, "-c", "from web.cli import app; app()", *arguments]
        env = environment(data, PYTHONPATH=str(elder), **more)
        return _ran(command, input=stdin, env=env, cwd=elder)

    return site_on(postgresql.new(), tmp_path / "var", run_elder)


@pytest.mark.timeout(300)
async def test_older_nodes_serve_beside_newer_ones_and_are_replaced_by_them(
    site: Site, valkey: Valkey, elder: Path
) -> None:
    ours = site.settings(valkey.url)
    theirs = {**ours, "PYTHONPATH": str(elder)}
    async with site.serving(theirs, theirs) as old:
        ok(await curbside(site.data, "migrate", DATABASE_URL=site.database))
        async with site.serving(ours, ours) as new:
            urls = [node.socket_url for pair in zip(old, new, strict=True) for node in pair]
            workload = site.workload(urls)
            async with site.at_work(workload):
                await workload.more(ANSWERS)
                for node in old:
                    await node.stop()
                await workload.more(ANSWERS)
    found = await site.find(workload, HEALED)

    assert found.violations == []
    assert found.refused.keys() <= {"not_found"}
