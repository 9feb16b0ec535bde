"""Large rooms: between two slices of one write, some were told of an event and others were not."""

from collections.abc import AsyncIterator, Callable
from contextlib import ExitStack

import pytest

from chat import sweeps
from chat.heartbeats import HEADS_EVERY, Heartbeats
from tests.builders import Ward
from tests.clients import Client

HANDLES = ("linden", "ana", "ben")
NEVER = 3_600.0  # seconds


class Crowd:
    """Who is in a room that is written to one by one, and the event that only the first was told."""

    def __init__(self, clients: list[Client], seq: int, go_on: Callable[[], None]) -> None:
        self.first, self.second, self.last = clients
        self.everybody = clients
        self.seq = seq
        self.go_on = go_on


@pytest.fixture
async def crowd(ward: Ward, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Crowd]:
    """Return those to whom an event is being written, with a commit under way that it lets by."""
    monkeypatch.setattr(sweeps, "SLICE", 1)
    monkeypatch.setattr(sweeps, "ADVANCE", NEVER)
    clients = [Client(ward, handle) for handle in HANDLES]
    for client in clients:
        await client.enter("cardiology")
    with ExitStack() as commit:
        commit.enter_context(ward.curbside.commits)
        posted = await ward.post("cardiology", "News", "ben")
        await clients[0].event(posted["seq"])
        yield Crowd(clients, posted["seq"], commit.close)


def heads(client: Client) -> list[int]:
    """Return the heads of the room that a client was told."""
    told = [f for f in client.read() if f.get("signal") == "room.heads"]
    return [signal["data"]["heads"]["cardiology"] for signal in told]


async def test_nobody_is_told_a_head_above_what_they_were_sent(crowd: Crowd) -> None:
    hearts = Heartbeats([client.connection for client in crowd.everybody])
    for _ in range(HEADS_EVERY):
        hearts.sweep(crowd.first.link.heard, 0.0)

    assert [heads(client) for client in crowd.everybody] == [
        [crowd.seq], [crowd.seq - 1], [crowd.seq - 1]
    ]  # fmt: skip


async def test_who_leaves_is_sent_nothing_more_of_it(crowd: Crowd, ward: Ward) -> None:
    await crowd.second.ask("room.leave", {"room": "cardiology"})

    crowd.go_on()
    await crowd.last.event(crowd.seq)

    assert crowd.second.events("cardiology") == []
