"""Identifiers: UUIDv7 (RFC 9562 section 5.7), which sort by the time they were made."""

import os
import time
import uuid


def new_id() -> str:
    """Return a new id: 48 bits of milliseconds, then 74 random bits."""
    milliseconds = time.time_ns() // 1_000_000
    random = int.from_bytes(os.urandom(10))
    high = (milliseconds << 16) | 0x7000 | (random >> 64 & 0x0FFF)
    low = 0x8000_0000_0000_0000 | (random & 0x3FFF_FFFF_FFFF_FFFF)
    return str(uuid.UUID(int=(high << 64) | low))
