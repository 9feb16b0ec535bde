"""Pins: what a room keeps in view."""

from typing import Annotated

import msgspec

from chat.commands import Commands, RoomId, Told, Write
from chat.errors import Conflict
from chat.events import Event
from rooms.messages import MessageId, find_message
from rooms.permissions import require_may_pin, require_may_write
from rooms.unit_of_work import UnitOfWork
from storage.messages import Message, Pinned
from storage.pins import Pins

commands = Commands[UnitOfWork]()

PINS_A_ROOM = 50  # guessed: more than this and nobody reads them; Discord allows 250
NOTE_LIMIT = 280  # characters; guessed: two lines of the pins bar


class MessagePinned(Event, event="message.pinned"):
    """A message is kept in view. Carries it whole, so that no reader must fetch it."""

    id: str
    message: Message
    note: str | None = None


class MessageUnpinned(Event, event="message.unpinned"):
    """A message is no longer kept in view; ``cause`` is ``manual``."""

    id: str
    cause: str


class PinMessage(Write):
    """Ask to keep a message in view, with a word on why."""

    room: RoomId
    id: MessageId
    note: Annotated[str, msgspec.Meta(max_length=NOTE_LIMIT)] | None = None


class UnpinMessage(Write):
    """Ask to keep a message in view no longer."""

    room: RoomId
    id: MessageId


@commands.add("message.pin", scope="pin")
def pin_message(work: UnitOfWork, request: PinMessage) -> Told:
    """Pin a message and tell the room. Pinning it again changes the note alone."""
    rights = work.rights(request.room)
    require_may_write(work.actor, rights)
    require_may_pin(work.actor, rights)
    message = find_message(work, rights.room, request.id)
    pins = work.use(Pins)
    pinned = pins.among([message.id]).get(message.id)
    if pinned is None:
        if pins.count(rights.room) >= PINS_A_ROOM:
            raise Conflict(f"A room keeps at most {PINS_A_ROOM} pins.")
        pins.add(rights.room, message.id, Pinned(at=work.now, by=work.actor.id, note=request.note))
    elif pinned.note == request.note:
        return work.unchanged(rights.room)
    else:
        pins.annotate(message.id, request.note)
    work.record("message.pin", room=rights.room, target=message.id, reason=request.note)
    event = MessagePinned(id=message.id, message=message, note=request.note)
    return work.tell(rights.room, event, subject=message.id)


@commands.add("message.unpin", scope="pin")
def unpin_message(work: UnitOfWork, request: UnpinMessage) -> Told:
    """Unpin a message and tell the room."""
    rights = work.rights(request.room)
    require_may_write(work.actor, rights)
    require_may_pin(work.actor, rights)
    message = find_message(work, rights.room, request.id)
    if not work.use(Pins).remove(message.id):
        return work.unchanged(rights.room)
    work.record("message.unpin", room=rights.room, target=message.id)
    return work.tell(rights.room, MessageUnpinned(id=message.id, cause="manual"))
