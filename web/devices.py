"""Devices: browsers in which somebody has signed in before, known by a cookie that says only that.

Whoever shows one is counted by themselves, so that a guesser elsewhere cannot keep the owner out
(OWASP, Slow Down Online Guessing Attacks with Device Cookies). It signs nobody in.
"""

import hashlib
import hmac
import secrets

MARKS = 8  # people of one browser; guessed: as many share the computer of a ward
DEVICE_LIMIT = 512  # characters; ours have up to 399


class Devices:
    """Marks devices for a handle, and knows them again while the key is the same."""

    def __init__(self, key: bytes) -> None:
        # Under a name of its own: the server's key also makes digests of what is written.
        self._key = hmac.digest(key, b"curbside devices", "sha256")

    def mark(self, handle: str, cookie: str | None = None) -> str:
        """Return the cookie of a device in which this handle has just signed in, others before."""
        name = secrets.token_urlsafe(12)
        return ":".join([f"{name}.{self._seal(name, handle)}", *_marks(cookie)][:MARKS])

    def name_of(self, cookie: str | None, handle: str) -> str | None:
        """Return the device's name where its cookie was made for this handle, or None."""
        for mark in _marks(cookie):
            name, _, seal = mark.partition(".")
            if hmac.compare_digest(seal, self._seal(name, handle)):
                return name
        return None

    def _seal(self, name: str, handle: str) -> str:
        # Neither has a space, so that no other pair of them reads the same.
        return hmac.new(self._key, f"{name} {handle}".encode(), hashlib.sha256).hexdigest()[:32]


def _marks(cookie: str | None) -> list[str]:
    """Return what a cookie says, one mark for each person who signed in there, the newest first."""
    if cookie is None or len(cookie) > DEVICE_LIMIT or not cookie.isascii():
        return []
    return cookie.split(":")[:MARKS]
