"""Stops: nodes that stand still for long, and restarts that roll over a cluster again and again."""

import logging

import pytest

from bench.faults.sitters import sitting
from tests.engines import Valkey
from tests.faults import test_cluster_stops
from tests.faults.habits import CALM
from tests.faults.sites import HEALED, Site

ROUNDS = 10
SHOWN_WITHIN = 5.0  # seconds; a second or two are promised, on a machine of one's own

log = logging.getLogger(__name__)


@pytest.mark.timeout(300)
@pytest.mark.parametrize("held", [5.0, 60.0])
async def test_a_node_that_stood_still_for_long_catches_up(
    site: Site, valkey: Valkey, held: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(test_cluster_stops, "HELD", held)
    await test_cluster_stops.test_a_node_that_was_held_catches_up(site, valkey)


@pytest.mark.timeout(600)
async def test_ten_restarts_fail_no_write_and_nobody_who_is_there_is_shown_to_leave(
    site: Site, valkey: Valkey
) -> None:
    settings = site.settings(valkey.url)
    async with (
        site.busy(settings, settings, habits=CALM) as (workload, nodes),
        sitting(site, nodes) as sitters,
    ):
        for _ in range(ROUNDS):
            for node in nodes:
                await node.stop()
                await node.start()
                await workload.more(60)
    found = await site.find(workload, HEALED)

    assert found.violations == []
    assert not found.refused
    assert workload.codes().keys() <= {0, 4006}
    assert sum(sitter.moves for sitter in sitters) >= ROUNDS * len(sitters)
    assert [sitter.shown_to_leave for sitter in sitters] == [set()] * len(sitters)
    blind = max(sitter.blind for sitter in sitters)
    log.info("whoever arrived was shown all others within %.2f s", blind)
    assert blind < SHOWN_WITHIN
