"""Tokens: who holds which, by their public ids. How one is presented is in ``credentials``."""

from typing import NamedTuple

from sqlalchemy import ColumnElement, Connection, and_, delete, func, or_, select

from storage.authority import Authority
from storage.credentials import tokens


class Token(NamedTuple):
    """One token, but for its secret."""

    id: str
    scopes: tuple[str, ...]
    at: float
    expires: float | None


class Tokens:
    """Queries over tokens, on one connection."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def owner(self, token: str) -> str | None:
        """Return whose token this is."""
        return self._connection.execute(
            select(tokens.c.person).where(tokens.c.id == token)
        ).scalar_one_or_none()

    def count(self, person: str, now: float) -> int:
        """Return how many live tokens a person holds."""
        return self._connection.execute(
            select(func.count()).select_from(tokens).where(_are_live(person, now))
        ).scalar_one()

    def held(self, person: str, now: float, *, limit: int) -> list[Token]:
        """Return the live tokens that a person holds, oldest first."""
        rows = self._connection.execute(
            select(tokens.c.id, tokens.c.scopes, tokens.c.at, tokens.c.expires)
            .where(_are_live(person, now))
            .order_by(tokens.c.id)
            .limit(limit)
        )
        return [Token(row.id, tuple(row.scopes.split()), row.at, row.expires) for row in rows]

    def remove(self, token: str) -> bytes:
        """Delete a token that is there; return its digest."""
        digest: bytes
        digest, person = self._connection.execute(
            delete(tokens).where(tokens.c.id == token).returning(tokens.c.hash, tokens.c.person)
        ).one()
        Authority(self._connection).advance(person)
        return digest


def _are_live(person: str, now: float) -> ColumnElement[bool]:
    lasts = or_(tokens.c.expires.is_(None), tokens.c.expires > now)
    return and_(tokens.c.person == person, lasts)
