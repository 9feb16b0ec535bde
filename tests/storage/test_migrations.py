"""Migrations give exactly the schema that the queries are written for, on every engine."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import inspect, text

from storage.audit import Audit
from storage.authority import Authority
from storage.database import Connection, Database
from storage.engines import POSTGRESQL, open_database
from storage.migrations import is_current, revision_of, upgrade
from storage.tables import TABLES, metadata
from tests.databases import Cluster

CATALOGUE = {
    "sqlite": "select name, sql from sqlite_master where type = 'trigger' order by name",
    "postgresql": "select tgname, pg_get_triggerdef(oid) from pg_trigger where not tgisinternal",
}


@pytest.fixture
def empty_url(engine: str, tmp_path: Path, request: pytest.FixtureRequest) -> str:
    """Return where a database is without any table."""
    if engine == POSTGRESQL:
        cluster: Cluster = request.getfixturevalue("postgresql")
        return cluster.new()
    return f"sqlite:///{tmp_path / 'empty.db'}"


def triggers(connection: Connection) -> list[tuple[str, str]]:
    rows = connection.execute(text(CATALOGUE[connection.dialect.name]))
    return [(name, definition) for name, definition in rows]


def test_migrations_end_at_the_schema_of_the_code(empty_url: str, database: Database) -> None:
    migrated = open_database(empty_url, is_patient=True)

    migrated.write(upgrade)

    found = migrated.write(lambda c: compare_metadata(MigrationContext.configure(c), metadata))
    assert found == []
    assert migrated.write(is_current)
    assert migrated.write(triggers) == database.write(triggers) != []
    assert migrated.write(lambda c: Authority(c).revision()) == 0
    assert migrated.write(lambda c: Audit(c).head()) == (0, b"")
    migrated.close_writer()


def test_running_them_twice_at_once_is_harmless(empty_url: str) -> None:
    databases = [open_database(empty_url, is_patient=True) for _ in range(2)]

    with ThreadPoolExecutor(2) as threads:
        list(threads.map(lambda database: database.write(upgrade), databases))

    names = databases[0].write(lambda c: inspect(c).get_table_names())
    assert set(names) == {table.name for table in TABLES} | {"alembic_version"}
    for database in databases:
        database.close_writer()


def test_an_empty_database_is_not_current(empty_url: str) -> None:
    database = open_database(empty_url)

    assert not database.write(is_current)
    database.close_writer()


def test_what_a_newer_version_added_is_nothing_to_an_older_one(empty_url: str) -> None:
    database = open_database(empty_url, is_patient=True)
    database.write(upgrade)
    database.write(lambda c: c.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'"))

    database.write(upgrade)

    assert database.write(is_current)
    assert database.write(revision_of) == "9999"
    database.close_writer()
