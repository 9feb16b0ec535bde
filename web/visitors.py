"""Visitors: those who come by HTTP to sign in or out, and how often they may try."""

from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING, TypeVar

from chat.errors import RateLimited, Unavailable, Unknown
from storage.database import Connection, DatabaseAway, FateUnknown
from web.auth import Identity
from web.limits import Limit
from web.passwords import Passwords

if TYPE_CHECKING:
    from web.curbside import Curbside

Result = TypeVar("Result")

ATTEMPTS = 5  # a minute, for each handle and, of failed ones, for each address


class SignIns:
    """What all attempts to sign in share: the password threads, and how often one may try."""

    def __init__(self, *, is_limited: bool) -> None:
        self.passwords = Passwords()
        self._is_limited = is_limited
        self._handles = Limit(ATTEMPTS, ATTEMPTS / 60, "Too many attempts.")
        self._addresses = Limit(ATTEMPTS, ATTEMPTS / 60, "Too many failed attempts.")

    def require(self, address: str, handle: str | None, now: float) -> None:
        """Count an attempt on a handle. Raises RateLimited, also where the address is at fault."""
        if self._is_limited:
            self._addresses.require_left(address, now)
            if handle is not None:
                self._handles.require(handle, now)

    def count_failure(self, address: str, now: float) -> None:
        """Count against the address. Successes are not: a hospital has one for all its people."""
        if self._is_limited:
            with suppress(RateLimited):
                self._addresses.require(address, now)


class Visitor:
    """One who comes by HTTP to sign in or out, and what their browser is to be told."""

    def __init__(
        self, curbside: "Curbside", sign_ins: SignIns, identity: Identity | None, *,
        address: str, session_seconds: float,
    ) -> None:  # fmt: skip
        self.curbside = curbside
        self.sign_ins = sign_ins
        self.identity = identity
        self.address = address
        self.session_seconds = session_seconds
        self.opened: str | None = None
        """The secret of a new session, for the cookie."""
        self.has_left = False

    async def write(self, work: Callable[[Connection], Result]) -> Result:
        """Run ``work`` in the writer's transaction. Raises Refusal."""
        try:
            return await self.curbside.database.transaction(work)
        except DatabaseAway:
            raise Unavailable("The database is away. Nothing was stored; try again.") from None
        except FateUnknown:
            raise Unknown("It may be stored or not. Try again.") from None

    async def read(self, work: Callable[[Connection], Result]) -> Result:
        """Run ``work`` on a reader's connection. Raises Refusal."""
        try:
            return await self.curbside.database.reading(work)
        except DatabaseAway:
            raise Unavailable("The database is away. Try again.") from None
