"""Migrations give exactly the schema that the queries are written for."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import inspect

from storage.database import Database
from storage.migrations import is_current, upgrade
from storage.tables import TABLES, metadata


def test_migrations_end_at_the_schema_of_the_code(tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path / 'curbside.db'}")

    database.write(upgrade)

    found = database.write(lambda c: compare_metadata(MigrationContext.configure(c), metadata))
    assert found == []
    assert database.write(is_current)
    database.close_writer()


def test_running_them_twice_at_once_is_harmless(tmp_path: Path) -> None:
    databases = [Database(f"sqlite:///{tmp_path / 'curbside.db'}") for _ in range(2)]

    with ThreadPoolExecutor(2) as threads:
        list(threads.map(lambda database: database.write(upgrade), databases))

    names = databases[0].write(lambda c: inspect(c).get_table_names())
    assert set(names) == {table.name for table in TABLES} | {"alembic_version"}
    for database in databases:
        database.close_writer()


def test_an_empty_database_is_not_current(tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path / 'curbside.db'}")

    assert not database.write(is_current)
    database.close_writer()
