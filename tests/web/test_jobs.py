"""Jobs: what was to be done after a commit is done once, whoever dies or is refused meanwhile."""

import asyncio
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NoReturn

import msgspec
import pytest
from structlog.testing import capture_logs

from chat.errors import Conflict
from chat.events import own_room
from chat.writer import Ask
from rooms import membership
from rooms.batches import run_alone
from rooms.jobs import only_once
from rooms.membership import AddMember, TellAdded
from rooms.unit_of_work import Policy, UnitOfWork
from storage.database import Connection, Database
from storage.engines import open_database
from storage.jobs import LEASE, TRIES, Backlog, Job, Jobs
from storage.timeline import Timeline
from tests.builders import SECRET, Ward
from tests.clients import Client
from tests.databases import EVERY_ENGINE
from web import jobs
from web.jobs import run_jobs

ENGINES = EVERY_ENGINE

NOW = 1_000_000.0  # seconds since 1970
LATER = NOW + LEASE
NONE = Backlog(waiting=0, given_up=0)


async def add_and_die(ward: Ward, person: str = "@stranger") -> None:
    """Add somebody to the room as a node does that ends with its commit."""
    add = membership.commands.find("member.add")
    request = AddMember(room="cardiology", person=person)
    ask = Ask(add, ward.actors["linden"], request, answer=lambda _: None)

    def run(connection: Connection) -> None:
        outcome = run_alone(connection, ask, policy=Policy(), secret=SECRET, now=NOW)
        assert outcome.refusal is None

    await ward.curbside.database.transaction(run)


async def work(database: Database, now: float) -> dict[str, object]:
    return await run_jobs(database, now, secret=SECRET)


async def told(ward: Ward, handle: str = "stranger") -> list[str]:
    """Return the events of somebody's own log."""
    log = own_room(ward.id(handle))

    def read(connection: Connection) -> list[str]:
        page = Timeline(connection).after(log, 0, limit=100, limit_bytes=1_000_000)
        return [event.event for event in page]

    return await ward.curbside.database.reading(read)


async def backlog(ward: Ward) -> Backlog:
    return await ward.curbside.database.reading(lambda connection: Jobs(connection).backlog())


async def leave(ward: Ward, *left: Job) -> None:
    """Leave jobs to be done."""
    rows = [job._asdict() for job in left]
    await ward.curbside.database.transaction(lambda connection: Jobs(connection).add(rows))


def job(ward: Ward, name: str, **changed: Any) -> Job:
    """Return a job that tells the stranger of the room."""
    given = msgspec.msgpack.encode(TellAdded(room="cardiology"))
    made = Job(name, "member.tell_added", ward.id("stranger"), given, due=NOW)
    return made._replace(**changed)


async def test_a_job_is_done_right_after_the_commit_and_is_no_more(ward: Ward) -> None:
    client = Client(ward, "stranger")
    await client.enter("@me")

    await ward.run("member.add", {"room": "cardiology", "person": "@stranger"}, "linden")

    added = await client.until(lambda frame: frame.get("event") == "member.added")
    assert added["data"] == {"room": "cardiology"}
    assert await backlog(ward) == NONE
    assert await work(ward.curbside.database, ward.curbside.wall_time() + LEASE) == {}


async def test_what_a_node_that_died_has_left_is_done_by_another_once_its_lease_is_over(
    ward: Ward,
) -> None:
    await add_and_die(ward)

    early = await work(ward.curbside.database, LATER - 0.1)
    before = await told(ward)
    done = await work(ward.curbside.database, LATER)

    assert (early, before) == ({}, [])
    assert done == {"done": 1, "failed": 0}
    assert await told(ward) == ["member.added"]
    assert await backlog(ward) == NONE


async def test_jobs_that_two_do_at_once_are_done_once(ward: Ward, database_url: str) -> None:
    await add_and_die(ward)
    other = open_database(database_url)

    await asyncio.gather(*(work(each, LATER) for each in (ward.curbside.database, other)))

    assert await told(ward) == ["member.added"]
    assert await backlog(ward) == NONE
    await other.close()


async def test_a_job_whose_lease_ran_out_on_its_way_is_not_done_again(ward: Ward) -> None:
    await leave(ward, job(ward, "a-job"))
    late = only_once(membership.internal.find("member.tell_added"), "a-job")
    ask = Ask(late, ward.actors["stranger"], TellAdded(room="cardiology"), answer=lambda _: None)
    await ward.run("room.join", {"room": "cardiology"}, "stranger")
    assert await work(ward.curbside.database, NOW) == {"done": 1, "failed": 0}

    ward.curbside.writer.put(ask)
    await ward.run("room.join", {"room": "cardiology"}, "stranger")  # answered after it

    assert await told(ward) == ["member.added"]


async def test_who_left_meanwhile_is_told_nothing(ward: Ward) -> None:
    await add_and_die(ward)
    await ward.run("member.leave", {"room": "cardiology"}, "stranger")

    await work(ward.curbside.database, LATER)

    assert await told(ward) == []
    assert await backlog(ward) == NONE


async def test_a_job_for_somebody_who_is_gone_is_done(ward: Ward) -> None:
    await leave(ward, job(ward, "a-job", person="nobody"))

    assert await work(ward.curbside.database, NOW) == {"done": 1, "failed": 0}
    assert await backlog(ward) == NONE


async def test_what_fails_is_tried_ever_more_seldom_and_given_up_in_the_end(
    ward: Ward, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(jobs, "internal", failing())
    await leave(ward, job(ward, "a-job"))
    times = [NOW + LEASE * (2 ** (tries + 1) - 2) for tries in range(TRIES + 1)]

    with capture_logs() as logs:
        for time in times:
            early = await work(ward.curbside.database, time - 0.1)
            assert early == {}, time
            await work(ward.curbside.database, time)
    after = await work(ward.curbside.database, times[-1] + 86_400.0)

    failed = [line for line in logs if line["event"] == "job failed"]
    assert [line["code"] for line in failed] == ["conflict"] * TRIES
    assert logs[-1]["event"] == "job given up"
    assert after == {}
    assert await backlog(ward) == Backlog(waiting=0, given_up=1)
    assert await told(ward) == []


def failing() -> Any:
    """Return a table with one command, which tells, and is refused then."""
    commands = type(membership.internal)()

    @commands.add("member.tell_added")
    def refuse(unit: UnitOfWork, request: TellAdded) -> None:
        unit.tell(own_room(unit.actor.id), membership.MemberAdded(room=request.room))
        _refuse()

    return commands


def _refuse() -> NoReturn:
    raise Conflict("It cannot be done just now.")


async def test_jobs_of_a_newer_version_are_left_to_it(ward: Ward) -> None:
    newer = job(ward, "newer", command="mail.send")
    await leave(ward, newer, job(ward, "older"))

    assert await work(ward.curbside.database, NOW) == {"done": 1, "failed": 0}
    assert await backlog(ward) == Backlog(waiting=1, given_up=0)


async def test_a_job_that_cannot_be_read_holds_up_no_other(ward: Ward) -> None:
    given = msgspec.msgpack.encode({"room": "cardiology", "of_a_newer_version": 1})
    await leave(ward, job(ward, "newer", given=given), job(ward, "older", due=NOW + 1))

    with capture_logs() as logs:
        assert await work(ward.curbside.database, NOW + 1) == {"done": 1, "failed": 1}

    assert [(line["event"], line["job"]) for line in logs] == [("job failed", "newer")]
    assert await backlog(ward) == Backlog(waiting=1, given_up=0)


async def test_more_than_can_be_taken_at_once_is_done_in_turn_oldest_first(
    ward: Ward, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(jobs, "TAKEN", 2)
    await leave(ward, *(job(ward, str(number), due=NOW - number) for number in range(5)))

    def waiting(connection: Connection) -> Sequence[str]:
        return sorted(connection.exec_driver_sql("SELECT id FROM jobs").scalars())

    assert await work(ward.curbside.database, NOW) == {"done": 2, "failed": 0}
    assert await ward.curbside.database.reading(waiting) == ["0", "1", "2"]
    await work(ward.curbside.database, NOW)
    await work(ward.curbside.database, NOW)
    assert await backlog(ward) == NONE


def test_every_command_that_is_left_as_a_job_is_known_to_who_runs_them() -> None:
    sources = (path.read_text() for path in Path("rooms").glob("*.py"))
    left = re.findall(r'leave_job\(\s*internal\.find\("([a-z_.]+)"\)', "".join(sources))

    assert left
    assert set(left) <= {command.name for command in jobs.internal}
