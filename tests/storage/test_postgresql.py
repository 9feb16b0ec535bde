"""What PostgreSQL alone can do: undo a transaction for a clash, be killed, be held, come back."""

import asyncio
import time

import pytest
from sqlalchemy import text

from storage.breaker import PROBE_EVERY
from storage.database import Connection, Database, DatabaseAway, FateUnknown
from storage.engines import POSTGRESQL, open_database
from storage.pools import CONNECT_LIMIT, DEADLINE
from storage.postgresql import READERS, TRIES, WRITERS
from tests import engines
from tests.databases import furnish_database
from tests.storage.test_database import count, insert
from tests.waiting import EVERY, until

pytestmark = pytest.mark.postgresql
ENGINES = [POSTGRESQL]

CLASH = "DO $$ BEGIN RAISE EXCEPTION 'clash' USING ERRCODE = '{}'; END $$"
HEALED_WITHIN = 5.0  # seconds
SLACK = 1.0  # seconds; a machine that is shared by many


@pytest.fixture
async def its_database(server: engines.PostgreSQL) -> Database:
    """Return a database of its, with every table and nothing in them."""
    return open_database(await furnish_database(server.url))


class Clashing:
    """Work that the server undoes for a clash, the first few times."""

    def __init__(self, times: int, state: str) -> None:
        self.calls = 0
        self._times = times
        self._state = state

    def __call__(self, connection: Connection) -> None:
        self.calls += 1
        insert(connection)
        if self.calls <= self._times:
            connection.execute(text(CLASH.format(self._state)))


@pytest.mark.parametrize("state", ["40001", "40P01"])
async def test_what_clashed_is_done_again_and_stored_once(database: Database, state: str) -> None:
    work = Clashing(TRIES - 1, state)

    await database.transaction(work)

    assert work.calls == TRIES
    assert await database.reading(count) == 1
    await database.close()


async def test_what_clashes_for_ever_is_given_up(database: Database) -> None:
    work = Clashing(TRIES, "40001")

    with pytest.raises(DatabaseAway):
        await database.transaction(work)

    assert work.calls == TRIES
    assert await database.reading(count) == 0
    await database.close()


async def test_other_faults_of_the_server_are_not_tried_again(database: Database) -> None:
    work = Clashing(1, "53100")  # disk full

    with pytest.raises(DatabaseAway):
        await database.transaction(work)

    assert work.calls == 1
    await database.close()


async def test_a_reader_cannot_write(database: Database) -> None:
    with pytest.raises(Exception, match="read-only"):
        await database.reading(insert)
    await database.close()


async def test_a_statement_that_takes_too_long_is_ended(database: Database) -> None:
    start = time.monotonic()

    with pytest.raises(DatabaseAway):
        await database.reading(lambda sql: sql.execute(text("select pg_sleep(30)")).all())

    assert time.monotonic() - start < DEADLINE + SLACK
    assert await database.reading(count) == 0
    await database.close()


async def test_a_server_that_was_killed_is_away_and_then_back(
    server: engines.PostgreSQL, its_database: Database
) -> None:
    await its_database.transaction(insert)

    server.kill()
    for _ in range(3):
        with pytest.raises(DatabaseAway):
            await its_database.transaction(insert)
        with pytest.raises(DatabaseAway):
            await its_database.reading(count)

    await asyncio.to_thread(server.start)
    await healed(its_database)
    await its_database.close()


async def healed(database: Database) -> None:
    """Insert once more, as soon as the database has been found to be back."""
    async with asyncio.timeout(HEALED_WITHIN):
        while True:
            try:
                await database.transaction(insert)
                assert await database.reading(count) in (1, 2)
            except DatabaseAway:
                await asyncio.sleep(EVERY)
            else:
                return


async def test_links_that_broke_unused_hold_nobody_up_when_it_is_back(
    server: engines.PostgreSQL, its_database: Database
) -> None:
    await asyncio.gather(*(its_database.reading(count) for _ in range(READERS)))
    await asyncio.gather(*(its_database.transaction(insert) for _ in range(WRITERS)))

    server.kill()
    with pytest.raises(DatabaseAway):
        await its_database.reading(count)
    await asyncio.to_thread(server.start)

    async with asyncio.timeout(PROBE_EVERY + SLACK):
        while True:
            try:
                assert await its_database.reading(count) == WRITERS
                break
            except DatabaseAway:
                await asyncio.sleep(EVERY)
    found = await asyncio.gather(*(its_database.reading(count) for _ in range(READERS)))
    assert found == [WRITERS] * READERS
    await its_database.close()


async def test_a_server_that_is_silent_is_away_within_the_deadline(
    server: engines.PostgreSQL, its_database: Database
) -> None:
    await its_database.transaction(insert)
    assert await its_database.reading(count) == 1

    server.hold()
    for work in (its_database.transaction(insert), its_database.reading(count)):
        start = time.monotonic()
        with pytest.raises(DatabaseAway):
            await work
        assert time.monotonic() - start < max(DEADLINE, CONNECT_LIMIT) + SLACK

    server.let_go()
    await healed(its_database)
    await its_database.close()


async def test_of_a_commit_that_is_not_answered_nobody_knows_the_fate(
    server: engines.PostgreSQL, its_database: Database
) -> None:
    def insert_and_hold(connection: Connection) -> None:
        insert(connection)
        server.hold()

    with pytest.raises(FateUnknown):
        await its_database.transaction(insert_and_hold)

    server.let_go()
    await healed(its_database)
    await its_database.close()


async def test_while_it_is_silent_one_caller_a_second_finds_out_for_all(
    server: engines.PostgreSQL, its_database: Database
) -> None:
    await its_database.transaction(insert)
    server.hold()

    start = time.monotonic()
    waiting = [its_database.reading(count) for _ in range(200)]
    outcomes = await asyncio.gather(*waiting, return_exceptions=True)
    assert time.monotonic() - start < DEADLINE + CONNECT_LIMIT + SLACK
    assert {type(outcome) for outcome in outcomes} == {DatabaseAway}

    start = time.monotonic()
    with pytest.raises(DatabaseAway):
        await its_database.transaction(insert)
    assert time.monotonic() - start < DEADLINE / 2

    server.let_go()
    await healed(its_database)
    await its_database.close()


async def test_a_server_that_may_only_be_read_is_away_for_writes(database_url: str) -> None:
    made = open_database(f"{database_url}?default_transaction_read_only=on")

    with pytest.raises(DatabaseAway):
        await made.transaction(insert)

    assert await made.reading(count) == 0
    await made.close()


async def test_the_url_says_how_to_connect_as_others_read_it(database_url: str) -> None:
    made = open_database(f"{database_url}?sslmode=prefer&application_name=ward")

    name = await made.reading(lambda sql: sql.execute(text("show application_name")).scalar_one())

    assert name == "curbside"
    await made.close()


async def test_a_batch_waits_for_no_other_transaction(database: Database) -> None:
    async def sleep() -> None:
        with pytest.raises(DatabaseAway):  # at its deadline
            await database.transaction(lambda sql: sql.execute(text("select pg_sleep(30)")).all())

    others = [asyncio.ensure_future(sleep()) for _ in range(2 * WRITERS)]
    await until(lambda: database._writers._turns.locked())  # type: ignore[attr-defined]  # of a Protocol

    start = time.monotonic()
    await database.transaction(insert, is_batch=True)

    assert time.monotonic() - start < DEADLINE / 2
    await asyncio.gather(*others)
    await database.close()
