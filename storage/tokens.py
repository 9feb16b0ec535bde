"""Tokens: who holds which, by their public ids. How one is presented is in ``credentials``."""

from sqlalchemy import Connection, delete, func, or_, select

from storage.credentials import tokens


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
            select(func.count())
            .select_from(tokens)
            .where(
                tokens.c.person == person, or_(tokens.c.expires.is_(None), tokens.c.expires > now)
            )
        ).scalar_one()

    def remove(self, token: str) -> bytes:
        """Delete a token that is there; return its digest."""
        digest: bytes = self._connection.execute(
            delete(tokens).where(tokens.c.id == token).returning(tokens.c.hash)
        ).scalar_one()
        return digest
