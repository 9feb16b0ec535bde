"""``curbside backup``, ``restore`` and ``doctor``: that nothing is lost, and that all is well."""

import asyncio
import os
import secrets
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, NamedTuple

import typer

from storage.audit import Act, Audit
from storage.checks import Check, Checks
from storage.database import Connection, DatabaseAway
from storage.engines import open_database
from storage.migrations import is_current, is_known, upgrade
from storage.rooms import Rooms
from storage.sqlite import SqliteDatabase
from web.cli.locks import AlreadyServed, hold, is_served
from web.keys import prepare_folder
from web.office import fail, fault_of, office, one_line_errors
from web.settings import Misconfigured, Settings, load_settings

SPACE_LEAST = 1 << 30  # bytes; guessed: a week's warning at a megabyte every ten minutes


class Finding(NamedTuple):
    """One thing that was looked at, and what to do where it is not well."""

    what: str
    is_well: bool
    line: str


def backup(file: Annotated[Path, typer.Argument(help="Where to write the copy.")]) -> None:
    """Write a consistent copy of the database, also while the server runs."""
    with one_line_errors(), office() as opened:
        source = _file_of(opened.settings)
        if file.resolve() == source.resolve():
            fail(f"{file} is the database itself; name another file.")
        try:
            with _draft(file) as draft:
                SqliteDatabase(opened.settings.database).copy_to(draft)
                os.replace(draft, file)
        except OSError as error:
            fail(f"{file} cannot be written: {error.strerror}.")
        typer.echo(f"{file}: {file.stat().st_size:,} bytes")


def restore(
    file: Annotated[Path, typer.Argument(help="A copy that `curbside backup` wrote.")],
    force: Annotated[bool, typer.Option("--force", help="Replace a database that exists.")] = False,
) -> None:
    """Put a copy in place of the database. Clients then start every room afresh."""
    with one_line_errors():
        settings = load_settings()
        target = _file_of(settings)
        prepare_folder(settings.data)
        try:
            lock = hold(settings.data)  # no server starts meanwhile, either
        except AlreadyServed:
            fail("a server is running on this data; stop it first.")
        with lock:
            if target.exists() and not force:
                fail(f"{target} exists; add --force to replace it.")
            with _draft(target) as draft:
                renumbered = _prepare(file, draft)
                _replace(draft, target)
        typer.echo(f"{target}: {renumbered} rooms restored")


def _file_of(settings: Settings) -> Path:
    if settings.database_file is None:
        fail("PostgreSQL has tools of its own for this: use pg_dump and pg_restore.")
    return settings.database_file


def doctor() -> None:
    """Look whether the server could run well here, one line for each thing."""
    findings = _examine()
    for finding in findings:
        typer.echo(f"{'ok' if finding.is_well else 'NO':<3} {finding.what}: {finding.line}")
    if not all(finding.is_well for finding in findings):
        raise typer.Exit(1)


def _examine() -> list[Finding]:
    try:
        settings = load_settings()
    except Misconfigured as error:
        return [Finding("settings", False, str(error))]
    well = [Finding("settings", True, f"data in {settings.data}, {settings.origin}")]
    file = settings.database_file
    if file is not None and not file.exists():
        return [*well, Finding("database", False, f"none at {file}; run curbside serve")]
    try:
        found = asyncio.run(_look(settings))
    except Exception as error:
        if (fault := fault_of(error)) is None:
            raise
        found = [Finding("database", False, f"{fault}; {_advice(file)}")]
    folder = file.parent if file else settings.data
    free = shutil.disk_usage(folder).free
    disk = Finding("disk", free > SPACE_LEAST, f"{free >> 20:,} MiB free for {folder}")
    server = "running" if is_served(settings.data) else "not running"
    return [*well, *found, disk, Finding("server", True, server)]


def _advice(file: Path | None) -> str:
    return f"see {file}, or restore a copy" if file else "see whether it runs, and DATABASE_URL"


async def _look(settings: Settings) -> list[Finding]:
    """Look at the database on a reader's connection, so that a running server is not held up."""
    database = open_database(settings.database, is_patient=True)
    try:
        return await database.reading(_findings)
    finally:
        await database.close()


def _findings(connection: Connection) -> list[Finding]:
    checks = Checks(connection)
    current, faults = is_current(connection), checks.faults()
    is_whole = faults == "ok"
    return [
        Finding("schema", current, "current" if current else "not current; run curbside migrate"),
        *map(_finding, checks.durability()),
        Finding("integrity", is_whole, faults if is_whole else f"{faults}; restore a copy"),
    ]


def _finding(check: Check) -> Finding:
    line = check.value if check.is_safe else f"{check.value}; {check.advice}"
    return Finding(check.name, check.is_safe, line)


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


def _prepare(file: Path, draft: Path) -> int:
    """Copy what is restored, see that it is ours and whole, and return how many rooms it has."""
    try:
        shutil.copyfile(file, draft)
    except OSError as error:
        fail(f"{file} cannot be read: {error.strerror}.")
    database = SqliteDatabase(f"sqlite:///{draft}")
    try:
        return database.write(_renew)
    except DatabaseAway as error:
        fail(f"{file} is no copy that `curbside backup` wrote: {error}.")
    finally:
        database.close_writer()


def _renew(connection: Connection) -> int:
    """Give every room a new epoch: positions of before must never resume into what was restored."""
    if not is_known(connection):
        fail("the file is of another program, or of a newer Curbside; name another.")
    if (faults := Checks(connection).faults()) != "ok":
        fail(f"the copy is damaged, restore another: {faults}.")
    upgrade(connection)
    rooms = Rooms(connection)
    epochs = [{"key": room, "epoch": secrets.token_hex(8)} for room in rooms.ids()]
    if epochs:
        rooms.renumber(epochs)
    Audit(connection).add([Act(time.time(), "", "database.restore")._asdict()])
    return len(epochs)


def _replace(draft: Path, target: Path) -> None:
    """Put the draft in place in one transaction: whoever has the database open sees all or nothing."""
    is_new = not target.exists()
    target.touch(mode=0o600)
    try:
        SqliteDatabase(f"sqlite:///{draft}").copy_to(target)
    except BaseException:
        if is_new:
            target.unlink()
        raise
