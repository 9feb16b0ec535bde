"""What most tests stand on: a node over a real SQLite file, with four people on it."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from storage.database import Database
from storage.schema import metadata
from tests.builders import Ward
from web.curbside import Curbside

SECRET = b"a key for tests, of no other use"


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    """Return a fresh database."""
    made = Database(f"sqlite:///{tmp_path / 'curbside.db'}")
    made.write(metadata.create_all)
    made.close_writer()
    yield made
    made.close_writer()


@pytest.fixture
async def curbside(tmp_path: Path) -> AsyncIterator[Curbside]:
    """Return a node that serves."""
    database = Database(f"sqlite:///{tmp_path / 'curbside.db'}")
    await database.transaction(metadata.create_all)
    node = Curbside(database, secret=SECRET, is_limited=False)
    await node.start()
    yield node
    await node.stop()


@pytest.fixture
async def ward(curbside: Curbside) -> Ward:
    """Return a node with a moderator, two members of cardiology, and one who is no member."""
    ward = Ward(curbside)
    await ward.admit("linden", role="moderator")
    await ward.admit("ana", "ben", "stranger")
    await ward.open_room("cardiology", "linden", "ana", "ben")
    return ward
