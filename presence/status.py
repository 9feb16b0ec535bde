"""Status: how people say that they type, are away, busy, on call, or not to be seen."""

from collections.abc import Hashable
from typing import Protocol

from chat.commands import Commands, Request, RoomId, Runs
from presence.people import State
from presence.tracker import Tracker
from presence.typing_signals import TypingSignals


class Present(Protocol):
    """What is known of one who asks: who it is, on which device, and where presence is kept."""

    person: str
    device: Hashable | None
    tracker: Tracker
    typing: TypingSignals
    now: float
    at: float
    """Seconds since 1970 UTC; ``now`` is the loop's time."""

    async def room_to_write(self, room: str) -> str:
        """Return the log of a room that the person may write in. Raises Refusal."""


commands = Commands[Present]()


class ShowTyping(Request):
    """Ask to be shown as typing; repeated every few seconds while it goes on."""

    room: RoomId


class SetPresence(Request):
    """Ask to be shown in a state: online and away are this device's, the others one's own."""

    state: State


@commands.add("person.type", runs=Runs.LIVE, scope="post")
async def type_in_room(present: Present, request: ShowTyping) -> None:
    """Show the room that the person is typing, for a few seconds; of the unseen nothing shows."""
    room = await present.room_to_write(request.room)
    if not present.tracker.is_unseen(present.person):
        present.typing.start(room, present.person, present.now)


@commands.add("presence.set", runs=Runs.LIVE, scope="post")
async def set_presence(present: Present, request: SetPresence) -> None:
    """Set the state that others see in every room."""
    present.tracker.set_state(present.person, present.device, request.state, present.at)
    if request.state == "invisible":
        present.typing.stop_everywhere(present.person)
