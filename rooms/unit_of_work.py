"""The unit of work: all that one use case sees of the world.

What it keeps and tells stands aside until it ends, and its statements within a savepoint: a refused
one leaves no trace. The batch around it commits, and only then is anything sent.
"""

from collections.abc import Sequence
from typing import Any, Protocol, TypeVar

import msgspec

from chat.commands import Command, Request, Told
from chat.events import Envelope, Event, log_of, to_millisecond, wire_name
from chat.identifiers import new_id
from chat.values import Value
from chat.writer import FollowUp
from rooms.jobs import only_once
from rooms.permissions import Actor, Rights, require_may_know
from storage.audit import Act, Audit
from storage.database import Connection
from storage.jobs import LEASE, Job, Jobs
from storage.rooms import Room


class Queries(Protocol):
    """Any class of queries in ``storage``."""

    def __init__(self, connection: Connection) -> None: ...


class Keeping(Queries, Protocol):
    """Queries that insert many rows at once."""

    def add(self, rows: Sequence[dict[str, Any]], /) -> None:
        """Insert rows."""


AnyQueries = TypeVar("AnyQueries", bound=Queries)


class Policy(Value):
    """What an operator may set of the rules."""

    edit_seconds: float = 600.0


class Standing(msgspec.Struct):
    """Head and rights of one log, as they stand in the midst of a batch."""

    head: int
    rights: Rights


class Ledger(Protocol):
    """What the batch offers its units of work: the state so far, earlier commands counted."""

    connection: Connection
    now: float
    policy: Policy

    def standing(self, log: str) -> Standing | None:
        """Return how a log that the batch has locked stands by now, or None."""

    def settle(self) -> None:
        """Insert what earlier commands kept, so that statements see it."""


class UnitOfWork:
    """One use case's changes. Nothing of it counts until the batch takes it over."""

    def __init__(self, ledger: Ledger, actor: Actor) -> None:
        self._ledger = ledger
        self._savepoint: Any = None
        self.actor = actor
        self.now = to_millisecond(ledger.now)
        self.policy = ledger.policy
        self.changed: dict[str, Standing] = {}
        self.told: list[Envelope] = []
        self.kept: list[tuple[type[Keeping], dict[str, Any]]] = []
        self.follow_ups: list[FollowUp] = []
        self.ended: list[bytes] = []

    def rights(self, room: str) -> Rights:
        """Return the rights in a room, or in ``@me``. Raises NotFound, also for hidden rooms."""
        standing = self._standing(log_of(room, self.actor.id))
        return require_may_know(self.actor, standing.rights if standing else None)

    def head(self, room: str) -> int:
        """Return the number of a locked room's newest event."""
        return self._to_change(room).head

    def use(self, queries: type[AnyQueries]) -> AnyQueries:
        """Return queries on this batch's connection."""
        if self._savepoint is None:
            self._ledger.settle()
            self._savepoint = self._ledger.connection.begin_nested()
        return queries(self._ledger.connection)

    def keep(self, queries: type[Keeping], row: dict[str, Any]) -> None:
        """Insert a row at the end of the batch, together with all others of its kind."""
        self.kept.append((queries, row))

    def record(
        self, action: str, *, room: str | None = None, target: str | None = None,
        reason: str | None = None,
    ) -> None:  # fmt: skip
        """Add to the audit what the actor does here to another, or to what others rely on."""
        act = Act(self.now, self.actor.id, action, room, target, reason)
        self.keep(Audit, act._asdict())

    def tell(
        self, room: str, event: Event, *, subject: str | None = None, voids: str | None = None,
        anonymous: bool = False,
    ) -> Told:  # fmt: skip
        """Number an event in a room, and return the answer that says where it stands.

        ``subject`` names the content it carries, by which a later event ``voids`` it.
        """
        standing = self._to_change(room)
        standing.head += 1
        self.told.append(
            Envelope(
                room=room, seq=standing.head, event=str(event.name), at=self.now,
                by=None if anonymous else self.actor.id or None,
                data=msgspec.msgpack.encode(event), subject=subject, voids=voids,
            )
        )  # fmt: skip
        return Told(room=wire_name(room), seq=standing.head)

    def follow_up(self, command: Command, request: Request, *, after: float) -> None:
        """Have the server put a command for the actor, some seconds after the commit.

        It is lost where the server dies first: only for what a job is left for besides.
        """
        self.follow_ups.append(FollowUp(command, self.actor, request, after))

    def leave_job(
        self, command: Command, request: Request, *, actor: Actor, after: float = 0.0
    ) -> None:
        """Have a command run for an actor, once: by this server after its commit, or by another.

        ``after`` is in seconds, for what is not to be done at once.
        """
        job = Job(
            new_id(), command.name, actor.id, msgspec.msgpack.encode(request),
            due=self._ledger.now + after + LEASE,
        )  # fmt: skip
        self.keep(Jobs, job._asdict())
        self.follow_ups.append(FollowUp(only_once(command, job.id), actor, request, after))

    def end_session(self, digest: bytes) -> None:
        """Have every connection closed that came with a session or token, after the commit."""
        self.ended.append(digest)

    def unchanged(self, room: str) -> Told:
        """Return the answer of a write that changed nothing."""
        return Told(room=wire_name(room), seq=self.head(room), unchanged=True)

    def open_log(self, room: Room, roles: dict[str, str]) -> None:
        """Begin the numbering of a new room."""
        rights = Rights(
            room=room.id, private=room.private, revision=room.revision, roles=roles,
            epoch=room.epoch,
        )  # fmt: skip
        self.changed[room.id] = Standing(head=room.head, rights=rights)

    def grant(self, room: str, person: str, role: str | None) -> None:
        """Change a person's role in a room for whatever comes next; None takes it away."""
        standing = self._to_change(room)
        roles = {**standing.rights.roles}
        roles.pop(person, None)
        if role is not None:
            roles[person] = role
        standing.rights = msgspec.structs.replace(
            standing.rights, roles=roles, revision=standing.rights.revision + 1
        )

    def release(self) -> None:
        """Make its statements part of the batch."""
        if self._savepoint is not None:
            self._savepoint.commit()

    def undo(self) -> None:
        """Take its statements back."""
        if self._savepoint is not None:
            self._savepoint.rollback()

    def _standing(self, log: str) -> Standing | None:
        return self.changed.get(log) or self._ledger.standing(log)

    def _to_change(self, log: str) -> Standing:
        """Return a copy that counts for nothing until the batch takes this unit of work over."""
        if log not in self.changed:
            locked = self._ledger.standing(log)
            assert locked is not None, f"{log} was not locked: its request does not name it"
            self.changed[log] = Standing(locked.head, locked.rights)
        return self.changed[log]
