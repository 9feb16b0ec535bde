"""The directory: which rooms there are, and opening new ones."""

import secrets
from typing import Annotated

import msgspec

from chat.commands import Commands, Reply, Request, Runs, Told, Write
from chat.errors import BadRequest, Conflict
from chat.events import Event
from chat.values import Value
from rooms.membership import PersonName, admit, find_person
from rooms.permissions import may_name_private_room, require_may_open_room
from rooms.readings import Reading
from rooms.snapshots import marks
from rooms.unit_of_work import UnitOfWork
from storage.members import Member, Members
from storage.rooms import Room, Rooms

commands = Commands[UnitOfWork]()
internal = Commands[UnitOfWork]()
readings = Commands[Reading]()

TITLE_LIMIT = 80  # characters; guessed: two lines of the rail
LIST_LIMIT = 200  # rooms a page; as many as one connection may enter

Slug = Annotated[str, msgspec.Meta(pattern=r"^[a-z0-9-]{1,64}$(?!\n)")]
Topic = Annotated[str, msgspec.Meta(max_length=250)]  # guessed: three lines above the stream
Title = Annotated[str, msgspec.Meta(min_length=1, max_length=TITLE_LIMIT)]


class RoomChanged(Event, event="room.changed"):
    """Settings of the room, with their new values; its first event says how it began."""

    title: str | None = None
    topic: str | None = None
    private: bool | None = None


class CreateRoom(Write, kw_only=True):
    """Ask to open a room. A private one that a member makes gets an id of its own."""

    room: Slug | None = None
    title: Title
    topic: Topic = ""
    private: bool = False

    def logs(self) -> tuple[str, ...]:
        """Return the room, which may exist already."""
        return (self.room,) if self.room else ()


class AddRoom(Write, kw_only=True):
    """Ask, from within the server, to open a room for people (ids or ``@handle``)."""

    room: Slug
    title: Title
    topic: Topic = ""
    private: bool = False
    owner: PersonName | None = None
    members: tuple[PersonName, ...] = ()

    def logs(self) -> tuple[str, ...]:
        """Return the room, which may exist already."""
        return (self.room,)


class ListRooms(Request):
    """Ask for the rooms that one may know of, in the order of their ids."""

    cursor: Slug | None = None
    limit: Annotated[int, msgspec.Meta(ge=1, le=LIST_LIMIT)] = LIST_LIMIT


class ListedRoom(Value):
    """One room, as the viewer stands to it."""

    room: str
    title: str
    topic: str
    private: bool
    members: int
    member: bool
    role: str | None
    epoch: str
    head: int
    read: int
    unread: int
    mentions: int


class ListedRooms(Reply):
    """A page of rooms; ``next`` is the cursor of the following one."""

    rooms: list[ListedRoom]
    next: str | None = None


@commands.add("room.create", scope="manage")
def create_room(work: UnitOfWork, request: CreateRoom) -> Told:
    """Open a room with the actor as its owner."""
    require_may_open_room(work.actor)
    slug = _slug(work, request)
    _open(work, slug, request)
    return admit(work, slug, work.actor.id, role="owner")


@internal.add("room.add")
def add_room(work: UnitOfWork, request: AddRoom) -> Told:
    """Open a room for those who are named."""
    _open(work, request.room, request)
    named = dict.fromkeys(([request.owner] if request.owner else []) + list(request.members))
    told = work.unchanged(request.room)
    for name in named:
        role = "owner" if name == request.owner else "member"
        told = admit(work, request.room, find_person(work, name).id, role=role)
    return told


def _open(work: UnitOfWork, slug: str, asked: CreateRoom | AddRoom) -> None:
    title, topic, private = asked.title, asked.topic, asked.private
    if not title.strip():
        raise BadRequest("title: blank")
    if work.use(Rooms).find(slug) is not None:
        raise Conflict("That room id is taken.")
    room = Room(
        id=slug, title=title, topic=topic, private=private, epoch=secrets.token_hex(8),
        head=0, revision=1, at=work.now,
    )  # fmt: skip
    work.use(Rooms).add(room)
    work.open_log(room, {})
    work.record("room.create", room=slug, reason="private" if private else None)
    work.tell(slug, RoomChanged(title=title, topic=topic, private=private))


@readings.add("room.list", runs=Runs.READS, scope="read")
def list_rooms(reading: Reading, request: ListRooms) -> ListedRooms:
    """Return public rooms and one's own private ones, a page at a time."""
    after = request.cursor or ""
    joined = reading.use(Members).of(reading.actor.id)
    public = reading.use(Rooms).public_after(after, limit=request.limit + 1)
    own = [room for room in reading.use(Rooms).named(joined) if room.private and room.id > after]
    found = sorted([*public, *own], key=lambda room: room.id)[: request.limit + 1]
    shown = found[: request.limit]
    counts = reading.use(Members).counts([room.id for room in shown])
    marked = marks(reading, {room.id: room.head for room in shown})
    return ListedRooms(
        rooms=[_listed(room, joined.get(room.id), counts, marked) for room in shown],
        next=shown[-1].id if len(found) > request.limit else None,
    )


def _slug(work: UnitOfWork, request: CreateRoom) -> str:
    if request.private and (request.room is None or not may_name_private_room(work.actor)):
        return secrets.token_hex(8)
    if request.room is None:
        raise BadRequest("room: a public room needs an id")
    return request.room


def _listed(
    room: Room, member: Member | None, counts: dict[str, int], marked: dict[str, tuple[int, int]]
) -> ListedRoom:
    read, unread = marked[room.id]
    return ListedRoom(
        room=room.id, title=room.title, topic=room.topic, private=room.private,
        members=counts.get(room.id, 0), member=member is not None,
        role=member.role if member else None, epoch=room.epoch, head=room.head,
        read=read, unread=unread, mentions=0,
    )  # fmt: skip
