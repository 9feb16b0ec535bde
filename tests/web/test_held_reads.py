"""What comes to pass while a room is being read counts before what was read is answered."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy.util import await_only

from rooms.permissions import Actor
from rooms.readings import Reading
from tests.builders import Ward
from tests.clients import Client
from tests.databases import EVERY_ENGINE

ENGINES = EVERY_ENGINE

SECRET = "a name that must go"


class HeldRead:
    """Holds what a node reads for clients, when all is read, its transaction open, nothing answered."""

    def __init__(self, ward: Ward, monkeypatch: pytest.MonkeyPatch) -> None:
        self.has_read = asyncio.Event()
        self.may_end = asyncio.Event()
        self._read = ward.curbside.read
        monkeypatch.setattr(ward.curbside, "read", self._hold)

    async def _hold(self, actor: Actor, work: Callable[[Reading], Any]) -> Any:
        def read(reading: Reading) -> Any:
            found = work(reading)
            self.has_read.set()
            await_only(self.may_end.wait())
            return found

        return await self._read(actor, read)


@pytest.mark.parametrize("do", ["message.history", "room.enter"])
async def test_a_text_removed_while_it_is_read_is_in_no_answer(
    ward: Ward, monkeypatch: pytest.MonkeyPatch, do: str
) -> None:
    posted = await ward.post("cardiology", SECRET, "ben")
    held, ana = HeldRead(ward, monkeypatch), Client(ward, "ana")
    asked = ana.tell(do, {"room": "cardiology"})
    await held.has_read.wait()

    await ward.run("message.remove", {"room": "cardiology", "id": posted["id"]}, "ben")

    held.may_end.set()
    answer = (await ana.until(lambda frame: frame.get("re") == asked))["ok"]
    [message] = answer.get("snapshot", answer)["messages"]
    assert (message["id"], message["text"]) == (posted["id"], "")
    assert SECRET not in str(ana.read())


async def test_one_who_loses_the_right_while_the_room_is_read_is_refused(
    ward: Ward, monkeypatch: pytest.MonkeyPatch
) -> None:
    room = await ward.open_room("any", "ana", "ben", private=True)
    await ward.post(room, "Among ourselves", "ana")
    staying = Client(ward, "ana")
    await staying.enter(room)
    held, leaving = HeldRead(ward, monkeypatch), Client(ward, "ben")
    asked = leaving.tell("room.enter", {"room": room})
    await held.has_read.wait()

    await ward.run("member.leave", {"room": room}, "ben")

    held.may_end.set()
    answer = await leaving.until(lambda frame: frame.get("re") == asked)
    posted = await ward.post(room, "Now that they are gone", "ana")
    await staying.event(posted["seq"])
    assert answer["refused"]["code"] == "not_found"
    assert leaving.read() == [answer]
