"""The checker: compares what all clients were told with one another, and with what is stored.

It is plain arithmetic over histories, since the log itself is the order: no search, no guess. Only
writes that were not answered may be there or not, once.
"""

from collections.abc import Sequence

from tests.faults.histories import Event, History
from tests.faults.seen import contents, forks, late, leaks, stale_reads, stream
from tests.faults.violations import Violation, answered_writes
from tests.faults.written import (
    disorder,
    doubles,
    holes,
    lies,
    lost,
    sender_order,
    strangers,
    unanswered,
)


def check(histories: Sequence[History], log: Sequence[Event], *, bound: float) -> list[Violation]:
    """Return every violation. What was answered is late after ``bound`` seconds, to who is there."""
    writes = [write for history in histories for write in answered_writes(history)]
    at = {(event.room, event.seq): event for event in log}
    found = [*holes(log), *doubles(log), *strangers(histories, log)]
    found += [*lost(writes, at), *disorder(writes), *late(histories, writes, bound)]
    for history in histories:
        found += [*unanswered(history), *sender_order(history)]
        found += [*stream(history), *forks(history, at), *stale_reads(history, writes, log)]
    return [*found, *lies(histories), *leaks(histories), *contents(histories, writes, bound)]
