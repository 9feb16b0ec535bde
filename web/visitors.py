"""Visitors: those who come by HTTP to sign in or out, and how often they may try."""

from contextlib import suppress
from typing import TYPE_CHECKING

from chat.errors import RateLimited
from chat.values import Value
from web.auth import Identity
from web.devices import Devices
from web.limits import Limit
from web.passwords import Passwords

if TYPE_CHECKING:
    from web.curbside import Curbside

ATTEMPTS = 5  # a minute: on a handle from a network or device, and failed ones from a network
# On a handle from all networks together, whose owner comes in by a device that is known. NIST SP
# 800-63B section 3.2.2 allows 100 failures in a row; the rate after them is guessed.
GUESSES = 100
GUESSES_A_MINUTE = 20


class Attempt(Value):
    """One attempt to sign in. ``device`` is the name of a device in which the handle did before."""

    address: str
    handle: str
    device: str | None


class SignIns:
    """What all attempts to sign in share: the password threads, and how often one may try.

    A handle is counted for each network by itself: strangers who try it keep only themselves out. A
    network is an address of IPv4, since neighbours of a /24 are often strangers, or a /64 of IPv6,
    which is what one household is given. Who has more of them meets the handle's own limit, and that
    spares the devices that are known. All of it counts alike whether or not anybody has the handle.
    """

    def __init__(self, *, is_limited: bool, key: bytes) -> None:
        self.passwords = Passwords()
        self.devices = Devices(key)
        self._is_limited = is_limited
        self._tries = Limit(ATTEMPTS, ATTEMPTS / 60, "Too many attempts.")
        self._handles = Limit(GUESSES, GUESSES_A_MINUTE / 60, "Too many attempts.")
        self._addresses = Limit(ATTEMPTS, ATTEMPTS / 60, "Too many failed attempts.")

    def require(self, attempt: Attempt, now: float) -> None:
        """Count an attempt before its password is looked at. Raises RateLimited."""
        if not self._is_limited:
            return
        if attempt.device is not None:
            self._tries.require((attempt.handle, attempt.device), now)
            return
        self._addresses.require_left(attempt.address, now)
        self._tries.require((attempt.handle, attempt.address), now)
        self._handles.require(attempt.handle, now)

    def require_address(self, address: str, now: float) -> None:
        """Raise RateLimited for an address that has failed too often."""
        if self._is_limited:
            self._addresses.require_left(address, now)

    def count_success(self, attempt: Attempt) -> None:
        """Take it back from what the handle has failed by."""
        if attempt.device is None:
            self._handles.give_back(attempt.handle)

    def count_failure(self, address: str, now: float) -> None:
        """Count against the address. Successes are not: a hospital has one for all its people."""
        if self._is_limited:
            with suppress(RateLimited):
                self._addresses.require(address, now)


class Visitor:
    """One who comes by HTTP to sign in or out, and what their browser is to be told."""

    def __init__(
        self, curbside: "Curbside", sign_ins: SignIns, identity: Identity | None, *,
        address: str, device: str | None, session_seconds: float,
    ) -> None:  # fmt: skip
        self.curbside = curbside
        self.sign_ins = sign_ins
        self.identity = identity
        self.address = address
        self.device = device
        """The cookie of the device, as it came or as it is to be."""
        self.session_seconds = session_seconds
        self.opened: str | None = None
        """The secret of a new session, for the cookie."""
        self.has_left = False

    def attempt(self, handle: str) -> Attempt:
        """Return an attempt on a handle from here."""
        device = self.sign_ins.devices.name_of(self.device, handle)
        return Attempt(address=self.address, handle=handle, device=device)

    def mark_device(self, handle: str) -> None:
        """Have the browser known again as one in which this handle signed in."""
        if self.attempt(handle).device is None:
            self.device = self.sign_ins.devices.mark(handle, self.device)
