"""Authority: whose sign-ins, tokens or standing changed, in the order of one number.

The number moves in the transaction of the change, whichever process makes it. A server that polls it,
and looks again at whoever it has moved for, has nothing else to be told.
"""

from sqlalchemy import Column, Connection, Table, Update, insert, select, update

from storage.schema import Key, Number, first_row, metadata

NUMBER = ""  # the row of the number itself, which whoever moves it locks: they end in its order

authority = Table(
    "authority",
    metadata,
    Column("person", Key, primary_key=True),
    Column("revision", Number, nullable=False, index=True),
)

first_row(authority, person=NUMBER, revision=0)

_REVISION = select(authority.c.revision).where(authority.c.person == NUMBER)


class Authority:
    """Queries over who changed, on one connection."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def revision(self) -> int:
        """Return the number, 0 while nothing has changed yet."""
        return int(self._connection.execute(_REVISION).scalar_one())

    def changed(self, since: int) -> set[str]:
        """Return everybody whose authority changed after a number."""
        return set(
            self._connection.execute(
                select(authority.c.person).where(
                    authority.c.revision > since, authority.c.person != NUMBER
                )
            ).scalars()
        )

    def advance(self, person: str) -> None:
        """Move the number on: what this person may do is not what it was."""
        self._connection.execute(_of(NUMBER).values(revision=authority.c.revision + 1))
        revision = _REVISION.scalar_subquery()
        if not self._connection.execute(_of(person).values(revision=revision)).rowcount:
            self._connection.execute(insert(authority).values(person=person, revision=revision))


def _of(person: str) -> Update:
    return update(authority).where(authority.c.person == person)
