"""Caps: a node comes to the end of its memory in the midst of writes, and another takes its place."""

import logging
import resource
from contextlib import AsyncExitStack, suppress

import pytest

from tests.faults.habits import Habits
from tests.faults.sites import HEALED, Site
from tests.faults.test_memory import ASKED, data_size, deaf, page
from tests.processes import PATIENCE
from tests.waiting import until

CROWD = 40  # who ask for 14 MB each; some ten end it

log = logging.getLogger(__name__)


@pytest.mark.timeout(120)
async def test_what_was_answered_before_the_end_of_memory_is_there_after_it(
    small_site: Site,
) -> None:
    async with small_site.busy({}, habits=Habits(every=0.03)) as (workload, [node]):
        assert node.process is not None
        most = data_size(node.process.pid)
        resource.prlimit(node.process.pid, resource.RLIMIT_DATA, (most, most))
        async with AsyncExitStack() as stack:
            for _ in range(CROWD):
                with suppress(OSError, EOFError, TimeoutError):  # it answers no longer, or is gone
                    client = await stack.enter_async_context(deaf(node.port, small_site.people[0]))
                    client.send(b"".join(map(page, range(ASKED))))
                    await workload.more(1)
                if not node.is_up:
                    break
            await until(lambda: not node.is_up, PATIENCE)
        answers, refusals = workload.answers, dict(workload.refusals())
        await node.start()
        await workload.more(60)
    found = await small_site.find(workload, HEALED)

    log.info("%d answers and %s before it ended", answers, refusals)
    assert "MemoryError" in node.log()
    assert found.violations == []
    assert found.refused.keys() <= {"not_found", "internal"}
