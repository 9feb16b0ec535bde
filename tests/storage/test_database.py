"""The writer's connection survives whatever the database does to it."""

import pytest
from sqlalchemy import text

from storage.answers import Answers
from storage.database import Connection, Database, DatabaseAway, FateUnknown

DEFERRED = "create table child (id integer references parent(id) deferrable initially deferred)"


def _count(connection: Connection) -> int:
    return int(connection.execute(text("select count(*) from codes")).scalar_one())


def _insert(connection: Connection) -> None:
    connection.execute(text("insert into codes (hash, at) values (randomblob(8), 0)"))


def test_after_a_commit_that_failed_the_next_one_is_stored(database: Database) -> None:
    def break_the_commit(connection: Connection) -> None:
        connection.execute(text("create table parent (id integer primary key)"))
        connection.execute(text(DEFERRED))
        _insert(connection)
        connection.execute(text("insert into child values (1)"))

    with pytest.raises(FateUnknown):
        database.write(break_the_commit)

    database.write(_insert)
    assert database.write(_count) == 1


def test_a_full_disk_is_away_and_then_back(database: Database) -> None:
    def fill(connection: Connection) -> None:
        pages = connection.execute(text("pragma page_count")).scalar_one()
        connection.execute(text(f"pragma max_page_count = {pages}"))
        connection.execute(text("create table large (data blob)"))
        connection.execute(text("insert into large values (zeroblob(1000000))"))

    def free(connection: Connection) -> None:
        connection.execute(text("pragma max_page_count = 1000000"))

    with pytest.raises(DatabaseAway):
        database.write(fill)

    database.write(free)
    database.write(_insert)
    assert database.write(_count) == 1


def test_a_full_disk_is_away_for_prepared_statements_too(database: Database) -> None:
    def fill(connection: Connection) -> None:
        pages = connection.execute(text("pragma page_count")).scalar_one()
        connection.execute(text(f"pragma max_page_count = {pages}"))
        answer = {"room": "cardiology", "by": "ana", "cid": "cid-00000001", "digest": b""}
        Answers(connection).keep([{**answer, "answer": bytes(1_000_000)}])

    with pytest.raises(DatabaseAway):
        database.write(fill)


def test_a_database_that_another_holds_is_away_until_it_is_let_go(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("storage.database.BUSY_LIMIT", 0.05)
    other = Database(str(database._url))

    def hold(connection: Connection) -> None:
        with pytest.raises(DatabaseAway):
            other.write(_insert)

    database.write(hold)

    other.write(_insert)
    assert database.write(_count) == 1
    other.close_writer()


def test_what_raises_leaves_nothing(database: Database) -> None:
    def fail(connection: Connection) -> None:
        _insert(connection)
        raise LookupError

    with pytest.raises(LookupError):
        database.write(fail)

    assert database.write(_count) == 0
