"""People: physicians and bots, as others see them. How they prove it is in ``credentials``."""

from collections.abc import Iterable, Sequence
from typing import Any

import msgspec
from sqlalchemy import (
    Boolean,
    Column,
    Connection,
    Float,
    Table,
    Text,
    bindparam,
    func,
    insert,
    select,
)

from storage.schema import Key, metadata

people = Table(
    "people",
    metadata,
    Column("id", Key, primary_key=True),
    Column("handle", Key, nullable=False, unique=True),
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

    @classmethod
    def of(cls, row: Sequence[Any]) -> "Person":
        """Return the columns ``SHOWN`` as a person."""
        return cls(**dict(zip(cls.__struct_fields__, row, strict=True)))


SHOWN = [people.c[name] for name in Person.__struct_fields__]
"""The columns of a Person, in the order of its fields."""


_NAMED = (
    select(*SHOWN).where(people.c.id.in_(bindparam("ids", expanding=True))).order_by(people.c.id)
)


class People:
    """Queries over people, on one connection."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def find(self, person: str) -> Person | None:
        """Return one person by id, or by ``@handle``."""
        column = people.c.handle if person.startswith("@") else people.c.id
        row = self._connection.execute(
            select(*SHOWN).where(column == person.removeprefix("@"))
        ).one_or_none()
        return Person.of(row) if row else None

    def named(self, ids: Iterable[str]) -> list[Person]:
        """Return those of the people that exist, by id."""
        return [Person.of(row) for row in self._connection.execute(_NAMED, {"ids": list(ids)})]

    def count(self) -> int:
        """Return how many there are."""
        return self._connection.execute(select(func.count()).select_from(people)).scalar_one()

    def add(self, person: Person, at: float) -> None:
        """Insert a person. Raises IntegrityError where the handle is taken."""
        self._connection.execute(insert(people).values(**msgspec.structs.asdict(person), at=at))
