"""Chores: done at their times, by a server or by ``curbside work``, and harmless when both do them."""

import asyncio
import json
import signal
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from storage.credentials import CODE_SECONDS, Credentials
from storage.database import Connection, Database, DatabaseAway
from storage.engines import open_database
from tests.builders import Ward
from tests.nursery import Order
from tests.processes import PATIENCE, Process, curbside, environment, served
from tests.waiting import until
from web import chores
from web.chores import Chore, Chores, empty_journal, forget_expired

NOW = 1_000_000.0  # seconds since 1970
WORDS = b"Mrs Halloran of bed 9"


def fill(connection: Connection) -> None:
    """Keep sessions, tokens and a code, some of which have expired by NOW."""
    credentials = Credentials(connection)
    for number in range(10):
        expires = NOW - number if number % 2 else NOW + 1 + number
        credentials.open_session(b"%d" % number, f"person-{number}", at=0.0, expires=expires)
    for name, end in (("for-ever", None), ("past", NOW), ("to-come", NOW + 1)):
        credentials.add_token(
            name.encode(), name, "ana", frozenset({"read"}), at=0.0, expires=end
        )  # fmt: skip
    credentials.set_code(b"code", NOW - CODE_SECONDS)


def left(connection: Connection) -> dict[str, list[Any]]:
    return {
        table: list(
            connection.exec_driver_sql(f"SELECT {column} FROM {table} ORDER BY 1").scalars()
        )
        for table, column in (("sessions", "hash"), ("tokens", "id"), ("codes", "hash"))
    }


LEFT = {
    "sessions": [b"0", b"2", b"4", b"6", b"8"], "tokens": ["for-ever", "to-come"], "codes": []
}  # fmt: skip


async def test_what_has_expired_is_forgotten_and_nothing_else(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(chores, "ROWS_A_COMMIT", 2)
    await database.transaction(fill)

    done = await forget_expired(database, NOW)
    again = await forget_expired(database, NOW)

    assert done == {"forgotten": 7}
    assert again == {}
    assert await database.transaction(left) == LEFT
    await database.close()


async def test_a_code_is_good_for_a_day(database: Database) -> None:
    def use(now: float) -> bool:
        return database.write(lambda connection: Credentials(connection).use_code(b"code", now))

    database.write(lambda connection: Credentials(connection).set_code(b"code", NOW))

    assert not use(NOW + CODE_SECONDS)
    assert use(NOW + CODE_SECONDS - 1)
    assert not use(NOW)


async def test_two_processes_may_do_the_same_chores_at_once(
    database: Database, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(chores, "ROWS_A_COMMIT", 1)
    await database.transaction(fill)
    other = open_database(database_url)

    done = await asyncio.gather(
        *(forget_expired(each, NOW) for each in (database, other)),
        *(empty_journal(each, NOW) for each in (database, other)),
    )

    assert sum(int(str(each.get("forgotten", 0))) for each in done) == 7
    assert await database.transaction(left) == LEFT
    for each in (database, other):
        await each.close()


def noting(done: list[str], name: str, every: float) -> Chore:
    async def do(_database: Database, _now: float) -> dict[str, object]:
        done.append(name)
        return {}

    return Chore(name, every, do)


async def test_each_chore_is_done_at_once_and_then_at_its_times(database: Database) -> None:
    done: list[str] = []
    some = Chores(database, (noting(done, "often", 10.0), noting(done, "seldom", 25.0)))

    waits = [await some.do_due(now) for now in (100.0, 104.0, 110.0, 126.0, 135.9)]

    assert done == ["often", "seldom", "often", "often", "seldom"]
    assert waits == [10.0, 6.0, 10.0, 10.0, pytest.approx(0.1)]


@pytest.mark.parametrize("error", [DatabaseAway("for now"), ValueError("a bug of ours")])
async def test_a_chore_that_fails_ends_no_other_and_is_done_again(
    database: Database, error: Exception
) -> None:
    done: list[str] = []

    async def fail(_database: Database, _now: float) -> dict[str, object]:
        done.append("failed")
        raise error

    some = Chores(database, (Chore("fails", 10.0, fail), noting(done, "other", 10.0)))

    for now in (100.0, 110.0):
        await some.do_due(now)

    assert done == ["failed", "other"] * 2


async def test_the_end_lets_what_is_being_done_be_done_and_nothing_after_it(
    database: Database,
) -> None:
    done: list[str] = []
    begun, may_go_on = asyncio.Event(), asyncio.Event()

    async def take_long(_database: Database, _now: float) -> dict[str, object]:
        begun.set()
        await may_go_on.wait()
        done.append("long")
        return {}

    some = Chores(database, (Chore("long", 10.0, take_long), noting(done, "other", 10.0)))
    running = asyncio.create_task(some.run())
    await begun.wait()

    some.end()
    may_go_on.set()
    await running

    assert done == ["long"]


# The journal.


def holding(words: bytes, folder: Path) -> list[str]:
    """Return which files of the database hold some words."""
    files = sorted(folder.glob("curbside.db*"))
    assert len(files) == 3, "the journal is there while the database is open"
    return [file.name for file in files if words in file.read_bytes()]


async def say_and_remove(ward: Ward) -> None:
    """Remove a text that was edited, and one that has been in the database for long."""
    old = await ward.post("cardiology", f"{WORDS.decode()} sleeps.", "ana")
    assert await ward.curbside.database.empty_journal()
    await ward.post("cardiology", "Bed 10: potassium rechecked.", "ben")
    said = await ward.post("cardiology", f"{WORDS.decode()} is worse.", "ana")
    edit = {"id": said["id"], "text": f"{WORDS.decode()} is better."}
    await ward.run("message.edit", {"room": "cardiology", "cid": ward.cid(), **edit}, "ana")
    for message in (said, old):
        await remove(ward, message["id"])


async def remove(ward: Ward, message: str) -> None:
    removal = {"room": "cardiology", "id": message, "cid": ward.cid()}
    await ward.run("message.remove", removal, "ana")


async def test_a_text_that_was_removed_is_in_no_file_once_the_journal_is_emptied(
    ward: Ward, tmp_path: Path
) -> None:
    await say_and_remove(ward)
    before = holding(WORDS, tmp_path)

    done = await empty_journal(ward.curbside.database, NOW)

    assert "curbside.db-wal" in before, "else there is nothing to take out"
    assert done == {}
    assert holding(WORDS, tmp_path) == []
    assert holding(b"potassium", tmp_path) == ["curbside.db"]


async def test_a_reader_in_the_way_puts_it_off_and_stops_nobody(ward: Ward, tmp_path: Path) -> None:
    said = await ward.post("cardiology", f"{WORDS.decode()} is better.", "ana")
    with closing(sqlite3.connect(tmp_path / "curbside.db", isolation_level=None)) as reader:
        reader.execute("BEGIN")
        reader.execute("SELECT count(*) FROM messages").fetchone()
        await remove(ward, said["id"])

        await empty_journal(ward.curbside.database, NOW)
        posted = await ward.post("cardiology", "Bed 10: potassium rechecked.", "ben")
        meanwhile = holding(WORDS, tmp_path)
    await empty_journal(ward.curbside.database, NOW)

    assert posted["seq"] > said["seq"]
    assert "curbside.db-wal" in meanwhile
    assert holding(WORDS, tmp_path) == []


# The processes.


def expire(data: Path) -> None:
    """Keep a session that has expired, as one of long ago is."""
    with closing(sqlite3.connect(data / "curbside.db")) as connection, connection:
        connection.execute("INSERT INTO sessions VALUES (x'00', 'ana', 0.0, 1.0)")


def sessions(data: Path) -> int:
    with closing(sqlite3.connect(data / "curbside.db")) as connection:
        return int(connection.execute("SELECT count(*) FROM sessions").fetchone()[0])


async def test_a_worker_does_them_beside_a_server_and_ends_well(tmp_path: Path) -> None:
    data = tmp_path / "var"
    await curbside(data, "migrate")
    expire(data)
    log = tmp_path / "worker.log"
    order = Order(["work"], environment(data, CURBSIDE_LOG="json"))
    worker = Process(order, tmp_path / "worker.out", log)
    try:
        await until(lambda: worker.err.count("\n") == 2, PATIENCE)
        async with served(data) as server:
            worker.send_signal(signal.SIGTERM)
            await worker.wait()
            assert server.is_up
    finally:
        worker.kill()

    lines = [json.loads(line) for line in worker.err.splitlines()]
    assert worker.returncode == 0
    assert [line["event"] for line in lines] == ["working", "chore done", "stopped"]
    assert (lines[1]["chore"], lines[1]["forgotten"]) == ("forget_expired", 1)
    assert sessions(data) == 0


async def test_a_server_that_is_alone_does_them_itself(tmp_path: Path) -> None:
    data = tmp_path / "var"
    await curbside(data, "migrate")
    expire(data)

    async with served(data):
        await until(lambda: not sessions(data), PATIENCE)
