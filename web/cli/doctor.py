"""``curbside doctor``: whether the server could run well here, one line for each thing."""

import asyncio
import shutil
from pathlib import Path
from typing import NamedTuple

import typer

from storage.checks import Check, Checks
from storage.database import Connection
from storage.engines import open_database
from storage.migrations import is_current
from web.cli.locks import is_served
from web.office import fault_of
from web.settings import Misconfigured, Settings, load_settings

SPACE_LEAST = 1 << 30  # bytes; guessed: a week's warning at a megabyte every ten minutes


class Finding(NamedTuple):
    """One thing that was looked at, and what to do where it is not well."""

    what: str
    is_well: bool
    line: str


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
