"""``curbside doctor``: whether the server could run well here, one line for each thing."""

import asyncio
import math
import platform
import shutil
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import typer

from chat.redis_links import COMMAND_DEADLINE, FAILURES, connected, read_url
from storage.checks import Check, Checks
from storage.database import Connection
from storage.engines import open_database
from storage.migrations import is_current
from web.cli.locks import is_served
from web.office import fault_of
from web.settings import Misconfigured, Settings, load_settings

SPACE_LEAST = 1 << 30  # bytes; guessed: a week's warning at a megabyte every ten minutes
PYTHON_LEAST = (3, 11)
REDIS_LEAST = (7,)  # has sharded channels; Valkey says that it is 7.2
CLOCK_MOST = 5.0  # seconds between two clocks; guessed: beyond it, people see posts of the future


class Finding(NamedTuple):
    """One thing that was looked at, and what to do where it is not well."""

    what: str
    is_well: bool
    line: str


def doctor() -> None:
    """Look whether the server could run well here, one line for each thing."""
    findings = list(_examine())
    for finding in findings:
        typer.echo(f"{'ok' if finding.is_well else 'NO':<3} {finding.what}: {finding.line}")
    if not all(finding.is_well for finding in findings):
        raise typer.Exit(1)


def _examine() -> Iterator[Finding]:
    try:
        settings = load_settings()
    except Misconfigured as error:
        yield Finding("settings", False, str(error))
        return
    yield Finding("settings", True, f"data in {settings.data}, {settings.origin}")
    is_new = sys.version_info >= PYTHON_LEAST
    yield _version("python", platform.python_version(), PYTHON_LEAST, is_new)
    yield from _database(settings)
    if settings.redis_url:
        yield from asyncio.run(_redis(settings.redis_url))
    file = settings.database_file
    folder = file.parent if file else settings.data
    if folder.exists():
        free = shutil.disk_usage(folder).free
        yield Finding("disk", free > SPACE_LEAST, f"{free >> 20:,} MiB free for {folder}")
    server = "running" if is_served(settings.data) else "not running"
    yield Finding("server", True, server)


def _database(settings: Settings) -> list[Finding]:
    file = settings.database_file
    if file is not None and not file.exists():
        return [Finding("database", False, f"none at {file}; run curbside serve")]
    try:
        return asyncio.run(_look(settings))
    except Exception as error:
        if (fault := fault_of(error)) is None:
            raise
        return [Finding("database", False, f"{fault}; {_advice(file)}")]


def _advice(file: Path | None) -> str:
    return f"see {file}, or restore a backup" if file else "see whether it runs, and DATABASE_URL"


async def _look(settings: Settings) -> list[Finding]:
    """Look at the database on a reader's connection, so that a running server is not held up."""
    database = open_database(settings.database, is_patient=True)
    try:
        return await database.reading(lambda connection: list(_findings(connection)))
    finally:
        await database.close()


def _findings(connection: Connection) -> Iterator[Finding]:
    checks = Checks(connection)
    yield _finding(checks.version())
    if (theirs := checks.time()) is not None:
        yield _clock("the database", theirs - time.time())
    current = is_current(connection)
    yield Finding("schema", current, "current" if current else "not current; run curbside migrate")
    yield from map(_finding, checks.durability())
    faults = checks.faults()
    is_whole = faults == "ok"
    yield Finding("integrity", is_whole, faults if is_whole else f"{faults}; restore a backup")
    if current and is_whole:
        room = checks.displaced()
        line = "as the logs have them" if room is None else f"{room} has another; restore a backup"
        yield Finding("heads", room is None, line)


def _finding(check: Check) -> Finding:
    line = check.value if check.is_safe else f"{check.value}; {check.advice}"
    return Finding(check.name, check.is_safe, line)


def _version(what: str, found: str, least: tuple[int, ...], is_new: bool) -> Finding:
    needed = ".".join(map(str, least))
    return Finding(what, is_new, found if is_new else f"{found}; use {needed} or later")


def _clock(whose: str, ahead: float) -> Finding:
    is_right = abs(ahead) <= CLOCK_MOST
    line = f"{whose} is {ahead:+.1f} s from ours"
    return Finding("clock", is_right, line if is_right else f"{line}; keep both by NTP")


async def _redis(url: str) -> list[Finding]:
    """Ask Redis, or Valkey, as the servers would."""
    try:
        async with connected(read_url(url)) as connection, asyncio.timeout(COMMAND_DEADLINE):
            answers = []
            for command in (("INFO", "server"), ("TIME",)):
                await connection.send_command(*command)
                answers.append(await connection.read_response(timeout=math.inf))
    except FAILURES as error:
        kind = type(error).__name__  # Redis may quote what it was sent
        return [Finding("redis", False, f"{kind}; see whether it runs, and REDIS_URL")]
    about, (seconds, microseconds) = answers
    theirs = int(seconds) + int(microseconds) / 1e6
    return [_redis_version(about), _clock("Redis", theirs - time.time())]


def _redis_version(about: Any) -> Finding:
    lines = bytes(about).decode().splitlines()
    said = dict(line.split(":", 1) for line in lines if ":" in line)
    found = said.get("redis_version", "0")
    is_new = int(found.partition(".")[0]) >= REDIS_LEAST[0]
    name = said.get("server_name", "redis")
    return _version("redis", f"{name} {said.get(f'{name}_version', found)}", REDIS_LEAST, is_new)
