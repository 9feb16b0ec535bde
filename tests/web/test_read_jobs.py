"""Read markers that wait to be told, where the node that was to tell them died."""

from functools import partial
from typing import Any

import msgspec

from chat.events import own_room
from chat.writer import Ask
from rooms import reads
from rooms.batches import run_alone
from rooms.reads import TELL_EVERY, MarkRead
from rooms.unit_of_work import Policy
from storage.database import Connection
from storage.jobs import LEASE, Backlog, Jobs
from storage.timeline import Timeline
from tests.builders import SECRET, Ward
from tests.databases import EVERY_ENGINE
from web.jobs import run_jobs

ENGINES = EVERY_ENGINE

NOW = 1_000_000.0  # seconds since 1970


async def mark_and_die(ward: Ward, *seqs: int) -> None:
    """Mark one after another within a second, as a node does that ends with its last commit."""
    mark = reads.commands.find("room.mark_read")

    def run(seq: int, now: float, connection: Connection) -> None:
        request = MarkRead(room="cardiology", seq=seq)
        ask = Ask(mark, ward.actors["ana"], request, answer=lambda _: None)
        outcome = run_alone(connection, ask, policy=Policy(), secret=SECRET, now=now)
        assert outcome.refusal is None

    for turn, seq in enumerate(seqs):
        await ward.curbside.database.transaction(partial(run, seq, NOW + turn / 10))


async def told(ward: Ward) -> dict[str, Any]:
    """Return what the person's devices were told last."""
    log = own_room(ward.id("ana"))

    def read(connection: Connection) -> bytes:
        return Timeline(connection).after(log, 0, limit=100, limit_bytes=1_000_000)[-1].data

    return dict(msgspec.msgpack.decode(await ward.curbside.database.reading(read)))


async def test_a_marker_that_waits_to_be_told_is_told_though_its_node_died(ward: Ward) -> None:
    seqs = [(await ward.post("cardiology", f"Potassium 4.{n}.", "ben"))["seq"] for n in range(4)]
    await mark_and_die(ward, *seqs)
    database = ward.curbside.database
    before = await told(ward)

    waiting = await database.reading(lambda sql: Jobs(sql).backlog())
    early = await run_jobs(database, NOW + TELL_EVERY, secret=SECRET)
    done = await run_jobs(database, NOW + TELL_EVERY + LEASE + 1, secret=SECRET)

    assert waiting == Backlog(waiting=1, given_up=0), "one job tells all that waits"
    assert (early, done) == ({}, {"done": 1, "failed": 0})
    assert (before["seq"], (await told(ward))["seq"]) == (seqs[0], seqs[-1])
