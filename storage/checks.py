"""Checks: whether the database is kept as it must be, and whole. They only read."""

from collections.abc import Iterator
from typing import NamedTuple

from sqlalchemy import Connection


class Check(NamedTuple):
    """One setting that a commit's safety hangs on. ``advice`` says what to do where it is not safe."""

    name: str
    value: str
    is_safe: bool
    advice: str


class Checks:
    """Queries over the database itself, on one connection."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def durability(self) -> Iterator[Check]:
        """Yield what decides whether a commit that was answered survives the loss of power."""
        if self._connection.dialect.name == "sqlite":
            journal, level = self._value("PRAGMA journal_mode"), self._value("PRAGMA synchronous")
            yield Check("journal", journal, journal == "wal", "move it to a local disk")
            yield Check("synchronous", level, level == "2", "set it to FULL")
            return
        for name in ("fsync", "full_page_writes", "synchronous_commit"):
            value = self._value(f"SHOW {name}")
            yield Check(name, value, value != "off", f"set {name} = on")

    def faults(self) -> str:
        """Return the first fault of SQLite's file, having read all of it, or ``ok``.

        PostgreSQL looks at its pages' checksums by itself, and there is nothing to ask.
        """
        if self._connection.dialect.name == "sqlite":
            return self._value("PRAGMA quick_check(1)")
        return "ok"

    def _value(self, statement: str) -> str:
        return str(self._connection.exec_driver_sql(statement).scalar())
