"""``curbside audit``: whether what was recorded of acts is all there, and as it was."""

import asyncio

import typer

from storage.audit import Audit, Head
from storage.database import Connection
from storage.engines import open_database
from web.office import fail, one_line_errors
from web.settings import load_settings

audit = typer.Typer(help="The audit: who did what to whom.")


@audit.callback()
def _audit() -> None:
    pass


@audit.command("verify")
def verify() -> None:
    """Look through the whole chain, also while the server runs; print its head, to keep elsewhere."""
    with one_line_errors():
        settings = load_settings()
        file = settings.database_file
        if file is not None and not file.exists():
            fail(f"there is no database in {settings.data}.")
        fault, head = asyncio.run(_look(settings.database))
        if fault is not None:
            fail(f"the audit is not whole: {fault}.")
        typer.echo(f"{head.seq} entries, whole; head {head.hash.hex() or 'none'}")


async def _look(url: str) -> tuple[str | None, Head]:
    """Look on a reader's connection, so that a running server is not held up."""
    database = open_database(url, is_patient=True)
    try:
        return await database.reading(_found)
    finally:
        await database.close()


def _found(connection: Connection) -> tuple[str | None, Head]:
    return Audit(connection).fault(), Audit(connection).head()
