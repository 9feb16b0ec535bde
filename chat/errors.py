"""Refusals and close codes: every way in which the server says no, in one place.

A refusal is an answer, with a stable ``code`` for programs and a sentence for people. Anything else
that is raised is a bug of ours, caught once at the edge and shown as ``internal``.

    Refusal
    ├── BadRequest            400
    ├── SignedOut             401
    ├── Forbidden             403
    │   └── EditWindowClosed
    ├── NotFound              404  also for what one may not know of
    ├── Conflict              409
    │   └── CidReused
    ├── TooLarge              413
    ├── NoCommonVersion       426
    ├── RateLimited           429  carries ``after``, seconds
    ├── Unavailable           503  retry
    ├── Unknown               503  the commit's fate is not known: retry with the same cid
    └── Internal              500
"""

from enum import IntEnum
from typing import ClassVar


class Refusal(Exception):
    """Refuse a command. ``fields`` travel with the answer, such as ``until`` or ``after``."""

    code: ClassVar[str]
    status: ClassVar[int]
    retry: ClassVar[bool] = False

    def __init__(self, detail: str, **fields: object) -> None:
        super().__init__(detail)
        self.detail = detail
        self.fields = fields

    def answer(self) -> dict[str, object]:
        """Return what the client is told."""
        return {"code": self.code, "detail": self.detail, "retry": self.retry, **self.fields}


class BadRequest(Refusal):
    """The command is malformed; ``detail`` names the place."""

    code, status = "bad_request", 400


class SignedOut(Refusal):
    """Nobody is signed in, or the credentials are wrong or expired."""

    code, status = "signed_out", 401


class Forbidden(Refusal):
    """The actor may know of this, but not do it."""

    code, status = "forbidden", 403


class EditWindowClosed(Forbidden):
    """The message is too old to be edited by its author."""

    code = "edit_window_closed"


class NotFound(Refusal):
    """No such thing, or nothing the actor may know of: the two read alike."""

    code, status = "not_found", 404


class Conflict(Refusal):
    """The command does not fit the present state."""

    code, status = "conflict", 409


class CidReused(Conflict):
    """The cid was used before, for another verb or other content."""

    code = "cid_reused"


class TooLarge(Refusal):
    """A text or a body is over its limit."""

    code, status = "too_large", 413


class NoCommonVersion(Refusal):
    """The client speaks none of the server's subprotocols."""

    code, status = "version", 426


class RateLimited(Refusal):
    """Too much at once; ``after`` says how many seconds to wait."""

    code, status, retry = "rate_limited", 429, True


class Unavailable(Refusal):
    """The database is away; nothing was stored."""

    code, status, retry = "unavailable", 503, True


class Unknown(Refusal):
    """The fate of the commit is not known; the same cid makes a retry safe."""

    code, status, retry = "unknown", 503, True


class Internal(Refusal):
    """A bug of ours. The traceback is in the log, never in the answer."""

    code, status = "internal", 500


class Close(IntEnum):
    """WebSocket close codes, and what each means. The hundred tells the client what to do."""

    means: str

    def __new__(cls, code: int, means: str) -> "Close":
        """Return a code that knows what it means."""
        made = int.__new__(cls, code)
        made._value_, made.means = code, means
        return made

    GOING_AWAY = 1001, "reserved; a page that is left says it"
    PROTOCOL_ERROR = 1002, "a frame that RFC 6455 forbids"
    UNSUPPORTED = 1003, "a text frame where binary ones were agreed, or the reverse"
    INVALID_TEXT = 1007, "a text frame that is no UTF-8"
    TOO_BIG = 1009, "a frame beyond 128 KiB"
    SERVER_ERROR = 1011, "a fault of the server"
    RESTARTING = 1012, "the server ends before it could drain"
    OVERLOADED = 1013, "reserved"
    # 40xx: reconnect and resume.
    INTERNAL = 4000, "reserved"
    TOO_SLOW = 4002, "reading too slowly"
    HEARTBEAT_LOST = 4003, "nothing came for 45 s"
    NOT_CONTINUOUS = 4004, "it cannot be shown that nothing is missing"
    SHEDDING = 4005, "too much is unread, of all clients together; mostly seen as 1006"
    DRAINED = 4006, "the server stops; what was not answered is to be asked again elsewhere"
    # 41xx: get new credentials, then reconnect.
    SESSION_EXPIRED = 4100, "the session or token has expired"
    RIGHTS_CHANGED = 4102, "the role or the scopes that one came with changed"
    # 42xx: stop, and tell the person.
    MALFORMED = 4200, "a frame that cannot be decoded, or five that are no command within 60 s"
    VERSION = 4201, "reserved; without a common version there is no upgrade (426)"
    FLOODING = 4202, "frames beyond any use"
    BANNED = 4203, "reserved"
    SIGNED_OUT = 4204, "signed out, or the token revoked"
    TOO_MANY = 4205, "reserved; beyond 20 connections there is no upgrade (429)"
