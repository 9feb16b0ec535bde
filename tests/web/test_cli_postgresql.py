"""The command line on PostgreSQL: a server, the commands beside it, and what is refused."""

import asyncio
import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from storage.engines import open_database
from tests import engines
from tests.databases import Cluster
from tests.processes import Ended, curbside, served
from tests.web.command_lines import is_one_line, ok, things
from tests.web.talkers import talking

pytestmark = pytest.mark.postgresql

ANA = json.dumps({"handle": "ana", "scopes": ["read", "post"]})
POST = {"room": "cardiology", "cid": "cid-000001", "text": "BP 140/90."}


@pytest.fixture
def url(postgresql: Cluster) -> str:
    """Return where a database is without any table."""
    return postgresql.new()


async def test_a_server_and_the_commands_beside_it(data: Path, url: str) -> None:
    async def run(*arguments: str) -> Ended:
        return await curbside(data, *arguments, DATABASE_URL=url)

    migrated = await asyncio.gather(run("migrate"), run("migrate"))
    assert [ok(each) for each in migrated] == ["The schema is current."] * 2
    async with served(data, DATABASE_URL=url) as server:
        added = await curbside(data, "person", "add", "-", stdin=ANA, DATABASE_URL=url)
        ana = {"Authorization": f"Bearer {json.loads(ok(added))['token']}"}
        ok(await run("room", "add", "cardiology", "--title", "Cardiology", "--member", "ana"))
        async with talking(server.socket_url, ana) as talker:
            told = (await talker.ask("message.post", POST))["ok"]
        await server.kill()

    async with served(data, DATABASE_URL=url) as server:
        async with talking(server.socket_url, ana) as talker:
            again = (await talker.ask("message.post", POST))["ok"]
        well, audit = await asyncio.gather(run("doctor"), run("audit", "verify"))
        assert await server.stop() == ""

    assert again == {**told, "duplicate": True}
    assert "NO" not in ok(well)
    assert {"postgresql", "clock", "schema", "fsync", "integrity", "heads"} <= things(ok(well))
    assert "whole" in ok(audit)
    assert not (data / "curbside.db").exists()


async def test_a_second_server_without_redis_is_refused_and_so_is_restoring(
    data: Path, tmp_path: Path, url: str
) -> None:
    async with served(data, DATABASE_URL=url) as server:
        second, restored = [
            await curbside(tmp_path / "other", *command, DATABASE_URL=url)
            for command in (("serve", "--port", "0"), ("restore", __file__, "--force"))
        ]
        await server.kill()

    for refused, advice in ((second, "REDIS_URL"), (restored, "stop all of them")):
        assert (refused.code, refused.out) == (1, "")
        assert is_one_line(refused.err), refused.err
        assert advice in refused.err
    async with served(tmp_path / "other", DATABASE_URL=url) as server:
        assert "Curbside is at" in server.line


async def test_a_server_alone_is_refused_where_joined_ones_serve(url: str) -> None:
    joined = [open_database(url, is_patient=True) for _ in range(2)]
    alone = open_database(url, is_patient=True)

    def claims() -> list[bool]:
        made = [database.claim(is_shared=True) for database in joined]
        made.append(alone.claim(is_shared=False))
        for database in (*joined, alone):
            database.close_writer()
        return [*made, alone.claim(is_shared=False)]

    assert await asyncio.to_thread(claims) == [True, True, False, True]
    await asyncio.to_thread(alone.close_writer)


@pytest.fixture
def forgetful() -> Iterator[str]:
    """Return where a server is that answers for commits before they are on its disk."""
    with engines.postgresql(fsync="off") as engine:
        yield f"{engine.url}/postgres"


async def test_a_database_that_would_lose_commits_is_refused(data: Path, forgetful: str) -> None:
    refused = await curbside(data, "serve", "--port", "0", DATABASE_URL=forgetful)
    assert refused.code == 1
    assert is_one_line(refused.err), refused.err
    assert "fsync is off" in refused.err

    unwell = await curbside(data, "doctor", DATABASE_URL=forgetful)
    assert unwell.code == 1
    assert "NO  fsync: off" in unwell.out

    async with served(data, "--allow-unsafe", DATABASE_URL=forgetful) as server:
        assert "Curbside is at" in server.line


async def test_a_server_that_is_not_there_is_told_of_in_one_line(data: Path) -> None:
    ended = await curbside(data, "serve", DATABASE_URL="postgresql://ana:hunter2@127.0.0.1:1/db")

    assert ended.code == 1
    assert is_one_line(ended.err), ended.err
    assert "hunter2" not in ended.err
