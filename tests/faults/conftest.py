"""What fault tests stand on: a site, whose database others share, and a Valkey of each test's own."""

from pathlib import Path

import pytest

from tests.databases import Cluster
from tests.faults.sites import Site, site_on


@pytest.fixture(scope="session")
def small_original(tmp_path_factory: pytest.TempPathFactory) -> Site:
    """Return what every small site is a copy of: to make one takes 0.2 s, to copy it 1 ms."""
    data = tmp_path_factory.mktemp("site") / "var"
    return site_on(_file(data), data)


@pytest.fixture(scope="session")
def original(postgresql: Cluster, tmp_path_factory: pytest.TempPathFactory) -> Site:
    """Return what every site is a copy of."""
    return site_on(postgresql.new(), tmp_path_factory.mktemp("site") / "var")


@pytest.fixture
def small_site(small_original: Site, tmp_path: Path) -> Site:
    """Return a site on SQLite, for one node."""
    data = tmp_path / "var"
    return small_original.copy(data, _file(data))


@pytest.fixture
def site(postgresql: Cluster, original: Site, tmp_path: Path) -> Site:
    """Return a site on a new database of the server that all tests share."""
    return original.copy(tmp_path / "var", postgresql.copy(original.database))


def _file(data: Path) -> str:
    return f"sqlite:///{data}/curbside.db"
