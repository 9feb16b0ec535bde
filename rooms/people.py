"""People: who they are to others, and how one is added."""

import secrets
from typing import Annotated, Literal

import msgspec

from chat.commands import Commands, Reply, Request, Runs, Write
from chat.errors import Conflict
from chat.events import own_room
from chat.identifiers import new_id
from rooms.readings import Reading
from rooms.unit_of_work import UnitOfWork
from storage.people import People, Person
from storage.rooms import Room, Rooms

commands = Commands[UnitOfWork]()
readings = Commands[Reading]()
internal = Commands[UnitOfWork]()

LIST_LIMIT = 100  # people; a page of history names no more

# Python's $ also matches before a last newline, which the rest of the pattern then refuses.
Handle = Annotated[str, msgspec.Meta(pattern=r"^[a-z][a-z0-9-]{1,31}$(?!\n)")]
Name = Annotated[str, msgspec.Meta(min_length=1, max_length=80)]
PersonId = Annotated[str, msgspec.Meta(max_length=64)]


class ListPeople(Request):
    """Ask who some people are, by their ids."""

    people: Annotated[list[PersonId], msgspec.Meta(max_length=LIST_LIMIT)]


class ListedPeople(Reply):
    """Those of the people that there are."""

    people: list[Person]


class AddPerson(Write, kw_only=True):
    """Ask, from within the server, to add a person or a bot."""

    handle: Handle
    name: Name
    kind: Literal["person", "bot"] = "person"
    role: Literal["member", "moderator", "admin"] = "member"
    specialty: Annotated[str, msgspec.Meta(max_length=80)] | None = None
    verified: bool = False


class Added(Reply):
    """Who was added."""

    person: Person


@readings.add("person.list", runs=Runs.READS, scope="read")
def list_people(reading: Reading, request: ListPeople) -> ListedPeople:
    """Return people by their ids."""
    return ListedPeople(people=reading.use(People).named(request.people))


@internal.add("person.add")
def add_person(work: UnitOfWork, request: AddPerson) -> Added:
    """Add a person, and the room of their own that is ``@me`` to them."""
    if work.use(People).find(f"@{request.handle}") is not None:
        raise Conflict(f"The handle {request.handle} is taken.")
    person = Person(
        id=new_id(), handle=request.handle, name=request.name, kind=request.kind,
        role=request.role, verified=request.verified, specialty=request.specialty,
    )  # fmt: skip
    own = insert_person(work.use(People), work.use(Rooms), person, at=work.now)
    work.open_log(own, {person.id: "owner"})
    work.record("person.add", target=person.id, reason=f"{person.handle}: {person.role}")
    return Added(person=person)


def insert_person(people: People, rooms: Rooms, person: Person, *, at: float) -> Room:
    """Insert a person and the room of their own, and return that."""
    own = Room(
        id=own_room(person.id), title="", topic="", private=True, epoch=secrets.token_hex(8),
        head=0, revision=1, at=at,
    )  # fmt: skip
    people.add(person, at)
    rooms.add(own)
    return own
