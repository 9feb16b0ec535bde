"""Status: how people say that they type, are away, busy, on call, or not to be seen."""

from collections.abc import Hashable
from typing import Protocol

from chat.commands import Commands, Request, RoomId, Runs
from presence.tracker import State, Tracker
from presence.typing_signals import TypingSignals


class Present(Protocol):
    """What is known of one who asks: who it is, on which device, and where presence is kept."""

    person: str
    device: Hashable | None
    tracker: Tracker
    typing: TypingSignals
    now: float

    async def room_to_write(self, room: str) -> str:
        """Return the log of a room that the person may write in. Raises Refusal."""


commands = Commands[Present]()


class Type(Request):
    """Tell that one is typing; repeated every few seconds while it goes on."""

    room: RoomId


class SetPresence(Request):
    """Set one's own state: online and away for this device, the others for all of them."""

    state: State


@commands.add("person.type", runs=Runs.LIVE, scope="post")
async def type_in_room(present: Present, request: Type) -> None:
    """Show the room that the person is typing, for a few seconds."""
    room = await present.room_to_write(request.room)
    present.typing.start(room, present.person, present.now)


@commands.add("presence.set", runs=Runs.LIVE, scope="post")
async def set_presence(present: Present, request: SetPresence) -> None:
    """Set the state that others see in every room."""
    present.tracker.set_state(present.person, present.device, request.state)
