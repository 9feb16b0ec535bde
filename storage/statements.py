"""Statements: what runs in every batch, written in SQLAlchemy Core and run by the driver itself.

SQLAlchemy takes 35 to 75 µs to run what SQLite does in 2 to 5 (measured): the statements of one post
took longer than its commit. Compiled once, they cost what the driver costs, and fail as others do.
Elsewhere in ``storage`` a statement that every enter or handshake runs is built once, beside its table,
since building costs more than running; all others are built where they are used.
"""

from collections.abc import Callable, Mapping, Sequence
from operator import itemgetter
from typing import Any, TypeVar

from sqlalchemy import Connection, Insert, Select, Update
from sqlalchemy.engine.interfaces import DBAPICursor
from sqlalchemy.exc import DBAPIError

Result = TypeVar("Result")


class PreparedSelect:
    """Finds rows by a list of values, for the one expanding parameter ``of``."""

    def __init__(self, select: Select[Any], of: str) -> None:
        self._select = select
        self._of = of
        self._sql: dict[tuple[str, int], str] = {}

    def rows(self, connection: Connection, values: Sequence[str]) -> list[Any]:
        """Return tuples, each value as the driver has it. Raises DBAPIError."""
        key = (connection.dialect.name, len(values))
        if key not in self._sql:
            select = self._select.params({self._of: values})
            options = {"render_postcompile": True}
            self._sql[key] = str(select.compile(connection, compile_kwargs=options))
        sql = self._sql[key]

        def find(cursor: DBAPICursor) -> list[Any]:
            cursor.execute(sql, values)
            return list(cursor.fetchall())

        return on_cursor(connection, find)


class PreparedWrite:
    """Inserts or updates rows, whose values are each a str, int, float, bytes or None."""

    def __init__(self, statement: Insert | Update) -> None:
        self._statement = statement
        self._compiled: dict[str, tuple[str, Callable[[Mapping[str, Any]], Any]]] = {}

    def run(self, connection: Connection, rows: Sequence[Mapping[str, Any]]) -> None:
        """Write all rows in one call of the driver; they have the same keys. Raises DBAPIError."""
        name = connection.dialect.name
        if name not in self._compiled:
            compiled: Any = self._statement.compile(connection, column_keys=list(rows[0]))
            self._compiled[name] = str(compiled), itemgetter(*compiled.positiontup)
        sql, in_order = self._compiled[name]
        on_cursor(connection, lambda cursor: cursor.executemany(sql, list(map(in_order, rows))))


def on_cursor(connection: Connection, use: Callable[[DBAPICursor], Result]) -> Result:
    """Return what ``use`` makes of a cursor of the driver, whose errors become SQLAlchemy's."""
    cursor = connection.connection.cursor()
    driver = connection.dialect.loaded_dbapi
    try:
        return use(cursor)
    except driver.Error as error:
        raise DBAPIError.instance(
            None, None, error, driver.Error, hide_parameters=True, dialect=connection.dialect
        ) from error
    finally:
        cursor.close()
