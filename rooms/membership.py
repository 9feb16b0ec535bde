"""Membership: joining a room, leaving it, and adding people to a private one."""

from typing import Annotated

import msgspec

from chat.commands import Commands, RoomId, Told, Write
from chat.errors import Conflict, NotFound
from chat.events import ME, Event, is_own_room, own_room
from rooms.permissions import Actor, require_may_add_member
from rooms.unit_of_work import UnitOfWork
from storage.members import Member, Members
from storage.people import People, Person

commands = Commands[UnitOfWork]()
internal = Commands[UnitOfWork]()

PersonName = Annotated[str, msgspec.Meta(min_length=1, max_length=65)]


class MemberJoined(Event, event="member.joined"):
    """Somebody belongs to the room."""

    person: str


class MemberLeft(Event, event="member.left"):
    """Somebody left of their own will."""

    person: str


class MemberAdded(Event, event="member.added"):
    """In ``@me``: somebody let one into a room, which is in ``room.list`` from here on."""

    room: str


class JoinRoom(Write):
    """Ask to belong to a public room."""

    room: RoomId


class EndMembership(Write):
    """Ask to belong to a room no longer."""

    room: RoomId


class AddMember(Write):
    """Ask to let a person (an id or ``@handle``) belong to a room."""

    room: RoomId
    person: PersonName


class TellAdded(Write, kw_only=True):
    """Ask, from within the server, to tell somebody that they were added to a room."""

    room: RoomId

    def logs(self) -> tuple[str, ...]:
        """Return the room of their own."""
        return (ME,)


@commands.add("room.join", scope="post")
def join_room(work: UnitOfWork, request: JoinRoom) -> Told:
    """Join a room that is open to the actor, and tell it."""
    rights = work.rights(request.room)
    if work.actor.id in rights.roles:
        return work.unchanged(rights.room)
    return admit(work, rights.room, work.actor.id)


@commands.add("member.leave", scope="post")
def end_membership(work: UnitOfWork, request: EndMembership) -> Told:
    """Leave a room and tell it."""
    rights = work.rights(request.room)
    if is_own_room(rights.room):
        raise Conflict("Nobody leaves @me.")
    if work.actor.id not in rights.roles:
        return work.unchanged(rights.room)
    work.use(Members).remove(rights.room, work.actor.id)
    work.grant(rights.room, work.actor.id, None)
    return work.tell(rights.room, MemberLeft(person=work.actor.id))


@commands.add("member.add", scope="manage")
def add_member(work: UnitOfWork, request: AddMember) -> Told:
    """Add a person to a room and tell it."""
    rights = work.rights(request.room)
    require_may_add_member(work.actor, rights)
    if is_own_room(rights.room):
        raise Conflict("Nobody is added to @me.")
    person = find_person(work, request.person)
    if person.id in rights.roles:
        return work.unchanged(rights.room)
    work.leave_job(
        internal.find("member.tell_added"), TellAdded(room=rights.room), actor=Actor.of(person)
    )
    work.record("member.add", room=rights.room, target=person.id)
    return admit(work, rights.room, person.id)


@internal.add("member.tell_added")
def tell_added(work: UnitOfWork, request: TellAdded) -> None:
    """Tell the actor, who was added, of the room; not where they have left it meanwhile."""
    if work.use(Members).since(request.room, work.actor.id) is not None:
        work.tell(own_room(work.actor.id), MemberAdded(room=request.room))


def admit(work: UnitOfWork, room: str, person: str, *, role: str = "member") -> Told:
    """Make a person a member, whose unread messages begin here, and tell the room."""
    told = work.tell(room, MemberJoined(person=person))
    work.use(Members).add(Member(room=room, person=person, role=role, since=told.seq, at=work.now))
    work.grant(room, person, role)
    return told


def find_person(work: UnitOfWork, name: str) -> Person:
    """Return a person by id or ``@handle``. Raises NotFound."""
    person = work.use(People).find(name)
    if person is None:
        raise NotFound(f"There is nobody called {name}.")
    return person
