"""Shedding: what clients leave unread, all together, may take so much of a node's memory at most.

One answer may have 1 MiB, and three of a connection are made before it is known to be full: a thousand
clients that read nothing would have 3 GiB kept for them until they are closed as too slow.
"""

from collections.abc import Iterable

import structlog

from chat.connection import Connection
from chat.errors import Close

# Bytes. 300 MiB are promised, and the rest is what may come between two looks: guessed, some five times
# what a shared core made of pages that nobody read.
UNREAD_LIMIT = 192 * 1024 * 1024
EVERY = 1.0  # seconds between looks

log = structlog.get_logger(__name__)


def shed(connections: Iterable[Connection], limit: int) -> None:
    """Drop those with the most unread, as few as will do, where more than the limit is."""
    unread = {each: each.link.unread for each in connections if each.write_is_paused}
    excess = sum(unread.values()) - limit
    if excess <= 0:
        return
    gone = 0
    for connection in sorted(unread, key=unread.__getitem__, reverse=True):
        connection.drop(Close.SHEDDING, "too much is unread")
        excess -= unread[connection]
        gone += 1
        if excess <= 0:
            break
    log.warning("connections shed", connections=gone)
