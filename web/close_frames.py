"""Close frames: how a connection is ended in words, and how long its end may take."""

from chat.frames import framed
from web.frame_parser import CLOSE

CLOSE_SECONDS = 5.0  # guessed: a round trip on a bad mobile link, and what is queued before it
CLOSE_REASON_LIMIT = 123  # bytes; RFC 6455 section 5.5 allows 125, of which the code takes two


def close_frame(code: int, reason: str) -> bytes:
    """Return a close frame that says as much of a reason as it holds."""
    return framed(code.to_bytes(2) + cut(reason), CLOSE)


def cut(reason: str) -> bytes:
    """Return as much of a reason as a close frame holds, in whole characters."""
    kept = reason.encode(errors="replace")[:CLOSE_REASON_LIMIT]
    return kept.decode(errors="ignore").encode()
