"""What most tests stand on: a node over a real database, with four people on it."""

import gc
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from storage.database import Database
from storage.engines import POSTGRESQL, SQLITE, open_database
from tests import engines
from tests.builders import Ward, inhabited, serving_on, settle
from tests.databases import EVERY_ENGINE, EVERYWHERE, Cluster, cluster, furnish_file
from tests.engines import PostgreSQL, Valkey
from tests.statements import share_compiled
from web.curbside import Curbside


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run a test on the ENGINES of its module, else on all in the folders of those that do so."""
    if "engine" in metafunc.fixturenames:
        runs_on_all = metafunc.definition.path.parent.name in EVERYWHERE
        engines = getattr(metafunc.module, "ENGINES", EVERY_ENGINE if runs_on_all else [SQLITE])
        metafunc.parametrize("engine", engines)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put what takes longest first: the worker that begins with it keeps its one browser busy."""
    items.sort(key=lambda item: item.get_closest_marker("browser") is None)


def pytest_collection_finish() -> None:
    """Do once what would be done for each test: collect what stays, compile what is asked."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 50)
    share_compiled()


@pytest.fixture(scope="session")
def postgresql() -> Iterator[Cluster]:
    """Return a PostgreSQL server, for as long as tests run."""
    with cluster() as made:
        yield made


@pytest.fixture
def database_url(engine: str, tmp_path: Path, request: pytest.FixtureRequest) -> str:
    """Return where a database is that has every table, and nothing in them."""
    if engine == POSTGRESQL:
        cluster: Cluster = request.getfixturevalue("postgresql")
        cluster.empty()
        return cluster.url
    if "ward" in request.fixturenames:
        return inhabited().put(tmp_path / "curbside.db")
    return furnish_file(tmp_path / "curbside.db")


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    """Return a fresh database."""
    made = open_database(database_url)
    yield made
    made.close_writer()


@pytest.fixture
async def curbside(database_url: str) -> AsyncIterator[Curbside]:
    """Return a node that serves."""
    async with serving_on(database_url) as node:
        yield node


@pytest.fixture
def valkey() -> Iterator[Valkey]:
    """Return a Valkey of the test's own."""
    with engines.valkey() as engine:
        yield engine


@pytest.fixture(scope="session")
def shared_server() -> Iterator[PostgreSQL]:
    """Return a PostgreSQL for those tests that do it harm."""
    with engines.postgresql(max_connections="24") as made:  # a node has 12 at most
        yield made


@pytest.fixture
def server(shared_server: PostgreSQL) -> Iterator[PostgreSQL]:
    """Return it, for the faults that it is given, well again after each test."""
    yield shared_server
    shared_server.mend()


@pytest.fixture
async def ward(curbside: Curbside, engine: str) -> Ward:
    """Return a node with a moderator, two members of cardiology, and one who is no member."""
    if engine == SQLITE:
        return Ward(curbside, inhabited().actors)
    ward = Ward(curbside)
    await settle(ward)
    return ward
