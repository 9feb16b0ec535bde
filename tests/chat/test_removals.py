"""What had to go is sent to nobody from the moment at which its removal is told, wherever it waits."""

import asyncio

import msgspec
import pytest

from chat.events import Envelope
from tests.builders import Ward
from tests.clients import Client

SECRET = "a name that must go"


async def test_a_text_removed_while_a_sweep_is_under_way_reaches_no_further_seat(
    ward: Ward, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("chat.live_rooms.SLICE", 2)
    clients = [Client(ward, "ana") for _ in range(5)]
    for client in clients:
        head = (await client.enter("cardiology"))["head"]
    ward.curbside.hub.deliver([posting(head + 1)])
    await asyncio.sleep(0)  # the turn in which the first slice is sent

    ward.curbside.hub.deliver([removal(head + 2)])

    told = [SECRET in str(client.read()) for client in clients]
    assert told == [True, True, False, False, False]
    for client in clients:
        await client.event(head + 2)
        assert [seq for seq, _ in client.events("cardiology")] == [head + 1, head + 2]
    assert SECRET not in str([client.read() for client in clients[2:]])


def posting(seq: int) -> Envelope:
    """Return the event of a message with what will have to go."""
    data = msgspec.msgpack.encode({"id": "m1", "cid": "b1f0c2d4e5", "kind": "text", "text": SECRET})
    return Envelope("cardiology", seq, "message.posted", 1.0, None, data, subject="m1")


def removal(seq: int) -> Envelope:
    """Return the event by which it goes."""
    data = msgspec.msgpack.encode({"id": "m1"})
    return Envelope("cardiology", seq, "message.removed", 2.0, None, data, voids="m1")
