"""Credentials: passwords, sessions, tokens and the one-time code of a first start, as hashes alone."""

import hashlib
import secrets
from collections.abc import Sequence
from functools import lru_cache

import msgspec
from sqlalchemy import (
    BindParameter,
    Column,
    ColumnElement,
    Connection,
    Float,
    LargeBinary,
    Table,
    Text,
    bindparam,
    delete,
    insert,
    or_,
    select,
)

from storage.authority import Authority
from storage.people import SHOWN, Person, people
from storage.schema import Key, metadata

CODE_SECONDS = 86_400.0  # guessed: a server is set up within a day; its next start prints another

passwords = Table(
    "passwords",
    metadata,
    Column("person", Key, primary_key=True),
    Column("hash", Text, nullable=False),
)

sessions = Table(
    "sessions",
    metadata,
    Column("hash", LargeBinary, primary_key=True),
    Column("person", Key, nullable=False),
    Column("at", Float, nullable=False),
    Column("expires", Float, nullable=False),
)

tokens = Table(
    "tokens",
    metadata,
    Column("hash", LargeBinary, primary_key=True),
    Column("id", Key, nullable=False, unique=True),
    Column("person", Key, nullable=False),
    Column("scopes", Text, nullable=False),
    Column("at", Float, nullable=False),
    Column("expires", Float),
)

codes = Table(
    "codes",
    metadata,
    Column("hash", LargeBinary, primary_key=True),
    Column("at", Float, nullable=False),
)


TOKEN_PREFIX = "cbt_"  # noqa: S105  # by it scanners find a token that was committed somewhere


def new_secret(prefix: str = "") -> str:
    """Return a secret that nobody can guess, for a session or, with TOKEN_PREFIX, a token."""
    return prefix + secrets.token_urlsafe(32)


def digest_of(secret: str) -> bytes:
    """Return what is kept of a secret. It is random, so that one quick pass is enough."""
    return hashlib.sha256(secret.encode()).digest()


class Bearer(msgspec.Struct, frozen=True):
    """Who presents a live session or token. ``scopes`` is None for a session, which holds all."""

    person: Person
    expires: float | None
    scopes: frozenset[str] | None = None


# Built once: every request and every handshake runs one of them.
_LIVE_SESSION = (
    select(*SHOWN, sessions.c.expires)
    .join(sessions, sessions.c.person == people.c.id)
    .where(sessions.c.expires > bindparam("now"))
)
_LIVE_TOKEN = (
    select(*SHOWN, tokens.c.expires, tokens.c.scopes)
    .join(tokens, tokens.c.person == people.c.id)
    .where(or_(tokens.c.expires.is_(None), tokens.c.expires > bindparam("now")))
)
_SESSION = _LIVE_SESSION.where(sessions.c.hash == bindparam("digest"))
_TOKEN = _LIVE_TOKEN.where(tokens.c.hash == bindparam("digest"))
_DIGESTS: BindParameter[bytes] = bindparam("digests", expanding=True)
_SESSIONS = _LIVE_SESSION.add_columns(sessions.c.hash).where(sessions.c.hash.in_(_DIGESTS))
_TOKENS = _LIVE_TOKEN.add_columns(tokens.c.hash).where(tokens.c.hash.in_(_DIGESTS))


class Credentials:
    """Queries over credentials, on one connection. Every hash is a digest of a random secret."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def password(self, handle: str) -> tuple[str, str] | None:
        """Return the id and the password hash of a person, by handle."""
        row = self._connection.execute(
            select(people.c.id, passwords.c.hash)
            .join(passwords, passwords.c.person == people.c.id)
            .where(people.c.handle == handle)
        ).one_or_none()
        return (row.id, row.hash) if row else None

    def set_password(self, person: str, hashed: str) -> None:
        """Give a person a password in place of any other."""
        self._connection.execute(delete(passwords).where(passwords.c.person == person))
        self._connection.execute(insert(passwords).values(person=person, hash=hashed))

    def open_session(self, digest: bytes, person: str, *, at: float, expires: float) -> None:
        """Keep a session, and none of the person's that have expired."""
        self._connection.execute(
            delete(sessions).where(sessions.c.person == person, sessions.c.expires <= at)
        )
        self._connection.execute(
            insert(sessions).values(hash=digest, person=person, at=at, expires=expires)
        )

    def close_session(self, digest: bytes) -> None:
        """Forget a session."""
        self._forget(sessions.c.hash == digest)

    def close_sessions(self, person: str) -> int:
        """Forget all sessions of a person; return how many there were."""
        return self._forget(sessions.c.person == person)

    def _forget(self, which: ColumnElement[bool]) -> int:
        """Forget sessions of one person, and have their connections looked at everywhere."""
        forgetting = delete(sessions).where(which).returning(sessions.c.person)
        forgotten = self._connection.execute(forgetting).scalars().all()
        if forgotten:
            Authority(self._connection).advance(forgotten[0])
        return len(forgotten)

    def session(self, digest: bytes, now: float) -> Bearer | None:
        """Return whose live session this is."""
        row = self._connection.execute(_SESSION, {"digest": digest, "now": now}).one_or_none()
        return Bearer(Person.of(row[:-1]), row[-1]) if row else None

    def add_token(
        self, digest: bytes, token: str, person: str, scopes: frozenset[str], *,
        at: float, expires: float | None,
    ) -> None:  # fmt: skip
        """Keep a token under its public id."""
        self._connection.execute(
            insert(tokens).values(
                hash=digest, id=token, person=person, scopes=" ".join(sorted(scopes)),
                at=at, expires=expires,
            )
        )  # fmt: skip

    def token(self, digest: bytes, now: float) -> Bearer | None:
        """Return whose live token this is, with its scopes."""
        row = self._connection.execute(_TOKEN, {"digest": digest, "now": now}).one_or_none()
        if row is None:
            return None
        return Bearer(Person.of(row[:-2]), row[-2], _scopes(row[-1]))

    def live(self, digests: Sequence[bytes], now: float) -> dict[bytes, Bearer]:
        """Return those of the sessions and tokens that are live, by their digests."""
        named = {"digests": digests, "now": now}
        found = {
            row[-1]: Bearer(Person.of(row[:-2]), row[-2])
            for row in self._connection.execute(_SESSIONS, named)
        }
        for row in self._connection.execute(_TOKENS, named):
            found[row[-1]] = Bearer(Person.of(row[:-3]), row[-3], _scopes(row[-2]))
        return found

    def set_code(self, digest: bytes, at: float) -> None:
        """Let this one-time code be the only one."""
        self._connection.execute(delete(codes))
        self._connection.execute(insert(codes).values(hash=digest, at=at))

    def use_code(self, digest: bytes, now: float) -> bool:
        """Return whether the code was live; it no longer is."""
        used = delete(codes).where(codes.c.hash == digest, codes.c.at > now - CODE_SECONDS)
        return bool(self._connection.execute(used).rowcount)

    def forget_expired(self, now: float, *, limit: int) -> int:
        """Delete what has expired, up to ``limit`` sessions, tokens and codes each; return how many.

        Nobody's authority changes by it: they are worth nothing already, and their connections closed.
        """
        return sum(
            self._connection.execute(
                delete(table).where(
                    table.c.hash.in_(select(table.c.hash).where(has_expired).limit(limit))
                )
            ).rowcount
            for table, has_expired in (
                (sessions, sessions.c.expires <= now),
                (tokens, tokens.c.expires <= now),
                (codes, codes.c.at <= now - CODE_SECONDS),
            )
        )


@lru_cache(maxsize=256)  # there are few different ones, and each connection keeps its own
def _scopes(kept: str) -> frozenset[str]:
    return frozenset(kept.split())
