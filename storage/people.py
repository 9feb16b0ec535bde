"""People: physicians and bots, as others see them. How they prove it is in ``credentials``."""

from collections.abc import Iterable

import msgspec
from sqlalchemy import Boolean, Column, Connection, Float, Table, Text, func, insert, select

from storage.schema import metadata

people = Table(
    "people",
    metadata,
    Column("id", Text, primary_key=True),
    Column("handle", Text, nullable=False, unique=True),
    Column("name", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("role", Text, nullable=False),
    Column("specialty", Text),
    Column("verified", Boolean, nullable=False),
    Column("at", Float, nullable=False),
)


class Person(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One person or bot, as on the wire."""

    id: str
    handle: str
    name: str
    kind: str
    role: str
    verified: bool
    specialty: str | None = None


_SHOWN = [people.c[name] for name in Person.__struct_fields__]


class People:
    """Queries over people, on one connection."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def find(self, person: str) -> Person | None:
        """Return one person by id, or by ``@handle``."""
        column = people.c.handle if person.startswith("@") else people.c.id
        row = (
            self._connection.execute(select(*_SHOWN).where(column == person.removeprefix("@")))
            .mappings()
            .one_or_none()
        )
        return Person(**row) if row else None

    def named(self, ids: Iterable[str]) -> list[Person]:
        """Return those of the people that exist, by id."""
        rows = self._connection.execute(
            select(*_SHOWN).where(people.c.id.in_(list(ids))).order_by(people.c.id)
        )
        return [Person(**row) for row in rows.mappings()]

    def handled(self, handles: Iterable[str]) -> dict[str, Person]:
        """Return those of the people that exist, by handle."""
        rows = self._connection.execute(select(*_SHOWN).where(people.c.handle.in_(list(handles))))
        return {row["handle"]: Person(**row) for row in rows.mappings()}

    def count(self) -> int:
        """Return how many there are."""
        return self._connection.execute(select(func.count()).select_from(people)).scalar_one()

    def add(self, person: Person, at: float) -> None:
        """Insert a person. Raises IntegrityError where the handle is taken."""
        self._connection.execute(insert(people).values(**msgspec.structs.asdict(person), at=at))
