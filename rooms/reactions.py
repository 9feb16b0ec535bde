"""Reactions: peer opinion in one press, which can be counted."""

import emoji as unicode_emoji

from chat.commands import Commands, RoomId, Told, Write
from chat.errors import BadRequest, Conflict
from chat.events import Event
from rooms.messages import MessageId, find_message
from rooms.permissions import require_may_write
from rooms.unit_of_work import UnitOfWork
from storage.reactions import Reactions

commands = Commands[UnitOfWork]()

CLINICAL = ("agree", "useful", "seen", "evidence")
DIFFERENT_LIMIT = 20  # emoji a message; Discord has the same


class MessageReacted(Event, event="message.reacted"):
    """Somebody chose an emoji under a message, or took it back."""

    id: str
    emoji: str
    on: bool


class ReactToMessage(Write):
    """Ask to choose one emoji (Unicode, or a clinical word) under a message, or to take it back."""

    room: RoomId
    id: MessageId
    emoji: str
    on: bool


@commands.add("message.react", scope="react")
def react_to_message(work: UnitOfWork, request: ReactToMessage) -> Told:
    """Choose an emoji or take it back, and tell the room."""
    rights = work.rights(request.room)
    require_may_write(work.actor, rights)
    if request.emoji not in CLINICAL and not unicode_emoji.is_emoji(request.emoji):
        raise BadRequest(f"emoji: one Unicode emoji, or one of {', '.join(CLINICAL)}")
    message = find_message(work, rights.room, request.id)
    reactions = work.use(Reactions)
    if reactions.has(message.id, request.emoji, work.actor.id) == request.on:
        return work.unchanged(rights.room)
    if request.on:
        _require_room_for(reactions.emojis(message.id), request.emoji)
        reactions.add(message.id, request.emoji, work.actor.id, work.now)
    else:
        reactions.take_back(message.id, request.emoji, work.actor.id)
    return work.tell(rights.room, MessageReacted(id=message.id, emoji=request.emoji, on=request.on))


def _require_room_for(emojis: set[str], emoji: str) -> None:
    if len(emojis | {emoji}) > DIFFERENT_LIMIT:
        raise Conflict(f"A message takes at most {DIFFERENT_LIMIT} different reactions.")
