"""What fault tests stand on: a site, whose database others share, and a Valkey of each test's own."""

from pathlib import Path

import pytest

from tests.databases import Cluster
from tests.faults.sites import Site, site_on


@pytest.fixture
def small_site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Site:
    """Return a site on SQLite, for one node."""
    data = tmp_path / "var"
    return site_on(f"sqlite:///{data}/curbside.db", data, monkeypatch)


@pytest.fixture
def site(postgresql: Cluster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Site:
    """Return a site on a new database of the server that all tests share."""
    return site_on(postgresql.new(), tmp_path / "var", monkeypatch)
