"""Positions: where a client stands in cardiology, and what the node has sent."""

from typing import Any

from chat.live_rooms import LiveRoom
from tests.builders import Ward
from tests.clients import Client
from tests.waiting import until


async def missed(ward: Ward, *texts: str) -> dict[str, Any]:
    """Post texts, have the ring forget them, and return the position before them."""
    entered = await Client(ward, "linden").enter("cardiology")
    for text in texts:
        await ward.post("cardiology", text, "ben")
    (await sent_out(ward)).ring.clear()
    return {"epoch": entered["epoch"], "seq": entered["head"]}


async def sent_out(ward: Ward, room: str = "cardiology") -> LiveRoom:
    """Return a room as the node has it, with nothing left to be sent."""
    live = ward.curbside.hub.find(room)
    assert live is not None
    await until(lambda: live.flushed == live.position)
    return live


def seqs(client: Client) -> list[int]:
    """Return the numbers of all the events a client was sent, in that order."""
    client.read()
    return [f["seq"] for f in client.frames if "event" in f]
