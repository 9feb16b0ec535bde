"""Sessions: signing in and out, and the first administrator of a new server.

A session is a random secret in a cookie, of which the server keeps the digest. Who does not exist and
who gives a wrong password are told the same, after the same time.
"""

from collections.abc import Callable
from typing import Annotated, Any

import msgspec

from chat.commands import Commands, Over, Rate, Reply, Request, Runs
from chat.errors import Conflict, Forbidden, SignedOut
from chat.identifiers import new_id
from rooms.people import Handle, Name, insert_person
from rooms.readings import Reading
from storage.audit import Act, Audit
from storage.credentials import Credentials, digest_of, new_secret
from storage.database import Connection
from storage.people import People, Person
from storage.rooms import Rooms
from web.passwords import PASSWORD_LEAST, PASSWORD_MOST
from web.visitors import Visitor

visitors = Commands[Visitor]()
readings = Commands[Reading]()

Password = Annotated[str, msgspec.Meta(max_length=PASSWORD_MOST)]
NewPassword = Annotated[str, msgspec.Meta(min_length=PASSWORD_LEAST, max_length=PASSWORD_MOST)]


class OpenSession(Request):
    """Ask to be signed in. The handle may be written with its @."""

    handle: Annotated[str, msgspec.Meta(max_length=65)]
    password: Password


class SignUp(Request):
    """Ask to be the first administrator, with the code that the server printed at its first start."""

    code: Annotated[str, msgspec.Meta(max_length=64)]
    handle: Handle
    name: Name
    password: NewPassword


class ShowSession(Request):
    """Ask who one is here."""


class CloseSession(Request):
    """Ask to be signed out."""


class Shown(Reply):
    """Who is signed in."""

    person: Person


@visitors.add("session.open", runs=Runs.LIVE, over=Over.HTTP, anonymous=True, rate=Rate.NONE)
async def open_session(visitor: Visitor, request: OpenSession) -> Shown:
    """Sign in with a password; the answer sets the session's cookie."""
    handle = request.handle.removeprefix("@").lower()
    now = visitor.curbside.loop_time()
    attempt = visitor.attempt(handle)
    visitor.sign_ins.require(attempt, now)
    found = await visitor.curbside.reading(
        lambda connection: Credentials(connection).password(handle)
    )
    is_right = await visitor.sign_ins.passwords.is_right(found and found[1], request.password)
    if attempt.device is None:  # again: others may have failed while this one was looked at
        visitor.sign_ins.require_address(visitor.address, visitor.curbside.loop_time())
    if not is_right:
        if attempt.device is None:
            visitor.sign_ins.count_failure(visitor.address, now)
        raise SignedOut("That handle and password do not belong together.")
    assert found is not None
    visitor.sign_ins.count_success(attempt)
    person = found[0]
    return await _begin(
        visitor, lambda connection: People(connection).named([person])[0], "session.open"
    )


@visitors.add("session.sign_up", runs=Runs.LIVE, over=Over.HTTP, anonymous=True, rate=Rate.NONE)
async def sign_up(visitor: Visitor, request: SignUp) -> Shown:
    """Become the first administrator, with the one-time code that the server printed."""
    now = visitor.curbside.loop_time()
    visitor.sign_ins.require_address(visitor.address, now)
    hashed = await visitor.sign_ins.passwords.hash(request.password)
    person = Person(
        id=new_id(), handle=request.handle, name=request.name.strip() or request.handle,
        kind="person", role="admin", verified=False,
    )  # fmt: skip

    def add(connection: Connection) -> Person:
        code, at = digest_of(request.code.strip()), visitor.curbside.wall_time()
        if not Credentials(connection).use_code(code, at):
            raise SignedOut("That code is not the one the server printed today, or was used.")
        if People(connection).find(f"@{person.handle}") is not None:
            raise Conflict("That handle is taken.")
        at = visitor.curbside.wall_time()
        insert_person(People(connection), Rooms(connection), person, at=at)
        Credentials(connection).set_password(person.id, hashed)
        return person

    try:
        return await _begin(visitor, add, "session.sign_up")
    except SignedOut:
        visitor.sign_ins.count_failure(visitor.address, now)
        raise


@visitors.add("session.close", runs=Runs.LIVE, over=Over.HTTP, anonymous=True, rate=Rate.NONE)
async def close_session(visitor: Visitor, request: CloseSession) -> None:
    """Sign out here: the session ends, with every connection that came with it."""
    identity = visitor.identity
    visitor.has_left = True
    if identity is None:
        return
    if identity.actor.scopes is not None:
        raise Forbidden("This is a token; it ends by token.revoke.")
    act = Act(visitor.curbside.wall_time(), identity.person.id, "session.close")

    def close(connection: Connection) -> None:
        Credentials(connection).close_session(identity.session)
        Audit(connection).add([act._asdict()])

    await visitor.curbside.transaction(close)
    visitor.curbside.connections.end_session(identity.session)


@readings.add("session.show", runs=Runs.READS, scope="read", rate=Rate.NONE)
def show_session(reading: Reading, request: ShowSession) -> Shown:
    """Return who is signed in."""
    return Shown(person=reading.use(People).named([reading.actor.id])[0])


commands = Commands[Any]()
commands.include(visitors, readings)


def issue_code(connection: Connection, now: float) -> str | None:
    """Return a new one-time code for the first administrator, or None where somebody is there."""
    if People(connection).count():
        return None
    code = new_secret()
    Credentials(connection).set_code(digest_of(code), now)
    return code


async def _begin(visitor: Visitor, who: Callable[[Connection], Person], action: str) -> Shown:
    """Open a session, in place of one that the browser had: none can be planted beforehand."""
    secret, now = new_secret(), visitor.curbside.wall_time()
    former = visitor.identity if visitor.identity and visitor.identity.by_cookie else None

    def begin(connection: Connection) -> Person:
        person = who(connection)
        expires = now + visitor.session_seconds
        Credentials(connection).open_session(digest_of(secret), person.id, at=now, expires=expires)
        if former is not None:
            Credentials(connection).close_session(former.session)
        Audit(connection).add([Act(now, person.id, action)._asdict()])
        return person

    person = await visitor.curbside.transaction(begin)
    if former is not None:
        visitor.curbside.connections.end_session(former.session)
    visitor.opened = secret
    visitor.mark_device(person.handle)
    return Shown(person=person)
