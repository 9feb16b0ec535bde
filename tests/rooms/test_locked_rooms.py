"""Rooms that another node has locked: their commands wait, in order, and nobody else does."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import asyncpg
import pytest

from chat.errors import Unavailable
from storage.engines import POSTGRESQL
from tests.builders import Ward

pytestmark = pytest.mark.postgresql
ENGINES = [POSTGRESQL]

Lock = Callable[[str], Awaitable[Any]]


@pytest.fixture
async def other(database_url: str) -> AsyncIterator[asyncpg.Connection]:
    """Return another node's connection to the database."""
    connection = await asyncpg.connect(database_url)
    yield connection
    await connection.close()


async def lock(other: asyncpg.Connection, room: str) -> Any:
    """Lock a room, and return what lets go of it."""
    transaction = other.transaction()
    await transaction.start()
    await other.execute("SELECT 1 FROM rooms WHERE id = $1 FOR UPDATE", room)
    return transaction.rollback


async def test_posts_wait_for_their_room_in_order_and_for_no_other(
    ward: Ward, other: asyncpg.Connection
) -> None:
    await ward.open_room("neurology", "ana")
    let_go = await lock(other, "cardiology")

    posts = [asyncio.create_task(ward.post("cardiology", f"Lead {n}", "ana")) for n in range(3)]
    await ward.post("neurology", "GCS 15.", "ana")
    assert not any(post.done() for post in posts)

    await let_go()
    told = await asyncio.gather(*posts)
    assert [each["seq"] for each in told] == list(range(told[0]["seq"], told[0]["seq"] + 3))


async def test_who_waits_too_long_is_refused_and_may_try_again(
    ward: Ward, other: asyncpg.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("chat.writer.WAIT_LIMIT", 0.05)
    post = {"room": "cardiology", "text": "Troponin 14.", "cid": ward.cid()}
    let_go = await lock(other, "cardiology")

    with pytest.raises(Unavailable):
        await ward.run("message.post", post, "ana")

    await let_go()
    assert "duplicate" not in await ward.run("message.post", post, "ana")


async def test_a_room_that_is_not_there_is_not_waited_for(ward: Ward) -> None:
    opened = await ward.open_room("neurology", "ana")

    assert opened == "neurology"
