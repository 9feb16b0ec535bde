"""The first start: what a newcomer types serves, and says where."""

import asyncio
import re
from pathlib import Path

from tests.nursery import ROOT
from tests.processes import environment, free_port, http_client

SAYS = re.compile(
    r"Curbside is at (http://127\.0\.0\.1:\d+) · demo sign-ins are in (\S+/demo\.txt)\n"
)


async def test_one_command_serves_the_demo_and_says_where_its_sign_ins_are(tmp_path: Path) -> None:
    data = tmp_path / "var"
    started = await asyncio.create_subprocess_exec(
        ROOT / "bin" / "run", "--port", str(free_port()),
        env=environment(data), stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL,
    )  # fmt: skip
    try:
        assert started.stdout is not None
        said = SAYS.fullmatch((await started.stdout.readline()).decode())
        assert said
        async with http_client(said[1]) as client:
            page = await client.get("/")
    finally:
        started.terminate()
        ended = await started.wait()

    assert (page.status_code, ended) == (200, 0)
    assert _mode(said[2]) == 0o600


def _mode(file: str) -> int:
    return Path(file).stat().st_mode & 0o777
