"""The writer's connection survives what goes wrong on it, on every engine."""

import secrets

import pytest
from sqlalchemy import text

from storage.database import Connection, Database, FateUnknown

DEFERRED = "create table child (id integer references parent(id) deferrable initially deferred)"


def count(connection: Connection) -> int:
    return int(connection.execute(text("select count(*) from codes")).scalar_one())


def insert(connection: Connection) -> None:
    statement = text("insert into codes (hash, at) values (:hash, 0)")
    connection.execute(statement, {"hash": secrets.token_bytes(8)})


def test_after_a_commit_that_failed_the_next_one_is_stored(database: Database) -> None:
    def break_the_commit(connection: Connection) -> None:
        connection.execute(text("create table parent (id integer primary key)"))
        connection.execute(text(DEFERRED))
        insert(connection)
        connection.execute(text("insert into child values (1)"))

    with pytest.raises(FateUnknown):
        database.write(break_the_commit)

    database.write(insert)
    assert database.write(count) == 1


def test_what_raises_leaves_nothing(database: Database) -> None:
    def fail(connection: Connection) -> None:
        insert(connection)
        raise LookupError

    with pytest.raises(LookupError):
        database.write(fail)

    assert database.write(count) == 0


async def test_a_reading_sees_one_moment_of_the_database(database: Database) -> None:
    await database.transaction(insert)

    assert await database.reading(count) == 1
    await database.close()
