"""What SQLite alone can do to its writer: a full file, and another process's lock."""

import pytest
from sqlalchemy import text

from storage.answers import Answers
from storage.database import Connection, Database, DatabaseAway
from storage.engines import SQLITE, open_database
from tests.storage.test_database import count, insert

ENGINES = [SQLITE]


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
    database.write(insert)
    assert database.write(count) == 1


def test_a_full_disk_is_away_for_prepared_statements_too(database: Database) -> None:
    def fill(connection: Connection) -> None:
        pages = connection.execute(text("pragma page_count")).scalar_one()
        connection.execute(text(f"pragma max_page_count = {pages}"))
        answer = {"room": "cardiology", "by": "ana", "cid": "cid-00000001", "digest": b""}
        Answers(connection).keep([{**answer, "answer": bytes(1_000_000)}])

    with pytest.raises(DatabaseAway):
        database.write(fill)


def test_a_database_that_another_holds_is_away_until_it_is_let_go(
    database: Database, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("storage.sqlite.BUSY_LIMIT", 0.05)
    other = open_database(database_url)

    def hold(connection: Connection) -> None:
        with pytest.raises(DatabaseAway):
            other.write(insert)

    database.write(hold)

    other.write(insert)
    assert database.write(count) == 1
    other.close_writer()
