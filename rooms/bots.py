"""Bots, and the tokens by which they and people's scripts come in.

A token is shown once, in the answer that makes it. What is kept is a digest of it, and no answer keeps
it for a retry: that gets the token's id alone, by which the lost one can be revoked.
"""

from typing import Annotated

import msgspec

from chat.commands import Commands, Reply, Write
from chat.errors import BadRequest, Conflict
from chat.identifiers import new_id
from rooms.membership import PersonName, find_person
from rooms.people import AddPerson, Handle, Name, add_person
from rooms.permissions import (
    SCOPES,
    Scope,
    require_may_create_bot,
    require_may_create_token,
    require_may_revoke_token,
)
from rooms.unit_of_work import UnitOfWork
from storage.credentials import TOKEN_PREFIX, Credentials, digest_of, new_secret
from storage.people import Person
from storage.tokens import Tokens

commands = Commands[UnitOfWork]()
internal = Commands[UnitOfWork]()

TOKENS_A_PERSON = 100  # live ones; guessed: more are a script that forgets to revoke

Scopes = Annotated[tuple[Scope, ...], msgspec.Meta(min_length=1, max_length=len(SCOPES))]
TokenId = Annotated[str, msgspec.Meta(max_length=64)]


class CreateBot(Write, kw_only=True):
    """Ask to add a bot, with its first token."""

    handle: Handle
    name: Name | None = None
    scopes: Scopes


class CreateToken(Write, kw_only=True):
    """Ask for a token of one's own, or of a bot (an id or ``@handle``), until ``expires``."""

    scopes: Scopes
    person: PersonName | None = None
    expires: float | None = None


class AddToken(Write, kw_only=True):
    """Ask, from within the server, for a token of anybody."""

    scopes: Scopes
    person: PersonName


class RevokeToken(Write, kw_only=True):
    """Ask that a token be worth nothing from here on."""

    id: TokenId


class CreatedToken(Reply):
    """Whose token it is, its id, and itself: this once, never again."""

    person: Person
    id: str
    token: str


@commands.add("bot.create", secret="token")  # noqa: S106  # the name of a key
def create_bot(work: UnitOfWork, request: CreateBot) -> CreatedToken:
    """Add a bot, and answer its first token."""
    require_may_create_bot(work.actor)
    name = request.name or request.handle
    asked = AddPerson(handle=request.handle, name=name, kind="bot", verified=True)
    return _issue(work, add_person(work, asked).person, request.scopes, None)


@commands.add("token.create", secret="token")  # noqa: S106  # the name of a key
def create_token(work: UnitOfWork, request: CreateToken) -> CreatedToken:
    """Make a token that may do what its scopes name, and no more than its holder."""
    person = find_person(work, request.person or work.actor.id)
    require_may_create_token(work.actor, person)
    if request.expires is not None and request.expires <= work.now:
        raise BadRequest("expires: in the past")
    if work.use(Tokens).count(person.id, work.now) >= TOKENS_A_PERSON:
        raise Conflict(f"There are {TOKENS_A_PERSON} tokens already; revoke one first.")
    return _issue(work, person, request.scopes, request.expires)


@internal.add("token.add", secret="token")  # noqa: S106  # the name of a key
def add_token(work: UnitOfWork, request: AddToken) -> CreatedToken:
    """Make a token of anybody, as whoever runs the server may."""
    return _issue(work, find_person(work, request.person), request.scopes, None)


@commands.add("token.revoke")
def revoke_token(work: UnitOfWork, request: RevokeToken) -> None:
    """End a token: nobody comes in by it again, and whoever is in by it is sent away."""
    require_may_revoke_token(work.actor, work.use(Tokens).owner(request.id))
    work.record("token.revoke", target=request.id)
    work.end_session(work.use(Tokens).remove(request.id))


def _issue(
    work: UnitOfWork, person: Person, scopes: tuple[str, ...], expires: float | None
) -> CreatedToken:
    secret, token = new_secret(TOKEN_PREFIX), new_id()
    work.use(Credentials).add_token(
        digest_of(secret), token, person.id, frozenset(scopes), at=work.now, expires=expires
    )
    work.record("token.create", target=token, reason=f"{person.handle}: {' '.join(scopes)}")
    return CreatedToken(person=person, id=token, token=secret)
