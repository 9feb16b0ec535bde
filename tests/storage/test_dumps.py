"""Dumps: every row of every table goes into an archive, and comes out of it on any engine."""

import gzip
import io
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec
import pytest
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import (
    Column,
    Identity,
    Integer,
    MetaData,
    Table,
    Text,
    insert,
    inspect,
    select,
)  # fmt: skip

from storage import archives, migrations
from storage.archives import FORMAT, ArchiveWriter, Manifest, reading, writing
from storage.audit import Audit, audit
from storage.database import Connection, Database
from storage.dumps import dump, is_inhabited, load, move_sequences
from storage.migrations import is_current
from storage.people import People, Person
from storage.rooms import Room, Rooms
from storage.seals import Unreadable
from storage.tables import metadata

PEOPLE = ["ana", "ben", "linden"]
CARDIOLOGY = Room("cardiology", "Cardiology", "", False, "before", 7, 1, 0.5)
ROW = list(msgspec.structs.astuple(CARDIOLOGY))
FIRST = Manifest(
    format=FORMAT, version="1.2.3", revision="0001", engine="sqlite", at=0.0,
    tables={"rooms": ["id", "title", "topic", "private", "epoch", "head", "revision", "at"]},
)  # fmt: skip


@pytest.fixture
def database(database: Database) -> Iterator[Database]:
    """Return a fresh database of the newest revision, gone before others use it again."""
    scripts = ScriptDirectory(str(Path(migrations.__file__).parent))
    database.write(lambda sql: MigrationContext.configure(sql).stamp(scripts, "head"))
    yield database
    database.write(lambda sql: sql.exec_driver_sql("DROP TABLE IF EXISTS alembic_version"))


def add_person(connection: Connection, handle: str) -> None:
    who = Person(
        id=handle, handle=handle, name=handle, kind="person", role="member", verified=True
    )  # fmt: skip
    People(connection).add(who, at=0.5)


def furnish(connection: Connection) -> None:
    for handle in PEOPLE:
        add_person(connection, handle)
    Rooms(connection).add(CARDIOLOGY)


def handles(connection: Connection) -> list[str]:
    return [each.handle for each in map(People(connection).find, PEOPLE) if each is not None]


def archive_of(database: Database) -> io.BytesIO:
    """Return what a database is dumped into."""
    file = io.BytesIO()
    database.write(lambda connection: dump(connection, file, "1.2.3"))
    file.seek(0)
    return file


def load_from(database: Database, file: io.BytesIO) -> dict[str, int]:
    return database.write(lambda connection: load(connection, file))


def made(content: Callable[[ArchiveWriter], None], **changes: object) -> io.BytesIO:
    """Return an archive of the first revision, with whatever rows ``content`` adds."""
    file = io.BytesIO()
    with writing(file, msgspec.structs.replace(FIRST, **changes)) as archive:
        content(archive)
    file.seek(0)
    return file


def test_no_table_is_left_out(database: Database) -> None:
    with reading(archive_of(database)) as archive:
        told = archive.manifest.tables
        list(archive.pieces())

    assert told == {table.name: table.c.keys() for table in metadata.sorted_tables}
    assert len(told) == len(metadata.tables)


def test_what_was_dumped_is_loaded_in_as_many_pieces_as_it_has(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(archives, "PIECE", 20)  # bytes: a person is longer
    database.write(furnish)
    file = archive_of(database)
    with reading(file) as archive:
        pieces = [len(rows) for table, rows in archive.pieces() if table == "people"]
    database.write(lambda connection: add_person(connection, "later"))

    file.seek(0)
    counts = load_from(database, file)

    assert pieces == [1, 1, 1]
    assert (counts["people"], counts["rooms"]) == (3, 1)
    assert database.write(handles) == PEOPLE
    assert database.write(lambda sql: People(sql).count()) == 3
    room = database.write(lambda sql: Rooms(sql).find("cardiology"))
    assert room is not None
    assert (room.head, room.title) == (7, "Cardiology")
    assert room.epoch != "before"
    assert database.write(lambda sql: Audit(sql).fault()) is None
    assert database.write(lambda sql: sql.scalar(select(audit.c.action))) == "database.restore"
    with pytest.raises(Exception, match="only added to"):
        database.write(lambda sql: sql.execute(audit.delete()))


def test_an_older_archive_is_brought_to_this_schema(database: Database) -> None:
    file = made(lambda archive: archive.add("rooms", [ROW]))

    load_from(database, file)

    assert database.write(is_current)
    assert database.write(lambda sql: Rooms(sql).find("cardiology")) is not None


@pytest.mark.parametrize(
    ("file", "told"),
    [
        (lambda: made(lambda _: None, format=2), "newer Curbside"),
        (lambda: made(lambda _: None, revision="9999"), "newer Curbside"),
        (lambda: made(lambda _: None, tables={"polls": ["id"]}), "tables that nobody knows"),
        (lambda: made(lambda it: it.counts.update(rooms=1)), "not as many rows"),
        (lambda: made(lambda it: it.add("rooms", [ROW[:3]])), "does not fit"),
        (lambda: io.BytesIO(b"a letter"), "no archive"),
        (lambda: io.BytesIO(made(lambda _: None).getvalue()[:-9]), "damaged"),
    ],
    ids=["format", "revision", "table", "counts", "columns", "letter", "cut"],
)
def test_what_cannot_be_loaded_changes_nothing(
    database: Database, file: Callable[[], io.BytesIO], told: str
) -> None:
    database.write(furnish)

    with pytest.raises(Unreadable, match=told):
        load_from(database, file())

    assert database.write(handles) == PEOPLE
    room = database.write(lambda sql: Rooms(sql).find("cardiology"))
    assert room is not None
    assert room.epoch == "before"


def test_a_database_of_a_newer_curbside_is_neither_replaced_nor_dumped_in_part(
    database: Database,
) -> None:
    def age(connection: Connection) -> None:
        furnish(connection)
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")

    file = archive_of(database)
    database.write(age)

    with pytest.raises(Unreadable, match="the database is of a newer Curbside"):
        load_from(database, file)
    with pytest.raises(Unreadable, match="back it up by that"):
        archive_of(database)

    assert database.write(handles) == PEOPLE


def test_a_database_without_tables_is_nobodys(database: Database) -> None:
    empty = database.write(is_inhabited)
    database.write(furnish)

    assert (empty, database.write(is_inhabited)) == (False, True)


def test_what_numbers_rows_goes_on_after_those_that_were_loaded(database: Database) -> None:
    notes = Table(
        "notes", MetaData(), Column("id", Integer, Identity(), primary_key=True), Column("it", Text)
    )

    def number(connection: Connection) -> list[int]:
        notes.create(connection)
        try:
            connection.execute(insert(notes).values(id=7))
            found = MetaData()
            found.reflect(connection, only=["notes"])
            move_sequences(connection, found.tables.values())
            connection.execute(insert(notes).values(it="next"))
            return list(connection.scalars(select(notes.c.id).order_by(notes.c.id)))
        finally:
            notes.drop(connection)

    assert database.write(number) == [7, 8]
    assert not database.write(lambda sql: inspect(sql).has_table("notes"))


def test_an_archive_that_ends_early_is_known() -> None:
    file = io.BytesIO()
    with gzip.GzipFile(fileobj=file, mode="wb") as packed:
        ArchiveWriter(packed, FIRST).add("rooms", [ROW])
    file.seek(0)

    with pytest.raises(Unreadable, match="its end is missing"), reading(file) as archive:
        list(archive.pieces())
