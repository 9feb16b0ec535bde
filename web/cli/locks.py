"""Locks: that one server at most runs on a folder of data, while there is no Redis between them."""

import fcntl
from pathlib import Path
from typing import IO


class AlreadyServed(Exception):
    """Another server runs on this data."""


def hold(data: Path) -> IO[str]:
    """Return the lock, held while it is open; the system frees it however the process ends."""
    lock = (data / "serve.lock").open("w")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
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
