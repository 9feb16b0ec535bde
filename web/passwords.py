"""Passwords: argon2id, in threads of its own and never more at once than memory bears."""

import asyncio
import unicodedata
from base64 import b64encode
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from secrets import token_bytes
from typing import TypeVar

from argon2 import PasswordHasher, Type
from argon2.exceptions import InvalidHashError, VerificationError
from argon2.low_level import ARGON2_VERSION

from chat.errors import Unavailable

Result = TypeVar("Result")

PASSWORD_LEAST = 8  # characters; NIST SP 800-63B section 3.1.1.2
PASSWORD_MOST = 256  # characters; hashing longer ones would be work for a stranger's asking
THREADS = 2  # each takes 46 MiB while it works
WAITING_LIMIT = 64  # about 3 s of work; beyond it a refusal, not a longer wait

# OWASP Password Storage Cheat Sheet, argon2id: 46 MiB, one pass, one lane.
_hasher = PasswordHasher(time_cost=1, memory_cost=47_104, parallelism=1, type=Type.ID)


def hash_password(password: str) -> str:
    """Return what is kept of a password. Takes some 50 ms."""
    return _hasher.hash(_plain(password))


def is_password(hashed: str, password: str) -> bool:
    """Return whether this is the password. Takes some 50 ms."""
    try:
        return _hasher.verify(hashed, _plain(password))
    except (VerificationError, InvalidHashError):
        return False


class Passwords:
    """Hashes and checks off the event loop. A handle that nobody has takes as long as any."""

    def __init__(self) -> None:
        self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix="passwords")
        self._nobodys = _nobodys()
        self._waiting = 0

    async def hash(self, password: str) -> str:
        """Return what is kept of a password."""
        return await self._run(lambda: hash_password(password))

    async def is_right(self, hashed: str | None, password: str) -> bool:
        """Return whether this is the password; never where there is none."""
        right = await self._run(lambda: is_password(hashed or self._nobodys, password))
        return right and hashed is not None

    def close(self) -> None:
        """End the threads."""
        self._threads.shutdown(wait=False, cancel_futures=True)

    async def _run(self, work: Callable[[], Result]) -> Result:
        if self._waiting >= WAITING_LIMIT:
            raise Unavailable("Too many people are signing in. Try again shortly.", after=2.0)
        self._waiting += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._threads, work)
        finally:
            self._waiting -= 1


def _nobodys() -> str:
    """Return what to check where nobody is: it costs as much, and no password is right."""
    sizes = (_hasher.salt_len, _hasher.hash_len)
    salt, digest = (b64encode(token_bytes(size)).decode().rstrip("=") for size in sizes)
    cost = f"m={_hasher.memory_cost},t={_hasher.time_cost},p={_hasher.parallelism}"
    return f"$argon2id$v={ARGON2_VERSION}${cost}${salt}${digest}"


def _plain(password: str) -> str:
    """Return one form for all ways in which keyboards write the same characters."""
    return unicodedata.normalize("NFKC", password)
