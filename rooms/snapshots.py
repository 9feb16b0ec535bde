"""Snapshots: a room folded up to its head, and pages of its messages, as one viewer sees them."""

from collections.abc import Sequence

import msgspec

from chat.commands import Reply
from chat.values import Value
from rooms.readings import Reading
from storage.members import Members
from storage.messages import Message, Messages, people_of
from storage.people import People, Person
from storage.pins import Pins
from storage.reactions import Reactions
from storage.reads import Reads
from storage.rooms import Room

PAGE_LIMIT = 100  # messages; more are rarely looked at, and seldom fit a frame
BYTES_LIMIT = 1_000_000  # of a 1 MiB frame, the rest for what stands around it
PINS_LIMIT = 300_000  # bytes of that; seven texts of the greatest length, or 50 of 1,500 characters
PERSON_BYTES = 800  # of one person, at most: 80 characters of name and of specialty, 4 bytes each


class Page(Reply):
    """Messages, ascending. ``more`` says whether there are more in the direction asked for."""

    room: str
    as_of: int
    messages: list[Message]
    more: bool
    older: bool
    newer: bool
    people: list[Person]


class Settings(Value):
    """What a room is set to."""

    title: str
    topic: str
    private: bool


class Snapshot(Value, tag_field="of", tag="room"):
    """A room as of its head: it replaces all that a client held."""

    messages: list[Message]
    more: bool
    pins: list[Message]
    more_pins: bool
    people: list[Person]
    role: str | None
    read: int
    unread: int
    mentions: int
    settings: Settings


class OwnSnapshot(Value, tag_field="of", tag="me"):
    """One's own room: ``reads`` holds every marker."""

    reads: list["ReadMark"]
    mentions: list[None]
    direct: list[None]
    sanctions: list[None]
    drafts: list[None]


class ReadMark(Value):
    """How far one has read a room, and what is left."""

    room: str
    seq: int
    unread: int
    mentions: int


def snapshot(reading: Reading, room: Room, limit: int) -> Snapshot:
    """Return a room with up to ``limit`` of its newest messages; fewer, and fewer pins, where they
    are large: the whole stays within a frame."""
    me = reading.actor.id
    pins, more_pins = _fit(dress(reading, reading.use(Pins).of(room.id)), PINS_LIMIT)
    shown, more = _older(reading, room.id, room.head + 1, limit, BYTES_LIMIT - PINS_LIMIT)
    read, unread = marks(reading, {room.id: room.head})[room.id]
    return Snapshot(
        messages=shown,
        more=more,
        pins=pins,
        more_pins=more_pins,
        people=reading.use(People).named(people_of([*shown, *pins]) | {me}),
        role=reading.use(Members).role(room.id, me),
        read=read,
        unread=unread,
        mentions=0,
        settings=Settings(title=room.title, topic=room.topic, private=room.private),
    )


def own_snapshot(reading: Reading) -> OwnSnapshot:
    """Return what ``@me`` holds."""
    joined = reading.use(Members).of(reading.actor.id)
    found = marks(reading, {room: member.since for room, member in joined.items()})
    reads = [
        ReadMark(room=room, seq=seq, unread=unread, mentions=0)
        for room, (seq, unread) in found.items()
    ]
    return OwnSnapshot(reads=reads, mentions=[], direct=[], sanctions=[], drafts=[])


def marks(reading: Reading, heads: dict[str, int]) -> dict[str, tuple[int, int]]:
    """Return marker and unread count of each room.

    A member who never marked has read up to where they joined; one who is no member has nothing
    unread: their marker is the number in ``heads``.
    """
    me = reading.actor.id
    joined = reading.use(Members).of(me)
    marked = reading.use(Reads).of(me)
    read = {
        room: max(marked.get(room, 0), joined[room].since) if room in joined else head
        for room, head in heads.items()
    }
    unread = reading.use(Messages).unread(
        me, {room: read[room] for room in heads if room in joined}
    )
    return {room: (read[room], unread.get(room, 0)) for room in heads}


def page_before(reading: Reading, room: Room, before: int, limit: int) -> Page:
    """Return the messages right below a number."""
    shown, older = _older(reading, room.id, before, limit)
    newer = bool(reading.use(Messages).after(room.id, before - 1, limit=1))
    return _page(reading, room, shown, more=older, older=older, newer=newer)


def page_after(reading: Reading, room: Room, after: int, limit: int) -> Page:
    """Return the messages right above a number."""
    shown, newer = _newer(reading, room.id, after, limit)
    older = bool(reading.use(Messages).before(room.id, after + 1, limit=1))
    return _page(reading, room, shown, more=newer, older=older, newer=newer)


def page_around(reading: Reading, room: Room, around: int, limit: int) -> Page:
    """Return the messages on both sides of a number, its own among them."""
    below, older = _older(reading, room.id, around + 1, limit - limit // 2, BYTES_LIMIT // 2)
    above, newer = _newer(reading, room.id, around, limit // 2, BYTES_LIMIT // 2)
    return _page(reading, room, below + above, more=older or newer, older=older, newer=newer)


def dress(reading: Reading, found: Sequence[Message]) -> list[Message]:
    """Return messages with their reactions, as the viewer sees them, and their pins."""
    if not found:
        return []
    ids = [message.id for message in found]
    reactions = reading.use(Reactions).under(ids, reading.actor.id)
    pinned = reading.use(Pins).among(ids)
    return [
        msgspec.structs.replace(
            message, reactions=reactions.get(message.id, []), pinned=pinned.get(message.id)
        )
        for message in found
    ]


def _older(
    reading: Reading, room: str, before: int, limit: int, size: int = BYTES_LIMIT
) -> tuple[list[Message], bool]:
    found = reading.use(Messages).before(room, before, limit=limit + 1)
    shown, cut = _fit(dress(reading, found[:limit]), size)
    return shown[::-1], cut or len(found) > limit


def _newer(
    reading: Reading, room: str, after: int, limit: int, size: int = BYTES_LIMIT
) -> tuple[list[Message], bool]:
    found = reading.use(Messages).after(room, after, limit=limit + 1)
    shown, cut = _fit(dress(reading, found[:limit]), size)
    return shown, cut or len(found) > limit


def _fit(found: list[Message], size: int) -> tuple[list[Message], bool]:
    """Return the first of the messages that take up to ``size`` bytes, and whether any were cut.

    Counted in JSON, which is never shorter than MessagePack, and with the people whom they name.
    """
    named: set[str] = set()
    for index, message in enumerate(found):
        new = people_of([message]) - named
        named |= new
        size -= len(msgspec.json.encode(message)) + PERSON_BYTES * len(new)
        if size < 0:
            return found[:index], True
    return found, False


def _page(
    reading: Reading, room: Room, shown: list[Message], *, more: bool, older: bool, newer: bool
) -> Page:
    return Page(
        room=room.id,
        as_of=room.head,
        messages=shown,
        more=more,
        older=older,
        newer=newer,
        people=reading.use(People).named(people_of(shown)),
    )
