"""``curbside serve``, ``work``, ``migrate`` and ``seed``."""

import asyncio
import os
import signal
import sys
import time
from importlib.metadata import version
from pathlib import Path
from typing import IO, Annotated

import structlog
import typer

from chat.bus import Bus
from chat.identifiers import new_id
from chat.redis_bus import RedisBus
from rooms.unit_of_work import Policy
from storage.checks import Checks
from storage.database import Connection
from storage.engines import open_database
from storage.migrations import upgrade
from storage.people import People
from web.app import create_app
from web.chores import Chores, all_chores
from web.cli.locks import AlreadyServed, hold
from web.curbside import Curbside
from web.keys import cluster_of
from web.logs import configure_logs
from web.office import Office, fail, office, one_line_errors
from web.seed import plant
from web.servers import connections_allowed, listen, run
from web.sessions import issue_code
from web.settings import Settings, load_settings

log = structlog.get_logger(__name__)


def _show_version(wanted: bool) -> None:
    if wanted:
        typer.echo(version("curbside"))
        raise typer.Exit


def main(
    show_version: Annotated[
        bool,
        typer.Option("--version", help="Print the version.", is_eager=True, callback=_show_version),
    ] = False,
) -> None:
    """Serve, prepare and look after a Curbside server."""


def serve(
    host: Annotated[str, typer.Option(help="Where to listen.")] = "127.0.0.1",
    port: Annotated[int | None, typer.Option(help="Where to listen; else PORT.")] = None,
    demo: Annotated[
        bool, typer.Option("--demo/--no-demo", help="On a first start, add demo content.")
    ] = False,
    allow_unsafe: Annotated[
        bool,
        typer.Option(
            "--allow-unsafe", help="Serve though the database may lose what it committed."
        ),
    ] = False,
) -> None:
    """Serve until told to stop."""
    with one_line_errors():
        settings = load_settings(host=host, port=port)
        configure_logs(settings.log)
        with Office(settings) as opened:
            if not allow_unsafe:
                opened.database.write(_require_durable)
            lock = _claim(opened)
            try:
                sockets = listen(settings.host, settings.port)
            except OSError as error:
                fail(f"nothing can listen on {settings.host}:{settings.port}: {error.strerror}.")
            _say(_first_words(opened, demo=demo))
            curbside = Curbside(
                open_database(settings.database), secret=opened.key,
                is_limited=settings.is_limited, policy=Policy(edit_seconds=settings.edit_seconds),
                bus=_bus(settings.redis_url, opened.key),
            )  # fmt: skip
            curbside.connections.most = connections_allowed()
            try:
                run(create_app(curbside, settings, key=opened.key), curbside, settings, sockets)
            except MemoryError:
                fail("no memory was left; everybody was sent elsewhere. Allow this process more.")
        lock.close()


def _say(words: str) -> None:
    """Print, unless nothing can be printed: that is no reason to serve nobody."""
    try:
        typer.echo(words)
    except OSError as error:
        log.warning("stdout takes nothing", error=error.strerror)
        # What is buffered must go somewhere, or Python ends with an error of its own.
        with Path(os.devnull).open("w") as nowhere:
            os.dup2(nowhere.fileno(), sys.stdout.fileno())


def _bus(url: str, key: bytes) -> Bus | None:
    return RedisBus(url, new_id(), cluster_of(key)) if url else None


def _claim(opened: Office) -> IO[str]:
    """Return the lock on the data; end where another server runs that Redis does not join."""
    settings = opened.settings
    is_shared = bool(settings.redis_url)
    try:
        lock = hold(settings.data, is_shared=is_shared)
    except AlreadyServed:
        fail(
            f"a server runs on {settings.data} already; stop it, set CURBSIDE_DATA, or join them"
            " by REDIS_URL."
        )
    if not opened.database.claim(is_shared=is_shared):
        fail("a server runs on this database already; stop it, or join all of them by REDIS_URL.")
    return lock


def _require_durable(connection: Connection) -> None:
    """End where a commit could be lost that was answered."""
    for check in Checks(connection).durability():
        if not check.is_safe:
            fail(
                f"the database would lose commits, its {check.name} is {check.value}:"
                f" {check.advice}, or serve with --allow-unsafe."
            )


def work() -> None:
    """Do what is due at its time, in a process of its own, until told to stop."""
    with one_line_errors():
        settings = load_settings()
        configure_logs(settings.log)
        with Office(settings) as opened:  # the schema is current
            key = opened.key
        asyncio.run(_work(settings, key))


async def _work(settings: Settings, key: bytes) -> None:
    """Do chores until a signal comes; the one that is under way is done first."""
    stopped, loop = asyncio.Event(), asyncio.get_running_loop()
    for each in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(each, stopped.set)
    database = open_database(settings.database)
    some = all_chores(key)
    chores = Chores(database, some)
    working = asyncio.create_task(chores.run())
    log.info("working", chores=[chore.name for chore in some])
    await stopped.wait()
    chores.end()
    await working
    await database.close()
    log.info("stopped")


def migrate() -> None:
    """Bring the database to this version's schema; harmless when it is."""
    with one_line_errors(), office(migrated=False) as opened:
        opened.database.write(upgrade)
        typer.echo("The schema is current.")


def seed() -> None:
    """Add the demo people, rooms and conversation to a database with nobody in it."""
    with one_line_errors(), office() as opened:
        if opened.write(lambda desk: People(desk.connection).count()):
            fail("there are people here already; demo content goes into an empty database.")
        typer.echo(f"Demo sign-ins are in {plant(opened)}.")


def _first_words(opened: Office, *, demo: bool) -> str:
    """Return the line that a newcomer needs; on a first start, after preparing what it speaks of."""
    settings = opened.settings
    where = f"Curbside is at {settings.origin}"
    sign_ins = settings.data / "demo.txt"
    if demo and not opened.write(lambda desk: People(desk.connection).count()):
        plant(opened)
    code = opened.write(lambda desk: issue_code(desk.connection, time.time()))
    if code is not None:
        return f"{where} · the first administrator signs up with the code {code}"
    return f"{where} · demo sign-ins are in {sign_ins}" if sign_ins.exists() else where
