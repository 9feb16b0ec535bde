"""Caps: a node comes to the end of its memory in the midst of writes, and another takes its place."""

import logging
import signal
from contextlib import AsyncExitStack, suppress

import pytest

from tests.faults.habits import Habits
from tests.faults.sites import HEALED, Site
from tests.faults.test_memory import ASKED, cap, deaf, page
from tests.faults.workload import Workload
from tests.processes import PATIENCE, Server
from tests.waiting import until

CROWD = 40  # who ask for 14 MB each; some few end it
ROOM = 8 * 1024 * 1024  # bytes

log = logging.getLogger(__name__)


async def goes_on(workload: Workload, node: Server) -> bool:
    """Return whether another write is answered before the node ends."""
    goal = workload.answers + 1
    await until(lambda: workload.answers >= goal or not node.is_up, PATIENCE)
    return node.is_up


@pytest.mark.timeout(120)
async def test_what_was_answered_before_the_end_of_memory_is_there_after_it(
    small_site: Site,
) -> None:
    async with small_site.busy({}, habits=Habits(every=0.03)) as (workload, [node]):
        assert node.process is not None
        cap(node, ROOM)
        async with AsyncExitStack() as stack:
            for _ in range(CROWD):
                with suppress(OSError, EOFError, TimeoutError):  # it answers no longer, or is gone
                    client = await stack.enter_async_context(deaf(node.port, small_site.people[0]))
                    client.send(b"".join(map(page, range(ASKED))))
                if not await goes_on(workload, node):
                    break
            code = await node.process.wait()
        answers, refusals = workload.answers, dict(workload.refusals())
        await node.start()
        await workload.more(60)
    found = await small_site.find(workload, HEALED)

    log.info("%d answers and %s before it ended", answers, refusals)
    # It ends well, but for greenlet, of SQLAlchemy, which aborts where it is refused memory itself.
    assert code in (1, -signal.SIGABRT)
    assert found.violations == []
    assert found.refused.keys() <= {"not_found", "internal"}
