"""Jobs: what is to be done later, in rows that outlive whoever was to do it.

Whoever takes a job holds a lease: until ``due`` nobody else takes it. Each try doubles the lease, so
that what fails is tried ever more seldom, and given up in the end.
"""

from collections.abc import Collection, Sequence
from typing import Any, NamedTuple

from sqlalchemy import (
    Column,
    Connection,
    Float,
    Index,
    LargeBinary,
    Table,
    Text,
    bindparam,
    delete,
    func,
    insert,
    select,
    update,
)

from storage.schema import Key, Number, metadata

LEASE = 10.0  # seconds of the first; guessed: whoever writes a job does it within one, or has died
TRIES = 8  # the last some 45 minutes after the first; guessed: an outage that is looked into

jobs = Table(
    "jobs",
    metadata,
    Column("id", Key, primary_key=True),
    Column("command", Text, nullable=False),
    Column("person", Key, nullable=False),
    Column("given", LargeBinary, nullable=False),
    Column("due", Float, nullable=False),
    Column("tries", Number, nullable=False),
    Column("gave_up", Float),
    Index("ix_jobs_due", "due"),
)


class Job(NamedTuple):
    """A command to be run for a person. ``given`` is its request, in MessagePack."""

    id: str
    command: str
    person: str
    given: bytes
    due: float
    """When somebody may take it: seconds since 1970."""
    tries: int = 0


class Backlog(NamedTuple):
    """How many jobs wait, and how many were given up."""

    waiting: int
    given_up: int


_WAITING = jobs.c.gave_up.is_(None)
_IS_DUE = _WAITING & (jobs.c.due <= bindparam("now"))
_ANY_DUE = select(jobs.c.id).where(_IS_DUE).limit(1)
_TAKE = update(jobs).where(jobs.c.id == bindparam("job"))


class Jobs:
    """Queries over jobs, on one connection."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def add(self, rows: Sequence[dict[str, Any]]) -> None:
        """Insert jobs."""
        self._connection.execute(insert(jobs), rows)

    def end(self, job: str) -> bool:
        """Return whether the job was still to be done; it no longer is, if this is committed."""
        return bool(self._connection.execute(delete(jobs).where(jobs.c.id == job)).rowcount)

    def are_due(self, now: float) -> bool:
        """Return whether there is anything to take."""
        return self._connection.execute(_ANY_DUE, {"now": now}).first() is not None

    def take(self, now: float, commands: Collection[str], *, limit: int) -> list[Job]:
        """Lease what is due of these commands, oldest first; what others are taking is left out."""
        due = (
            select(*jobs.c[:6])
            .where(_IS_DUE, jobs.c.command.in_(commands), jobs.c.tries < TRIES)
            .order_by(jobs.c.due)
            .limit(limit)
            .with_for_update(skip_locked=True)
        )
        found = [Job(*row) for row in self._connection.execute(due, {"now": now})]
        taken = [job._replace(due=_lease(now, job), tries=job.tries + 1) for job in found]
        if taken:
            leases = [{"job": job.id, "due": job.due, "tries": job.tries} for job in taken]
            self._connection.execute(_TAKE, leases)
        return taken

    def give_up(self, now: float) -> list[Job]:
        """Give up what was tried so often and is due yet again; return it."""
        exhausted = update(jobs).where(_IS_DUE, jobs.c.tries >= TRIES).values(gave_up=now)
        rows = self._connection.execute(exhausted.returning(*jobs.c[:6]), {"now": now})
        return [Job(*row) for row in rows]

    def backlog(self) -> Backlog:
        """Return how much there is."""
        counts = select(func.count(), func.count(jobs.c.gave_up)).select_from(jobs)
        everything, given_up = self._connection.execute(counts).one()
        return Backlog(everything - given_up, given_up)


def _lease(now: float, job: Job) -> float:
    return now + float(LEASE * 2 ** (job.tries + 1))
