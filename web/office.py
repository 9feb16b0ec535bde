"""The office: the database as the command line has it, beside a server that may be running.

What is changed here goes through the same batches; the server finds it by its head check.
"""

import os
import sqlite3
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any, NoReturn, TypeVar

import typer

from chat.commands import Commands, Request
from chat.errors import BadRequest, Refusal
from chat.writer import Ask
from rooms.batches import run_alone
from rooms.permissions import Actor
from rooms.unit_of_work import Policy
from storage.database import Connection, DatabaseAway, FateUnknown
from storage.engines import open_database
from storage.migrations import is_current, upgrade
from web.keys import prepare_folder, server_key
from web.passwords import hash_password
from web.settings import Misconfigured, Settings, load_settings

Result = TypeVar("Result")

SYSTEM = Actor(id="", handle="system", kind="system", role="admin", verified=True)
WRONG_USE = 2  # as typer and click have it

OWN_WORDS = {
    "handle": "a handle has 2 to 32 of a-z, 0-9 and -, and begins with a letter.",
    "room": "a room's id has 1 to 64 of a-z, 0-9 and -.",
}
"""What to do about a pattern, which tells an operator nothing."""


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
        fail(str(error), WRONG_USE)
    except BadRequest as refusal:
        fail(sentence(refusal), WRONG_USE)
    except Refusal as refusal:
        fail(refusal.detail)
    except OSError as error:
        fail(f"{error.filename or 'a file'} cannot be used: {error.strerror}.")
    except Exception as error:
        if (fault := fault_of(error)) is None:
            raise
        fail(f"the database cannot be used: {fault}; curbside doctor looks into it.")


def fault_of(error: Exception) -> str | None:
    """Return what the database could not do, or None where it is not at fault."""
    cause = getattr(error, "orig", error)  # SQLAlchemy's, which only storage knows
    ours = (DatabaseAway, FateUnknown, sqlite3.Error)
    return str(cause) if isinstance(cause, ours) else None


def sentence(refusal: Refusal) -> str:
    """Return what an operator is told of a refusal."""
    place, _, what = refusal.detail.partition(":")
    return OWN_WORDS.get(place, refusal.detail) if "matching regex" in what else refusal.detail


def hash_all(passwords: Iterable[str]) -> list[str]:
    """Return what is kept of passwords, hashed on every core, before any transaction begins."""
    with ThreadPoolExecutor(os.cpu_count()) as threads:
        return list(threads.map(hash_password, passwords))


class Office:
    """One open database, and the server's key. Closed at the end of the ``with``."""

    def __init__(self, settings: Settings, *, migrated: bool = True) -> None:
        os.umask(0o077)  # what is written from here on is the owner's alone
        prepare_folder(settings.data)
        self.settings = settings
        self.key = server_key(settings)
        self.database = open_database(settings.database, is_patient=True)
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
        ask = Ask(commands.find(name), actor, request, answer=lambda _: None)
        policy = Policy(edit_seconds=float("inf"))
        outcome = run_alone(self.connection, ask, policy=policy, secret=self._key, now=now)
        if outcome.refusal is not None:
            raise outcome.refusal
        return outcome.reply


def office(**options: Any) -> Office:
    """Return the office of the environment's settings. Raises Misconfigured."""
    return Office(load_settings(), **options)
