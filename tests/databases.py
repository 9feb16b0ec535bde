"""Databases: a fresh one for each test, on the engine that it asks for.

Tests of ``storage`` and ``rooms`` run on every engine, and so do those modules elsewhere that say so by
``ENGINES = EVERY_ENGINE``; all others run on SQLite.
"""

import asyncio
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import asyncpg
import pytest
from sqlalchemy import Table

from storage.engines import POSTGRESQL, SQLITE, open_database
from storage.tables import metadata
from tests import engines

EVERYWHERE = ("storage", "rooms")  # the folders of tests that run on every engine
ON_POSTGRESQL = pytest.param(POSTGRESQL, marks=pytest.mark.postgresql)
EVERY_ENGINE = [SQLITE, ON_POSTGRESQL]


async def create_database(server: str, template: str = "template1") -> str:
    """Return the URL of a new database that is as its template is, on the server of a URL."""
    name = f"curbside_{uuid.uuid4().hex}"
    connection = await asyncpg.connect(f"{server}/postgres")
    await connection.execute(f"CREATE DATABASE {name} TEMPLATE {template}")
    await connection.close()
    return f"{server}/{name}"


async def furnish_database(server: str) -> str:
    """Return the URL of a new database with every table, and nothing in them."""
    url = await create_database(server)
    made = open_database(url, is_patient=True)
    await made.transaction(metadata.create_all)
    await made.close()
    return url


def furnish_file(file: Path) -> str:
    """Return the URL of a new SQLite database there with every table, and nothing in them."""
    file.write_bytes(_furnished())
    return f"sqlite:///{file}"


@cache
def _furnished() -> bytes:
    """Return what such a file holds, which takes 20 times as long to make as to write."""
    with TemporaryDirectory() as folder:
        file = Path(folder, "curbside.db")
        made = open_database(f"sqlite:///{file}")
        made.write(metadata.create_all)
        made.close_writer()
        return file.read_bytes()


async def _drop(server: str, urls: list[str]) -> None:
    connection = await asyncpg.connect(f"{server}/postgres")
    for url in urls:
        await connection.execute(f"DROP DATABASE {url.rpartition('/')[2]} WITH (FORCE)")
    await connection.close()


class Cluster:
    """A PostgreSQL server with a database that is emptied for each test: faster than a new one."""

    def __init__(self, server: str) -> None:
        self._server = server
        self._runner = asyncio.Runner()
        self._urls: list[str] = []
        self.url = self.new()
        made = open_database(self.url, is_patient=True)
        made.write(metadata.create_all)
        made.close_writer()
        self._connection: Any = self._runner.run(asyncpg.connect(self.url))
        # As a replica's, its changes call no triggers: the audit could not be emptied else.
        self._runner.run(self._connection.execute("SET session_replication_role = replica"))

    def empty(self) -> None:
        """Leave of every table only what it began with."""
        self._runner.run(self._connection.execute(";".join(map(_emptied, metadata.sorted_tables))))

    def new(self) -> str:
        """Return the URL of a new database without any table."""
        return self._create()

    def copy(self, url: str) -> str:
        """Return the URL of a copy of a database to which nobody is connected."""
        return self._create(url.rpartition("/")[2])

    def _create(self, *template: str) -> str:
        self._urls.append(self._runner.run(create_database(self._server, *template)))
        return self._urls[-1]

    def close(self) -> None:
        """Leave nothing on a server that others may use as well."""
        self._runner.run(self._connection.close())
        self._runner.run(_drop(self._server, self._urls))
        self._runner.close()


def _emptied(table: Table) -> str:
    first = {"authority": "'', 0", "audit_head": "0, 0, ''"}.get(table.name)
    insert = f"; INSERT INTO {table.name} VALUES ({first})" if first else ""
    return f"DELETE FROM {table.name}{insert}"


@contextmanager
def cluster() -> Iterator[Cluster]:
    """Yield a cluster. Each worker of the tests has one of its own, unless one was named."""
    with engines.postgresql_url() as server:
        made = Cluster(server)
        try:
            yield made
        finally:
            made.close()
