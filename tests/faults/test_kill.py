"""Kill -9: a server that dies in the middle of a busy hour loses nothing that it answered.

One node, and SQLite. Clients write 200 times a second; the server is killed ten times over. Each client
holds its place by epoch and seq, comes back by itself and says again what was not answered.
"""

from functools import partial

import pytest

from tests.faults.habits import Habits
from tests.faults.sites import HEALED, ROOMS, Site
from tests.faults.workload import Workload
from tests.waiting import until

KILLS = 10
HABITS = Habits(every=0.03)  # 200 writes a second by all
BETWEEN = 60  # answers from one kill to the next, at the least


@pytest.mark.faults
@pytest.mark.timeout(300)  # seconds; some 20, and more where the machine is shared by many
async def test_nothing_that_was_answered_is_lost_or_doubled_by_kills(small_site: Site) -> None:
    async with small_site.busy({}, habits=HABITS) as (workload, [node]):
        await until(lambda: workload.are_linked)
        for _ in range(KILLS):
            back = workload.resumed + len(workload.posters) * len(ROOMS)
            await workload.write_at_once()
            await node.kill()
            await node.start()
            await until(partial(_have_resumed, workload, back), HEALED)
            await workload.more(BETWEEN)
    found = await small_site.find(workload, HEALED)

    assert found.violations == []
    assert found.refused.keys() <= {"not_found"}
    assert workload.said_again > 0, "no kill came in the midst of a write"
    assert workload.resumed == KILLS * len(workload.posters) * len(ROOMS)


def _have_resumed(workload: Workload, times: int) -> bool:
    """Return whether all have come back: each has a link too until it has heard of its end."""
    return workload.resumed >= times
