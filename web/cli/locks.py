"""Locks: that one server at most runs on a folder of data, or several that Redis joins."""

import fcntl
from pathlib import Path
from typing import IO


class AlreadyServed(Exception):
    """Another server runs on this data."""


def hold(data: Path, *, is_shared: bool = False) -> IO[str]:
    """Return the lock, held while it is open; the system frees it however the process ends.

    A shared one may be held by several, while nobody holds another.
    """
    lock = (data / "serve.lock").open("w")
    try:
        fcntl.flock(lock, (fcntl.LOCK_SH if is_shared else fcntl.LOCK_EX) | fcntl.LOCK_NB)
    except OSError:
        lock.close()
        raise AlreadyServed from None
    return lock


def is_served(data: Path) -> bool:
    """Return whether a server runs on this data."""
    if not (data / "serve.lock").exists():
        return False
    try:
        hold(data).close()
    except AlreadyServed:
        return True
    return False
