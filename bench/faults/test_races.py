"""Races: ten thousand writes that two nodes are told at once."""

import pytest

from tests.engines import Valkey
from tests.faults import test_cluster_races
from tests.faults.sites import Site

TURNS = 1_000  # of ten writes each


@pytest.mark.timeout(900)
async def test_ten_thousand_cids_on_two_nodes_at_once_are_as_many_messages(
    site: Site, valkey: Valkey, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(test_cluster_races, "TURNS", TURNS)
    await test_cluster_races.test_one_cid_at_once_on_two_nodes_is_one_message(site, valkey)
