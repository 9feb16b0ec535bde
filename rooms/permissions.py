"""Permissions: who may do what, decided here and nowhere else, without any I/O.

``require_may_…`` raises the refusal, ``may_…`` answers. What an actor may not know of is NotFound.
"""

from typing import Literal, get_args

from chat.errors import EditWindowClosed, Forbidden, NotFound
from chat.events import is_own_room
from chat.values import Value
from storage.messages import Message
from storage.people import Person

MODERATING = ("owner", "moderator")

Scope = Literal["read", "post", "react", "pin", "moderate", "manage", "alerts", "audit:read"]
SCOPES: tuple[Scope, ...] = get_args(Scope)


class Actor(Value):
    """Who asks: a physician, a moderator or a bot. ``scopes`` is None for a session: all of them."""

    id: str
    handle: str
    kind: str
    role: str
    verified: bool
    scopes: frozenset[str] | None = None

    @classmethod
    def of(cls, person: Person, scopes: frozenset[str] | None = None) -> "Actor":
        """Return a person as one who acts."""
        return cls(
            id=person.id, handle=person.handle, kind=person.kind, role=person.role,
            verified=person.verified, scopes=scopes,
        )  # fmt: skip


class Rights(Value):
    """Who has which role in a room, as of one revision. ``epoch`` is that of the room's numbers."""

    room: str
    private: bool
    revision: int
    roles: dict[str, str]
    epoch: str = ""


def require_scope(actor: Actor, scope: str | None) -> None:
    """Refuse what the actor's token was not given for."""
    if actor.scopes is not None and scope not in actor.scopes:
        raise Forbidden(
            f"This token lacks the scope {scope}." if scope else "Tokens may not do this."
        )


def may_know(actor: Actor, rights: Rights) -> bool:
    """Return whether the actor may know that the room exists, enter it and read it."""
    return not rights.private or actor.id in rights.roles


def keeps_order(actor: Actor, rights: Rights) -> bool:
    """Return whether the actor is a moderator here, or the room's owner."""
    everywhere = actor.role in ("moderator", "admin") and not rights.private
    return everywhere or rights.roles.get(actor.id) in MODERATING


def may_moderate(actor: Actor, rights: Rights) -> bool:
    """Return whether the actor may act on what is another's; a token needs the scope for it."""
    has_scope = actor.scopes is None or "moderate" in actor.scopes
    return has_scope and keeps_order(actor, rights)


def require_may_know(actor: Actor, rights: Rights | None) -> Rights:
    """Refuse a room that is not there, or that the actor may not know of, in the same words."""
    if rights is None or not may_know(actor, rights):
        raise NotFound("There is no such room.")
    return rights


def require_may_write(actor: Actor, rights: Rights) -> None:
    """Refuse anything that adds to the room by one who has not joined it."""
    if is_own_room(rights.room):
        raise Forbidden("Nothing is posted in @me.")
    if actor.id not in rights.roles:
        raise Forbidden("Join the room to write in it.")


def require_may_edit(actor: Actor, message: Message, *, now: float, seconds: float) -> None:
    """Refuse changing another's words, or one's own once others may have acted on them."""
    if message.by != actor.id:
        raise Forbidden("Only its author may edit a message.")
    if now - message.at > seconds:
        raise EditWindowClosed(f"Messages can be edited for {seconds / 60:g} minutes.")


def require_may_remove(actor: Actor, rights: Rights, message: Message) -> None:
    """Refuse removal by anyone but the author and the room's moderators."""
    if message.by != actor.id and not may_moderate(actor, rights):
        raise Forbidden("Only its author or a moderator may remove a message.")


def require_may_pin(actor: Actor, rights: Rights) -> None:
    """Refuse pinning by anyone but moderators, and bots that were given the scope."""
    trusted_bot = actor.kind == "bot" and actor.scopes is not None and "pin" in actor.scopes
    if not (keeps_order(actor, rights) or trusted_bot):
        raise Forbidden("Only moderators pin messages.")


def require_may_open_room(actor: Actor) -> None:
    """Refuse rooms opened by bots without the scope to manage."""
    if actor.kind == "bot" and (actor.scopes is None or "manage" not in actor.scopes):
        raise Forbidden("This bot may not open rooms.")


def may_name_private_room(actor: Actor) -> bool:
    """Return whether the actor may choose a private room's id, which tells of it."""
    return actor.role in ("moderator", "admin")


def may_see_metrics(actor: Actor) -> bool:
    """Return whether the actor may see how the server fares."""
    return actor.role == "admin"


def require_may_add_member(actor: Actor, rights: Rights) -> None:
    """Refuse adding people by anyone but the room's owners and moderators."""
    if not keeps_order(actor, rights):
        raise Forbidden("Only owners and moderators add people.")


def require_may_create_bot(actor: Actor) -> None:
    """Refuse bots added by anyone but administrators."""
    if actor.role != "admin":
        raise Forbidden("Only administrators add bots.")


def require_may_create_token(actor: Actor, person: Person) -> None:
    """Refuse another's token: it would speak in their name. Bots' are the administrators' to make."""
    if person.id != actor.id and not (person.kind == "bot" and actor.role == "admin"):
        raise Forbidden("Tokens are one's own to make, and administrators' those of bots.")


def require_may_revoke_token(actor: Actor, owner: str | None) -> None:
    """Refuse a token that is not there, and in the same words one that is another's."""
    if owner is None or (owner != actor.id and actor.role != "admin"):
        raise NotFound("There is no such token.")
