"""Checks: whether the database is kept as it must be, and whole. They only read."""

from collections.abc import Iterator
from typing import NamedTuple

from sqlalchemy import Connection, func, or_, select

from storage.rooms import rooms
from storage.timeline import events

LEAST = {
    "sqlite": (3, 35),  # knows RETURNING
    "postgresql": (15,),  # the oldest that its makers mend
}


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

    def version(self) -> Check:
        """Return which version of which engine this is, and whether it is new enough."""
        name = self._connection.dialect.name
        found = self._connection.dialect.server_version_info or ()
        least = LEAST[name]
        advice = f"use {'.'.join(map(str, least))} or later"
        return Check(name, ".".join(map(str, found)), found >= least, advice)

    def time(self) -> float | None:
        """Return what time it is for the database, or None where it has no clock of its own."""
        if self._connection.dialect.name == "sqlite":
            return None
        return float(self._value("SELECT extract(epoch FROM clock_timestamp())"))

    def displaced(self) -> str | None:
        """Return the first room whose head is not its newest event's number, and the count of them."""
        log = (
            select(events.c.room, func.max(events.c.seq).label("last"), func.count().label("all"))
            .group_by(events.c.room)
            .subquery()
        )
        last, count = func.coalesce(log.c.last, 0), func.coalesce(log.c.all, 0)
        return self._connection.scalar(
            select(rooms.c.id)
            .outerjoin(log, log.c.room == rooms.c.id)
            .where(or_(rooms.c.head != last, rooms.c.head != count))
            .order_by(rooms.c.id)
            .limit(1)
        )

    def faults(self) -> str:
        """Return the first fault of SQLite's file, having read all of it, or ``ok``.

        PostgreSQL looks at its pages' checksums by itself, and there is nothing to ask.
        """
        if self._connection.dialect.name == "sqlite":
            return self._value("PRAGMA quick_check(1)")
        return "ok"

    def _value(self, statement: str) -> str:
        return str(self._connection.exec_driver_sql(statement).scalar())
