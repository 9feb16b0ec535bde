"""Jobs: run here where the node that wrote them down did not, because it died or was refused."""

from functools import partial

import msgspec
import structlog

from chat.commands import Commands
from chat.writer import Ask
from rooms import membership, reads
from rooms.batches import run_alone
from rooms.jobs import only_once
from rooms.permissions import Actor
from rooms.unit_of_work import Policy, UnitOfWork
from storage.database import Connection, Database, DatabaseAway
from storage.jobs import Job, Jobs
from storage.people import People

TAKEN = 100  # at once; guessed: run one after the other, well within their lease

internal = Commands[UnitOfWork]()
internal.include(membership.internal, reads.internal)

log = structlog.get_logger(__name__)


async def run_jobs(database: Database, now: float, *, secret: bytes) -> dict[str, object]:
    """Run what is due; return how many were done and how many failed, which are tried again.

    Servers find what was told by comparing heads, as they find what the command line writes.
    """
    if not await database.reading(lambda connection: Jobs(connection).are_due(now)):
        return {}
    taken = await database.transaction(partial(_take, now))
    ran = [await _ran(database, job, now, secret) for job in taken]
    return {"done": ran.count(True), "failed": ran.count(False)} if ran else {}


async def _ran(database: Database, job: Job, now: float, secret: bytes) -> bool:
    """Run one; return whether it is done. What is wrong with one job holds up no other."""
    try:
        return await database.transaction(partial(_run, job, now, secret))
    except DatabaseAway:
        raise
    except Exception:
        log.exception("job failed", job=job.id, command=job.command)
        return False


def _take(now: float, connection: Connection) -> list[Job]:
    """Take what is due of the commands that this version knows."""
    for job in Jobs(connection).give_up(now):
        log.error("job given up", job=job.id, command=job.command, tries=job.tries)
    known = [command.name for command in internal]
    return Jobs(connection).take(now, known, limit=TAKEN)


def _run(job: Job, now: float, secret: bytes, connection: Connection) -> bool:
    """Run one for its person; for one who is gone it is done. Return whether it is done."""
    person = People(connection).find(job.person)
    if person is None:
        return Jobs(connection).end(job.id)
    command = internal.find(job.command)
    request = command.convert(msgspec.msgpack.decode(job.given))
    ask = Ask(only_once(command, job.id), Actor.of(person), request, answer=lambda _: None)
    refusal = run_alone(connection, ask, policy=Policy(), secret=secret, now=now).refusal
    if refusal is not None:
        log.warning("job failed", job=job.id, command=job.command, code=refusal.code)
    return refusal is None
