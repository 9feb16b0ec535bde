"""Dumps: a whole database written into an archive, and made anew from one, on either engine.

What is dumped is one moment of the database, while others write. What is loaded is there whole, or not
at all: the schema, the rows and what follows from them are one transaction's.
"""

import secrets
import time
from collections.abc import Iterable
from typing import IO, Any

from sqlalchemy import (
    MetaData,
    Table,
    delete,
    exists,
    func,
    insert,
    inspect,
    select,
    text,
)  # fmt: skip

from storage.archives import FORMAT, ArchiveReader, Manifest, Row, newer, reading, writing
from storage.audit import Act, Audit
from storage.database import Connection
from storage.migrations import is_known, revision_of, upgrade, upgrade_to
from storage.people import people
from storage.rooms import rooms
from storage.seals import Unreadable
from storage.tables import metadata

FETCH = 1_000  # rows that a cursor brings at a time; guessed: a megabyte
VERSIONS = "alembic_version"


def is_inhabited(connection: Connection) -> bool:
    """Return whether there is anybody in a database, which may have no tables."""
    if not inspect(connection).has_table(people.name):
        return False
    return bool(connection.scalar(select(exists(select(people.c.id)))))


def dump(connection: Connection, file: IO[bytes], version: str) -> dict[str, int]:
    """Write every row into an archive, and return how many there are of each table.

    Raises Unreadable where a newer Curbside may have tables of which this one knows nothing.
    """
    revision = revision_of(connection)
    if revision is None or not is_known(revision):
        raise Unreadable("the database is of a newer Curbside: back it up by that")
    tables = metadata.sorted_tables
    manifest = Manifest(
        format=FORMAT, version=version, revision=revision,
        engine=connection.dialect.name, at=time.time(),
        tables={str(table.name): [str(column.name) for column in table.c] for table in tables},
    )  # fmt: skip
    with writing(file, manifest) as archive:
        for table in tables:
            found = connection.execute(select(table), execution_options={"yield_per": FETCH})
            archive.add(table.name, found)
    return archive.counts


def load(connection: Connection, file: IO[bytes]) -> dict[str, int]:
    """Put an archive in place of all that is there, and return how many rows there are of each table.

    Every room gets a new epoch: positions of before must never resume into it. Raises Unreadable.
    """
    with reading(file) as archive:  # it is read to its end, and proved, before anybody commits
        if not is_known(archive.manifest.revision):
            raise newer(archive.manifest.version)
        _clear(connection)
        upgrade_to(connection, archive.manifest.revision)
        _fill(connection, archive)
    upgrade(connection)
    Audit(connection).add([Act(time.time(), "", "database.restore")._asdict()])
    return archive.counts


def _fill(connection: Connection, archive: ArchiveReader) -> None:
    """Insert the rows, into tables that hold nothing else."""
    tables = _tables(connection, archive.manifest)
    for table in tables.values():
        _empty(connection, table)
    for name, rows in archive.pieces():
        _insert(connection, tables[name], archive.manifest.tables[name], rows)
    _require_all(connection, tables.values(), archive.counts)
    move_sequences(connection, tables.values())


def move_sequences(connection: Connection, tables: Iterable[Table]) -> None:
    """Have what numbers new rows go on after those that were inserted with their numbers."""
    if connection.dialect.name != "postgresql":
        return  # SQLite sees to it by itself
    for table in tables:
        for column in table.columns:
            if column.identity is not None or column.server_default is not None:
                _move_sequence(connection, table, column.name)


def _move_sequence(connection: Connection, table: Table, column: str) -> None:
    of = {"table": f'"{table.name}"', "column": column}
    sequence = connection.scalar(text("SELECT pg_get_serial_sequence(:table, :column)"), of)
    highest = connection.scalar(select(func.max(table.c[column])))
    if sequence is not None and highest is not None:
        connection.execute(select(func.setval(sequence, highest)))


def _clear(connection: Connection) -> None:
    """Drop what is there of ours."""
    revision = revision_of(connection)
    if revision is not None and not is_known(revision):
        raise Unreadable("the database is of a newer Curbside, and it is not this one's to replace")
    metadata.drop_all(connection)
    connection.execute(text(f"DROP TABLE IF EXISTS {VERSIONS}"))


def _tables(connection: Connection, manifest: Manifest) -> dict[str, Table]:
    """Return the archive's tables as they are at its revision, which may not be that of the code."""
    found = MetaData()
    found.reflect(connection)
    if not manifest.tables.keys() <= found.tables.keys():
        raise Unreadable("it has tables that nobody knows")
    return {name: found.tables[name] for name in manifest.tables}


def _empty(connection: Connection, table: Table) -> None:
    """Delete the rows that a table begins with. Some tables forbid it, even where there are none."""
    if connection.scalar(select(exists(select(table)))):
        connection.execute(delete(table))


def _insert(connection: Connection, table: Table, columns: list[str], rows: list[Row]) -> None:
    try:
        values: list[dict[str, Any]] = [dict(zip(columns, row, strict=True)) for row in rows]
    except ValueError:
        raise Unreadable(f"it has a row that does not fit into {table.name}") from None
    if table.name == rooms.name:
        for value in values:
            value["epoch"] = secrets.token_hex(8)
    connection.execute(insert(table), values)


def _require_all(connection: Connection, tables: Iterable[Table], counts: dict[str, int]) -> None:
    for table in tables:
        found = connection.scalar(select(func.count()).select_from(table))
        if found != counts[table.name]:
            raise Unreadable(f"{found} of {counts[table.name]} rows of {table.name} were loaded")
