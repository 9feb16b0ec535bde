"""Checks: whether the database is kept as it must be, and whole. They only read."""

from sqlalchemy import Connection


class Checks:
    """Queries over the database itself, on one connection."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def journal(self) -> str:
        """Return the journal's mode; ``wal`` lets others read while somebody writes."""
        return self._pragma("journal_mode")

    def synchronous(self) -> int:
        """Return how much is on the disk before a commit ends; 2 is all of it."""
        return int(self._pragma("synchronous"))

    def faults(self) -> str:
        """Return the first fault of the file, or ``ok``. Reads all of it."""
        return self._pragma("quick_check(1)")

    def _pragma(self, name: str) -> str:
        return str(self._connection.exec_driver_sql(f"PRAGMA {name}").scalar())
