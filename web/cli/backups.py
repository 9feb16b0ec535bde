"""``curbside backup`` and ``restore``: all of a database in one sealed file, and back."""

import asyncio
import os
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path
from typing import IO, Annotated

import typer

from storage.database import Connection, Database
from storage.dumps import dump, is_inhabited, load
from storage.engines import open_database
from storage.seals import Unreadable, opening, recipient_of, sealing
from storage.sqlite import SqliteDatabase
from web.cli.locks import AlreadyServed, hold
from web.keys import backup_key, make_backup_key, prepare_folder, read_backup_key
from web.office import fail, office, one_line_errors
from web.settings import Settings, load_settings

Counts = dict[str, int]


def backup(file: Annotated[Path, typer.Argument(help="Where to write the archive.")]) -> None:
    """Write the whole database into one encrypted file, also while servers run."""
    with one_line_errors(), office() as opened:
        settings = opened.settings
        _require_free(file, settings)
        try:
            with _draft(file) as draft:
                recipient = _recipient(settings)
                counts = asyncio.run(_dump(settings.database, draft, recipient))
                os.replace(draft, file)
        except OSError as error:
            fail(f"{file} cannot be written: {error.strerror}.")
        except Unreadable as error:
            fail(f"{file} is not written: {error}.")
        typer.echo(f"{file}: {sum(counts.values()):,} rows, {file.stat().st_size:,} bytes")


def restore(
    file: Annotated[Path, typer.Argument(help="An archive that `curbside backup` wrote.")],
    key: Annotated[
        Path | None, typer.Option(help="The key's file; else backup.key in CURBSIDE_DATA.")
    ] = None,
    force: Annotated[
        bool, typer.Option("--force", help="Replace a database with people in it.")
    ] = False,
) -> None:
    """Put an archive in place of the database. Clients then start every room afresh."""
    with one_line_errors():
        settings = load_settings()
        prepare_folder(settings.data)
        try:
            with file.open("rb") as archive, _claimed(settings) as database:
                identity = _key_in(key or backup_key(settings))
                if not force and _has_people(settings, database):
                    fail("there are people in the database; add --force to replace them.")
                counts = _restore(settings, database, archive, identity)
        except Unreadable as error:
            fail(f"{file} cannot be restored: {error}.")
        typer.echo(f"{file}: {sum(counts.values()):,} rows restored")


def _require_free(file: Path, settings: Settings) -> None:
    """Refuse to write over what a backup is of, or is read by."""
    for kept in (settings.database_file, backup_key(settings)):
        if kept is not None and file.resolve() == kept.resolve():
            fail(f"{file} is the server's own; name another file.")


def _recipient(settings: Settings) -> str:
    """Return whom to seal for, making a key where there is none, which the operator is told to copy."""
    if settings.backup_recipient:
        return settings.backup_recipient
    path = backup_key(settings)
    if make_backup_key(path):
        typer.echo(
            f"curbside: {path} is made; keep a copy of it elsewhere, for without it no backup"
            " can be read.",
            err=True,
        )
    return recipient_of(_key_in(path))


def _key_in(path: Path) -> str:
    found = read_backup_key(path)
    if found is None:
        fail(f"there is no key in {path}; name the file of one with --key.")
    return found


async def _dump(url: str, draft: Path, recipient: str) -> Counts:
    """Dump on a reader's connection, so that running servers are not held up."""
    database = open_database(url, is_patient=True)
    try:
        with draft.open("wb") as file:
            with sealing(file, recipient) as sealed:
                counts = await database.reading(lambda sql: dump(sql, sealed, version("curbside")))
            os.fsync(file.fileno())
    finally:
        await database.close()
    return counts


@contextmanager
def _claimed(settings: Settings) -> Iterator[Database]:
    """Lend the database to one whom no server stands beside, nor starts beside meanwhile."""
    try:
        lock = hold(settings.data)
    except AlreadyServed:
        fail("a server is running on this data; stop it first.")
    database = open_database(settings.database, is_patient=True)
    with lock:
        try:
            if not database.claim(is_shared=False):
                fail("a server is running on this database; stop all of them first.")
            yield database
        finally:
            database.close_writer()


def _has_people(settings: Settings, database: Database) -> bool:
    file = settings.database_file
    return (file is None or file.exists()) and database.write(is_inhabited)


def _restore(settings: Settings, database: Database, archive: IO[bytes], identity: str) -> Counts:
    """Load an archive in one transaction: whoever has the database open sees all or nothing of it."""
    target = settings.database_file
    if target is None:
        return database.write(lambda sql: _load(sql, archive, identity))
    with _draft(target) as draft:
        loaded = SqliteDatabase(f"sqlite:///{draft}")
        try:
            counts = loaded.write(lambda sql: _load(sql, archive, identity))
        finally:
            loaded.close_writer()
        _replace(draft, target)
    return counts


def _load(connection: Connection, archive: IO[bytes], identity: str) -> Counts:
    archive.seek(0)  # a transaction that clashed is done again
    with opening(archive, identity) as opened:
        return load(connection, opened)


@contextmanager
def _draft(file: Path) -> Iterator[Path]:
    """Lend a file beside another, for its owner alone, that is gone afterwards whatever happens."""
    draft = file.with_name(f"{file.name}.part")
    leftovers = [draft.with_name(draft.name + suffix) for suffix in ("", "-wal", "-shm")]
    for each in leftovers:
        each.unlink(missing_ok=True)
    draft.touch(mode=0o600)
    try:
        yield draft
    finally:
        for each in leftovers:
            each.unlink(missing_ok=True)


def _replace(draft: Path, target: Path) -> None:
    """Put the draft in place in one transaction of the database that others may have open."""
    is_new = not target.exists()
    target.touch(mode=0o600)
    try:
        SqliteDatabase(f"sqlite:///{draft}").copy_to(target)
    except BaseException:
        if is_new:
            target.unlink()
        raise
