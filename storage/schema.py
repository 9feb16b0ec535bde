"""Schema: the one MetaData that every table of the package enters.

Times are seconds since 1970 UTC as floats, as on the wire; ids are UUIDv7 texts.
"""

from typing import Any

from sqlalchemy import BigInteger, Connection, Integer, MetaData, Table, Text, event, insert
from sqlalchemy.dialects.postgresql import TEXT

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
        "pk": "pk_%(table_name)s",
    }
)

Number = BigInteger().with_variant(Integer, "sqlite")
"""A whole number of up to 2^53, as on the wire; SQLite's integers are all as long as they must be."""

Key = Text().with_variant(TEXT(collation="C"), "postgresql")
"""An id: ordered by its bytes on every engine, whatever language a database was made for."""


def first_row(table: Table, **values: Any) -> None:
    """Have a table begin with a row: one that is locked, which two nodes would else both insert."""

    @event.listens_for(table, "after_create")
    def add(_table: Table, connection: Connection, **_: object) -> None:
        connection.execute(insert(table).values(**values))
