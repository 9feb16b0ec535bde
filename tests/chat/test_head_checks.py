"""What a comparison with SQL finds: what another process wrote, numbered anew, or lost."""

from sqlalchemy import update

from chat.errors import Close
from storage.rooms import Rooms, rooms
from tests.builders import Ward
from tests.clients import Client
from tests.databases import EVERY_ENGINE

ENGINES = EVERY_ENGINE


async def test_what_another_process_wrote_is_found_by_the_head_check(ward: Ward) -> None:
    client = Client(ward, "ana")
    head = (await client.enter("cardiology"))["head"]
    published = ward.curbside.writer._publish
    ward.curbside.writer._publish = lambda envelopes: None
    await ward.post("cardiology", "from elsewhere", "ben")
    ward.curbside.writer._publish = published

    await ward.curbside.hub.check()

    assert (await client.event(head + 1))["data"]["text"] == "from elsewhere"


async def test_a_room_numbered_anew_sends_everybody_back_to_enter_it(ward: Ward) -> None:
    client = Client(ward, "ana")
    await client.enter("cardiology")
    renumbering = update(rooms).where(rooms.c.id == "cardiology").values(epoch="new")

    await ward.curbside.database.transaction(lambda c: c.execute(renumbering))
    await ward.curbside.hub.check()

    assert client.link.code == Close.NOT_CONTINUOUS


async def test_a_log_that_went_back_sends_everybody_back_to_enter_it(ward: Ward) -> None:
    client = Client(ward, "ana")
    entered = await client.enter("cardiology")
    head, epoch = entered["head"], entered["epoch"]
    lost = await ward.post("cardiology", "lost with the server that was ahead", "ben")
    await client.event(lost["seq"])
    back = [{"key": "cardiology", "head": head, "revision": 9}]
    await ward.curbside.database.transaction(lambda c: Rooms(c).advance(back))

    await ward.curbside.hub.check()

    assert client.link.code == Close.NOT_CONTINUOUS
    again = await Client(ward, "ana").enter("cardiology", epoch=epoch, seq=lost["seq"])
    assert (again["resumed"], again["head"]) == (False, head)
