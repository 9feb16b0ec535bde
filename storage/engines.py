"""Engines: the databases that there are, and which of them a URL means."""

from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError

from storage.database import Database
from storage.postgresql import PostgresqlDatabase
from storage.sqlite import SqliteDatabase

SQLITE, POSTGRESQL = "sqlite", "postgresql"


def engine_of(url: str) -> str:
    """Return SQLITE or POSTGRESQL. Raises ValueError with a sentence for what is neither."""
    try:
        name = make_url(url).get_backend_name()
    except (ArgumentError, ValueError):
        name = ""
    if name not in (SQLITE, POSTGRESQL):
        raise ValueError("write sqlite:////path/to/file or postgresql://person@host/name")
    return name


def open_database(url: str, *, is_patient: bool = False) -> Database:
    """Return the database that a URL names; it connects when it is first used.

    A patient one waits for as long as it takes: for the command line, whose work may be long.
    """
    if engine_of(url) == SQLITE:
        return SqliteDatabase(url, is_patient=is_patient)
    return PostgresqlDatabase(url, is_patient=is_patient)
