"""Devices: browsers in which somebody has signed in before, known by a cookie that says only that.

Whoever shows one is counted by themselves, so that a guesser elsewhere cannot keep the owner out
(OWASP, Slow Down Online Guessing Attacks with Device Cookies). It signs nobody in.
"""

import hashlib
import hmac
import secrets

DEVICE_LIMIT = 128  # characters; ours have 49


class Devices:
    """Marks devices for a handle, and knows them again while the key is the same."""

    def __init__(self, key: bytes) -> None:
        # Under a name of its own: the server's key also makes digests of what is written.
        self._key = hmac.digest(key, b"curbside devices", "sha256")

    def mark(self, handle: str) -> str:
        """Return a cookie for a device in which this handle has just signed in."""
        name = secrets.token_urlsafe(12)
        return f"{name}.{self._seal(name, handle)}"

    def name_of(self, cookie: str | None, handle: str) -> str | None:
        """Return the device's name where its cookie was made for this handle, or None."""
        if cookie is None or len(cookie) > DEVICE_LIMIT or not cookie.isascii():
            return None
        name, _, seal = cookie.partition(".")
        return name if hmac.compare_digest(seal, self._seal(name, handle)) else None

    def _seal(self, name: str, handle: str) -> str:
        # Neither has a space, so that no other pair of them reads the same.
        return hmac.new(self._key, f"{name} {handle}".encode(), hashlib.sha256).hexdigest()[:32]
