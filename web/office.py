"""The office: the database as the command line has it, beside a server that may be running.

What is changed here goes through the same batches; the server finds it by its head check.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, NoReturn, TypeVar

import typer

from chat.commands import Commands, Request
from chat.errors import Refusal
from chat.writer import Ask
from rooms.batches import Batch
from rooms.permissions import Actor
from rooms.unit_of_work import Policy
from storage.database import Connection, Database, DatabaseAway, FateUnknown
from storage.migrations import is_current, upgrade
from web.keys import prepare_folder, server_key
from web.settings import Misconfigured, Settings, load_settings

Result = TypeVar("Result")

SYSTEM = Actor(id="", handle="system", kind="system", role="admin", verified=True)


def fail(line: str, code: int = 1) -> NoReturn:
    """End with one line on stderr."""
    typer.echo(f"curbside: {line}", err=True)
    raise typer.Exit(code)


@contextmanager
def one_line_errors() -> Iterator[None]:
    """Turn what operators can mend into one line, and nothing else."""
    try:
        yield
    except Misconfigured as error:
        fail(str(error), 2)
    except Refusal as refusal:
        fail(refusal.detail)
    except (DatabaseAway, FateUnknown) as error:
        fail(f"the database cannot be used: {error}.")


class Office:
    """One open database, and the server's key. Closed at the end of the ``with``."""

    def __init__(self, settings: Settings, *, migrated: bool = True) -> None:
        prepare_folder(settings.data)
        self.settings = settings
        self.key = server_key(settings)
        self.database = Database(settings.database)
        if migrated and not self.database.write(is_current):
            self.database.write(upgrade)

    def __enter__(self) -> "Office":
        return self

    def __exit__(self, *_: object) -> None:
        self.database.close_writer()

    def write(self, work: Callable[["Desk"], Result]) -> Result:
        """Run ``work`` in one transaction; a refusal that it raises undoes all of it."""
        return self.database.write(lambda connection: work(Desk(connection, self.key)))


class Desk:
    """One transaction, in which commands are run for anybody and at any time."""

    def __init__(self, connection: Connection, key: bytes) -> None:
        self.connection = connection
        self._key = key

    def run(
        self, commands: Commands[Any], name: str, request: Request, *,
        actor: Actor = SYSTEM, now: float | None = None,
    ) -> Any:  # fmt: skip
        """Run one command and return its reply. Raises Refusal."""
        batch = Batch(
            self.connection, known={}, secret=self._key, now=now,
            policy=Policy(edit_seconds=float("inf")),
        )  # fmt: skip
        ask = Ask(commands.find(name), actor, request, answer=lambda _: None)
        [outcome] = batch.run([ask]).outcomes
        if outcome.refusal is not None:
            raise outcome.refusal
        return outcome.reply


def office(**options: Any) -> Office:
    """Return the office of the environment's settings. Raises Misconfigured."""
    return Office(load_settings(), **options)
