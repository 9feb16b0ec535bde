"""Pages: a room's events as SQL has them, for whoever lacks what its ring no longer holds.

What had to go while a page was read is gone from it when it comes: it may show the moment before.
"""

from collections.abc import Awaitable, Callable

from chat.events import Envelope
from chat.rings import Entry

PAGE_EVENTS = 500  # as many as a replay may have; docs/protocol.md, The socket
# Of event data, and so of one write to one client: as much as a ring holds. 500 events of the longest
# texts would be 20 MB, for each who comes back and reads nothing.
PAGE_BYTES = 256 * 1024

After = Callable[[str, int], Awaitable[list[Envelope]]]


class _Page:
    """A page that is being read, and what had to go meanwhile: subjects, each below which number."""

    def __init__(self) -> None:
        self._gone: dict[str, int] = {}

    def void(self, subject: str, before: int) -> None:
        self._gone[subject] = max(before, self._gone.get(subject, 0))

    def entry(self, envelope: Envelope) -> Entry:
        entry = Entry(envelope)
        if envelope.subject is not None and envelope.seq < self._gone.get(envelope.subject, 0):
            entry.void()
        return entry


class Pages:
    """Reads with ``after``, which gives up to PAGE_EVENTS and PAGE_BYTES above a room's number."""

    def __init__(self, after: After) -> None:
        self._after = after
        self._being_read: dict[str, set[_Page]] = {}

    async def after(self, room: str, seq: int) -> list[Entry]:
        """Return the next entries above ``seq``, none at the log's end. Raises what ``after`` raises.

        They hold for this turn of the loop: whoever keeps them longer voids them as well.
        """
        page = _Page()
        being_read = self._being_read.setdefault(room, set())
        being_read.add(page)
        try:
            return [page.entry(envelope) for envelope in await self._after(room, seq)]
        finally:
            being_read.discard(page)
            if not being_read:
                del self._being_read[room]

    def void(self, room: str, subject: str, before: int) -> None:
        """Have the content of ``subject`` below ``before`` taken away from what is being read."""
        for page in self._being_read.get(room, ()):
            page.void(subject, before)
