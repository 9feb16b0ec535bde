"""Authority: whoever is connected loses what they may do, wherever it was taken from them.

Another process ends sessions and tokens too: the command line, another node. Each such change moves
one number in SQL; when it has moved, those it has moved for are looked at again.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from chat.connection import Connection
from chat.errors import Close
from rooms.permissions import Actor
from storage.authority import Authority
from storage.credentials import Bearer, Credentials
from storage.database import Connection as SqlConnection

if TYPE_CHECKING:
    from web.curbside import Curbside

PAGE = 500  # sessions of one read; measured: 4 ms of the event loop, 0.15 s of CPU for 10,000


class AuthorityWatch:
    """Watches over what the connections of a node came with."""

    def __init__(self, curbside: "Curbside", connections: dict[Connection, None]) -> None:
        self._curbside = curbside
        self._connections = connections
        self._seen: int | None = None
        self._new: list[Connection] = []

    def add(self, connection: Connection) -> None:
        """Look at a new one once more: what it came with may have ended on its way here."""
        self._new.append(connection)

    async def check(self) -> None:
        """Close those who may no longer be here, or not as who they were. Raises Unavailable."""
        seen, new = self._seen, self._new
        self._new, self._seen = [], None  # whatever fails here, all are looked at the next time
        revision, changed = await self._curbside.reading(lambda sql: _changed(sql, seen))
        suspects = list(self._connections)
        if changed is not None:
            suspects = [each for each in suspects if each.actor.id in changed] if changed else []
            suspects += new
        for start in range(0, len(suspects), PAGE):
            await self._look(suspects[start : start + PAGE])
        self._seen = revision

    async def _look(self, suspects: Sequence[Connection]) -> None:
        digests = list({connection.session for connection in suspects})
        now = self._curbside.wall_time()
        live = await self._curbside.reading(lambda sql: Credentials(sql).live(digests, now))
        for connection in suspects:
            if not connection.is_closed:
                _judge(connection, live.get(connection.session), now)


def _changed(sql: SqlConnection, seen: int | None) -> tuple[int, set[str] | None]:
    """Return the number, and who changed since it was ``seen``, or None for whoever there is."""
    authority = Authority(sql)
    revision = authority.revision()
    if seen is None or revision < seen:
        return revision, None
    return revision, authority.changed(seen) if revision > seen else set()


def _judge(connection: Connection, bearer: Bearer | None, now: float) -> None:
    if bearer is not None:
        if Actor.of(bearer.person, bearer.scopes) != connection.actor:
            connection.close(Close.RIGHTS_CHANGED, "connect again, as who you are by now")
    elif connection.expires is not None and connection.expires <= now:
        connection.close(Close.SESSION_EXPIRED, "sign in again")
    else:
        connection.close(Close.SIGNED_OUT, "signed out")
