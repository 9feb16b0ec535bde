"""``curbside backup``, ``restore`` and ``doctor``: that nothing is lost, and that all is well."""

import os
import secrets
import shutil
from pathlib import Path
from typing import Annotated

import typer

from storage.database import Connection, Database, DatabaseAway
from storage.migrations import is_current
from storage.rooms import Rooms
from web.cli.locks import is_served
from web.keys import prepare_folder
from web.office import fail, office, one_line_errors
from web.settings import load_settings


def backup(file: Annotated[Path, typer.Argument(help="Where to write the copy.")]) -> None:
    """Write a consistent copy of the database, also while the server runs."""
    with one_line_errors(), office() as opened:
        draft = file.with_name(f"{file.name}.part")
        try:
            draft.touch(mode=0o600)
            opened.database.copy_to(draft)
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
        target = Path(settings.database.removeprefix("sqlite:///"))
        if is_served(settings.data):
            fail("a server is running on this data; stop it first.")
        if target.exists() and not force:
            fail(f"{target} exists; add --force to replace it.")
        if not file.exists():
            fail(f"{file} does not exist.")
        prepare_folder(target.parent)
        draft = target.with_name(f"{target.name}.part")
        try:
            shutil.copyfile(file, draft)
            renumbered = _renumber(draft)
        except OSError as error:
            draft.unlink(missing_ok=True)
            fail(f"{file} cannot be restored: {error.strerror}.")
        except DatabaseAway as error:
            draft.unlink(missing_ok=True)
            fail(f"{file} is no copy that `curbside backup` wrote: {error}.")
        for suffix in ("", "-wal", "-shm"):
            target.with_name(target.name + suffix).unlink(missing_ok=True)
        os.replace(draft, target)
        typer.echo(f"{target}: {renumbered} rooms restored")


def doctor() -> None:
    """Look whether the server could run well here, one line for each thing."""
    with one_line_errors(), office(migrated=False) as opened:
        findings = opened.database.write(_examine)
        free = shutil.disk_usage(opened.settings.data).free
        findings["disk"] = (free > 1 << 30, f"{free >> 20:,} MiB free")
        findings["server"] = (True, "running" if is_served(opened.settings.data) else "not running")
        for what, (is_well, line) in findings.items():
            typer.echo(f"{'ok' if is_well else 'NO':<3} {what}: {line}")
        if not all(is_well for is_well, _ in findings.values()):
            raise typer.Exit(1)


def _examine(connection: Connection) -> dict[str, tuple[bool, str]]:
    def pragma(name: str) -> str:
        return str(connection.exec_driver_sql(f"PRAGMA {name}").scalar())

    current = is_current(connection)
    return {
        "schema": (current, "current" if current else "old; run curbside migrate"),
        "journal": (pragma("journal_mode") == "wal", pragma("journal_mode")),
        "synchronous": (pragma("synchronous") == "2", f"level {pragma('synchronous')} of 2"),
        "integrity": (pragma("quick_check") == "ok", pragma("quick_check")),
    }  # fmt: skip


def _renumber(path: Path) -> int:
    """Give every room a new epoch: positions of before must never resume into what was restored."""

    def renumber(connection: Connection) -> int:
        rooms = Rooms(connection)
        epochs = [{"key": room, "epoch": secrets.token_hex(8)} for room in rooms.ids()]
        if epochs:
            rooms.renumber(epochs)
        return len(epochs)

    database = Database(f"sqlite:///{path}")
    count = database.write(renumber)
    database.close_writer()
    return count
