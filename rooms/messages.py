"""Messages: posting, editing, removing and reading back; what all kinds of post share."""

import unicodedata
from typing import Annotated

import msgspec

from chat.commands import Commands, Rate, Reply, Request, RoomId, Runs, Seq, Told, Write
from chat.errors import BadRequest, NotFound, TooLarge
from chat.events import Event
from chat.identifiers import new_id
from rooms.permissions import require_may_edit, require_may_remove, require_may_write
from rooms.readings import Reading
from rooms.snapshots import PAGE_LIMIT, Page, page_after, page_around, page_before
from rooms.unit_of_work import UnitOfWork
from storage.messages import Message, Messages, Removed
from storage.pins import Pins
from storage.reactions import Reactions

commands = Commands[UnitOfWork]()
readings = Commands[Reading]()

TEXT_LIMIT = 10_000  # characters; docs/protocol.md, Limits
REASON_LIMIT = 500  # characters; guessed: a sentence or three

MessageId = Annotated[str, msgspec.Meta(max_length=64)]
Reason = Annotated[str, msgspec.Meta(max_length=REASON_LIMIT)]


class MessagePosted(Event, event="message.posted"):
    """Somebody posted. ``cid`` tells the author's devices which of their pending posts it is."""

    id: str
    cid: str
    kind: str
    text: str
    reply_to: str | None = None


class MessageEdited(Event, event="message.edited"):
    """An author changed the text; ``version`` counts from 1, the text as posted."""

    id: str
    text: str
    version: int


class MessageRemoved(Event, event="message.removed"):
    """The text is gone for good: by a moderator where ``by`` is not the author."""

    id: str
    reason: str | None = None


class PostMessage(Write):
    """Ask to post a text. The ``cid`` is required: it makes a retry harmless."""

    room: RoomId
    text: str
    kind: str = "text"
    reply_to: MessageId | None = None


class Posted(Reply):
    """Where a post stands, and its id."""

    room: str
    seq: int
    id: str
    at: float
    duplicate: bool = False


class EditMessage(Write):
    """Ask to replace the text of one's own message."""

    room: RoomId
    id: MessageId
    text: str


class RemoveMessage(Write):
    """Ask to remove a message, with a word on why."""

    room: RoomId
    id: MessageId
    reason: Reason | None = None


class ShowHistory(Request):
    """Ask for messages older than ``before``, newer than ``after``, or on both sides of ``around``."""

    room: RoomId
    before: Seq | None = None
    after: Seq | None = None
    around: Seq | None = None
    limit: Annotated[int, msgspec.Meta(ge=1, le=PAGE_LIMIT)] = 50


@commands.add("message.post", scope="post", rate=Rate.POSTS)
def post_message(work: UnitOfWork, request: PostMessage) -> Posted:
    """Post a text and tell the room."""
    rights = work.rights(request.room)
    require_may_write(work.actor, rights)
    require_text(request.text)
    if request.cid is None:
        raise BadRequest("cid: a post needs one")
    if request.kind != "text":
        raise BadRequest(f"kind: there is no kind of post called {request.kind[:64]!r}")
    if request.reply_to is not None:
        find_message(work, rights.room, request.reply_to)
    message = new_id()
    told = work.tell(
        rights.room,
        MessagePosted(
            id=message, cid=request.cid, kind=request.kind, text=request.text,
            reply_to=request.reply_to,
        ),
        subject=message,
    )  # fmt: skip
    work.keep(
        Messages,
        {
            "room": rights.room, "seq": told.seq, "id": message, "at": work.now,
            "by": work.actor.id, "kind": request.kind, "text": request.text, "version": 1,
            "reply_to": request.reply_to,
        },
    )  # fmt: skip
    return Posted(room=told.room, seq=told.seq, id=message, at=work.now)


@commands.add("message.edit", scope="post")
def edit_message(work: UnitOfWork, request: EditMessage) -> Told:
    """Replace a text within the edit window and tell the room."""
    rights = work.rights(request.room)
    require_may_write(work.actor, rights)
    require_text(request.text)
    message = find_message(work, rights.room, request.id)
    require_may_edit(work.actor, message, now=work.now, seconds=work.policy.edit_seconds)
    if message.text == request.text:
        return work.unchanged(rights.room)
    version = message.version + 1
    work.use(Messages).edit(message.id, request.text, version, work.now)
    edited = MessageEdited(id=message.id, text=request.text, version=version)
    return work.tell(rights.room, edited, subject=message.id)


@commands.add("message.remove", scope="post")
def remove_message(work: UnitOfWork, request: RemoveMessage) -> Told:
    """Remove a message: its text leaves every event that carried it, and its pin goes."""
    rights = work.rights(request.room)
    require_may_write(work.actor, rights)
    message = work.use(Messages).find(rights.room, request.id)
    if message is None:
        raise NotFound("There is no such message.")
    require_may_remove(work.actor, rights, message)
    if message.removed is not None:
        return work.unchanged(rights.room)
    work.use(Messages).remove(
        message.id, Removed(at=work.now, by=work.actor.id, reason=request.reason)
    )
    work.use(Reactions).clear(message.id)
    work.use(Pins).remove(message.id)
    if message.by != work.actor.id:
        work.record("message.remove", room=rights.room, target=message.id, reason=request.reason)
    removed = MessageRemoved(id=message.id, reason=request.reason)
    return work.tell(rights.room, removed, voids=message.id)


@readings.add("message.history", runs=Runs.READS, scope="read")
def show_history(reading: Reading, request: ShowHistory) -> Page:
    """Return a page of messages in their present state, ascending, as of one number of the room."""
    room = reading.room(request.room)
    if sum(edge is not None for edge in (request.before, request.after, request.around)) > 1:
        raise BadRequest("before, after and around exclude one another")
    if request.around is not None:
        return page_around(reading, room, request.around, request.limit)
    if request.after is not None:
        return page_after(reading, room, request.after, request.limit)
    newest = room.head + 1
    before = newest if request.before is None else min(request.before, newest)
    return page_before(reading, room, before, request.limit)


def require_text(text: str) -> None:
    """Refuse a text that is too long, or that shows nothing."""
    if len(text) > TEXT_LIMIT:
        raise TooLarge(f"text: {len(text):,} characters; at most {TEXT_LIMIT:,} are posted.")
    if not any(unicodedata.category(character)[0] not in "ZC" for character in text):
        raise BadRequest("text: blank")


def find_message(work: UnitOfWork, room: str, message: str) -> Message:
    """Return a message of the room that is still there. Raises NotFound."""
    found = work.use(Messages).find(room, message)
    if found is None or found.removed is not None:
        raise NotFound("There is no such message.")
    return found
