"""The workload: clients of both subprotocols, at work on some nodes while something goes wrong there.

It counts what they went through, so that a test can say that its fault came in the midst of something,
and in the end has their histories checked against what is stored.
"""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from typing import NamedTuple

from chat.codecs import JSON, MSGPACK
from tests.faults.checker import check
from tests.faults.habits import Habits
from tests.faults.histories import Answered, Closed, Entered, Event, Refused, of_kind
from tests.faults.posters import Poster
from tests.faults.seen import lags
from tests.faults.violations import Violation, answered_writes
from tests.processes import PATIENCE
from tests.waiting import until

SETTLED_WITHIN = 20.0  # seconds; who is not settled by then is a violation, not a hanging test


class Findings(NamedTuple):
    """What a workload found in the end."""

    violations: list[Violation]
    refused: Counter[str]
    """How many writes were refused for good, by their codes."""
    slowest: float
    """Seconds until the last who was there was shown what had been answered."""

    @property
    def kinds(self) -> set[str]:
        return {violation.what for violation in self.violations}


class Workload:
    """Posters, each of whom starts at another of the nodes."""

    def __init__(
        self, urls: Sequence[str], people: Sequence[dict[str, str]], rooms: Sequence[str],
        habits: Habits, seed: int,
    ) -> None:  # fmt: skip
        self.posters = [
            Poster(
                f"nurse-{n}", [*urls[n % len(urls) :], *urls[: n % len(urls)]], headers,
                (JSON, MSGPACK)[n // len(urls) % 2], rooms, habits, seed + n,
            )
            for n, headers in enumerate(people)
        ]  # fmt: skip

    @property
    def answers(self) -> int:
        """How many writes were answered so far."""
        return sum(sum(1 for _ in of_kind(p.history, Answered)) for p in self.posters)

    @property
    def said_again(self) -> int:
        """How often a write was said that had been said before."""
        return sum(poster.said_again for poster in self.posters)

    @property
    def resumed(self) -> int:
        """How often a room was entered from a position."""
        return sum(poster.resumed for poster in self.posters)

    @property
    def holes(self) -> int:
        """How often a client saw a number too high, and entered again."""
        return sum(poster.holes for poster in self.posters)

    @property
    def are_linked(self) -> bool:
        """Whether every client has a link, and is in every room that it may be in."""
        return all(poster.is_linked for poster in self.posters)

    @property
    def duplicates(self) -> int:
        """How many answers said that the write had been answered before."""
        return sum(map(self.duplicates_of, self.posters))

    def duplicates_of(self, poster: Poster) -> int:
        """Return how many of one client's answers said so."""
        return sum(note.is_duplicate for note in of_kind(poster.history, Answered))

    @property
    def entered(self) -> int:
        """How often a room was entered."""
        return sum(sum(1 for _ in of_kind(p.history, Entered)) for p in self.posters)

    def codes(self) -> Counter[int]:
        """Return by which close codes links have ended."""
        return Counter(n.code for p in self.posters for n in of_kind(p.history, Closed))

    def refusals(self) -> Counter[str]:
        """Return how often each code was answered, for good or not."""
        return Counter(n.code for p in self.posters for n in of_kind(p.history, Refused))

    async def write_at_once(self) -> None:
        """Have every client write something, of which nothing is answered when this returns."""
        for poster in self.posters:
            await poster.write("message.post", poster.rooms[0], text="Lactate 2.1.")

    def hush(self, some: slice) -> None:
        """Have some clients write nothing more: what they are shown comes by other nodes alone."""
        for poster in self.posters[some]:
            poster.is_busy = False

    async def more(self, count: int) -> None:
        """Return once so many more writes have been answered."""
        goal = self.answers + count
        await until(lambda: self.answers >= goal, PATIENCE)

    async def settle(self, within: float = SETTLED_WITHIN) -> None:
        """End the writing, and wait until all is answered, and shown to all who are there."""
        self.hush(slice(None))
        with suppress(TimeoutError):
            await until(lambda: not any(p.unanswered for p in self._present()), within)
        heads = self._heads()
        with suppress(TimeoutError):
            await until(lambda: self._are_at(heads), within)

    def _heads(self) -> dict[str, int]:
        heads: dict[str, int] = {}
        for poster in self.posters:
            for write in answered_writes(poster.history):
                heads[write.asked.room] = max(write.seq, heads.get(write.asked.room, 0))
        return heads

    def _present(self) -> list[Poster]:
        return [poster for poster in self.posters if not poster.is_signed_out]

    def _are_at(self, heads: dict[str, int]) -> bool:
        return all(
            place.seq >= heads.get(room, 0)
            for poster in self._present()
            for room, place in poster.places.items()
        )

    def find(self, log: Sequence[Event], *, bound: float) -> Findings:
        """Check all histories against the log; ``bound`` is in seconds."""
        histories = [poster.history for poster in self.posters]
        writes = [write for history in histories for write in answered_writes(history)]
        notes = [note for history in histories for note in of_kind(history, Refused)]
        return Findings(
            check(histories, log, bound=bound),
            Counter(note.code for note in notes if not note.may_retry),
            max((lag for _, _, lag in lags(histories, writes)), default=0.0),
        )


@asynccontextmanager
async def working(workload: Workload) -> AsyncIterator[Workload]:
    """Have all connect, enter and write; in the end they leave."""
    async with asyncio.TaskGroup() as tasks:
        posters = workload.posters
        running = [tasks.create_task(poster.stay()) for poster in posters]
        await until(lambda: all(poster.history.person for poster in posters), PATIENCE)
        running += [tasks.create_task(poster.keep_pace()) for poster in posters]
        for poster in posters:
            poster.is_busy = True
        try:
            yield workload
        finally:
            for task in running:
                task.cancel()
