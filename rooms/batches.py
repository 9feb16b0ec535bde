"""Batches: one transaction for all commands that are queued.

The rooms that they name are locked once, in the order of their ids; each use case runs in turn, on
what those before it changed; and what all of them kept goes in with one statement a table. An answer
given before is given again: a batch that meets one begins anew, and looks for them all.
"""

import hashlib
import time
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

import msgspec
import structlog

from chat.commands import Reply, Request, Write
from chat.errors import CidReused, Conflict, Internal, Refusal
from chat.events import ME, AsOf, Envelope, Voided, log_of
from chat.writer import BATCH_LIMIT, Ask, Decision, FollowUp, Outcome
from rooms.permissions import Rights
from rooms.readings import load_rights
from rooms.unit_of_work import Keeping, Policy, Standing, UnitOfWork
from storage import answers
from storage.answers import Answer, Answers
from storage.database import Connection, is_taken, is_trouble
from storage.rooms import Rooms
from storage.timeline import Timeline

FINGERPRINT_SIZE = 4  # bytes; one key in four billion would be taken for another

logger = structlog.get_logger(__name__)


class Batch:
    """The ledger of one transaction. Used once."""

    def __init__(
        self, connection: Connection, *, known: Mapping[str, Rights], policy: Policy,
        secret: bytes, now: float | None = None, recalls: bool = True, waits: bool = False,
    ) -> None:  # fmt: skip
        """``recalls`` looks for earlier answers first; without it, ``run`` may raise AnsweredBefore.

        ``waits`` is for rooms that another transaction has locked; without it, they are left out.
        """
        self.connection = connection
        self.policy = policy
        self.now = time.time() if now is None else now
        self._known = known
        self._secret = secret
        self._recalls = recalls
        self._waits = waits
        self._busy: set[str] = set()
        self._decided = 0
        self._logs: dict[str, Standing] = {}
        self._found: dict[str, Standing] = {}
        self._told: list[Envelope] = []
        self._unsettled = 0
        self._kept: dict[type[Keeping], list[dict[str, Any]]] = {}
        self._answered: dict[answers.Write, Answer] = {}
        self._new_answers: list[dict[str, Any]] = []
        self._follow_ups: list[FollowUp] = []
        self._ended: list[bytes] = []

    @property
    def rights(self) -> dict[str, Rights]:
        """Return the rights as they stand after the batch, for memory to keep."""
        return {log: standing.rights for log, standing in self._logs.items()}

    def run(self, asks: Sequence[Ask]) -> Decision:
        """Decide every command; return how each ended and all that was told, in order."""
        self._lock({log for ask in asks for log in logs_of(ask)})
        outcomes = [None if self._is_put_off(ask) else self._decide_one(ask) for ask in asks]
        self.settle()
        if self._new_answers:
            Answers(self.connection).keep(self._new_answers)
        self._advance()
        return Decision(outcomes, self._told, self._follow_ups, self._ended, self._as_of())

    def _as_of(self) -> dict[str, AsOf]:
        told = {envelope.room: self._logs[envelope.room].rights for envelope in self._told}
        return {log: AsOf(rights.epoch, rights.revision) for log, rights in told.items()}

    def standing(self, log: str) -> Standing | None:
        """Return head and rights of a locked log."""
        return self._logs.get(log)

    def settle(self) -> None:
        """Insert what was kept and told so far."""
        for queries, rows in self._kept.items():
            queries(self.connection).add(rows)
        self._kept.clear()
        if rows := list(map(msgspec.structs.asdict, self._told[self._unsettled :])):
            Timeline(self.connection).append(rows)
            self._unsettled = len(self._told)

    def _lock(self, logs: set[str]) -> None:
        rooms = Rooms(self.connection)
        for room in rooms.locked(logs, waits=self._waits):
            rights = load_rights(self.connection, room, self._known)
            self._logs[room.id] = Standing(room.head, rights)
        self._found = {
            log: Standing(standing.head, standing.rights) for log, standing in self._logs.items()
        }
        if missing := logs - self._logs.keys():
            self._busy = rooms.existing(missing)

    def _is_put_off(self, ask: Ask) -> bool:
        """Return whether a command waits for a later batch, as whatever follows it in its rooms."""
        logs = logs_of(ask)
        if self._decided < BATCH_LIMIT and self._busy.isdisjoint(logs):
            self._decided += 1
            return False
        self._busy.update(logs)
        return True

    def _decide_one(self, ask: Ask) -> Outcome:
        write, digest = write_of(ask), self._digest(ask)
        if write is not None and (answer := self._answer_to(write, searching=self._recalls)):
            return _again(answer, digest)
        work = UnitOfWork(self, ask.actor)
        try:
            reply = ask.command.handler(work, ask.request)
            work.release()
        except Refusal as refusal:
            work.undo()
            if write is not None and (answer := self._answer_to(write, searching=True)):
                return _again(answer, digest)  # it is the retry that may no longer
            return Outcome(refusal=refusal)
        except Exception as error:
            if is_trouble(error):
                raise  # the database fails all of them alike, and is to be tried again
            work.undo()
            if is_taken(error):
                return Outcome(refusal=Conflict("Somebody else has just taken that."))
            logger.exception("use case failed", command=ask.command.name)
            return Outcome(refusal=Internal("Something went wrong on the server."))
        self._take_over(work)
        if write is not None:
            self._remember(write, digest, _without(reply, ask.command.secret))
        return Outcome(reply=reply)

    def _answer_to(self, write: answers.Write, *, searching: bool) -> Answer | None:
        """Return the answer that a write got in this batch, or, ``searching``, in an earlier one."""
        answer = self._answered.get(write)
        return answer or (Answers(self.connection).given(write) if searching else None)

    def _take_over(self, work: UnitOfWork) -> None:
        self._logs |= work.changed
        self._follow_ups += work.follow_ups
        self._ended += work.ended
        for queries, row in work.kept:
            self._kept.setdefault(queries, []).append(row)
        for envelope in work.told:
            if envelope.voids is not None:
                self._void(envelope.room, envelope.voids)
            self._told.append(envelope)

    def _void(self, room: str, subject: str) -> None:
        """Take the content from the log, and from what this batch is about to send."""
        self.settle()
        voided = msgspec.msgpack.encode(Voided(id=subject))
        Timeline(self.connection).void(room, subject, voided)
        self._told = [
            msgspec.structs.replace(envelope, data=voided, subject=None)
            if (envelope.room, envelope.subject) == (room, subject)
            else envelope
            for envelope in self._told
        ]

    def _digest(self, ask: Ask) -> bytes:
        content = (ask.command.name, _given(ask.request))
        return _fingerprint(self._secret) + _hash(self._secret, msgspec.msgpack.encode(content), 16)

    def _remember(self, write: answers.Write, digest: bytes, reply: Any) -> None:
        answer = Answer(digest, msgspec.msgpack.encode(reply))
        self._answered[write] = answer
        self._new_answers.append({**write._asdict(), **answer._asdict()})

    def _advance(self) -> None:
        changes = [
            {"key": log, "head": standing.head, "revision": standing.rights.revision}
            for log, standing in self._logs.items()
            if standing != self._found.get(log)
        ]
        if changes:
            Rooms(self.connection).advance(changes)


def run_alone(
    connection: Connection, ask: Ask, *, policy: Policy, secret: bytes, now: float | None = None
) -> Outcome:
    """Decide one command in a transaction that nobody else has asked for; return how it ended."""
    batch = Batch(connection, known={}, policy=policy, secret=secret, now=now, waits=True)
    [outcome] = batch.run([ask]).outcomes
    assert outcome is not None  # it waited for the rooms
    return outcome


def _given(request: Request) -> dict[str, Any]:
    """Return what a request says beyond its defaults: a key added later must change no retry."""
    return {
        name: value
        for name, default in _fields(type(request))
        if (value := getattr(request, name)) != default
    }


@cache
def _fields(request: type[Request]) -> list[tuple[str, Any]]:
    """Return the name and the default of each field but ``cid``."""
    fields = msgspec.structs.fields(request)
    return [(field.name, field.default) for field in fields if field.name != "cid"]


def logs_of(ask: Ask) -> tuple[str, ...]:
    """Return the logs that a command may write to."""
    request = ask.request
    named = request.logs() if isinstance(request, Write) else ()
    return tuple(log_of(name, ask.actor.id) for name in named)


def write_of(ask: Ask) -> answers.Write | None:
    """Return what names this write for ever, where its client named it."""
    cid = getattr(ask.request, "cid", None)
    if cid is None:
        return None
    room = getattr(ask.request, "room", None) or ME
    return answers.Write(log_of(room, ask.actor.id), ask.actor.id, cid)


def _without(reply: Reply | None, secret: str | None) -> Any:
    """Return what may be kept of a reply: a secret kept could be read from a backup."""
    if secret is None or reply is None:
        return reply
    return {key: value for key, value in msgspec.to_builtins(reply).items() if key != secret}


def _hash(key: bytes, content: bytes, size: int) -> bytes:
    return hashlib.blake2b(content, key=key, digest_size=size).digest()


@cache
def _fingerprint(key: bytes) -> bytes:
    """Return what tells this key's digests from another's."""
    return _hash(key, b"fingerprint", FINGERPRINT_SIZE)


def _again(answer: Answer, digest: bytes) -> Outcome:
    """Return the earlier answer. What another key digested, elsewhere, is taken for the same."""
    is_known = answer.digest[:FINGERPRINT_SIZE] == digest[:FINGERPRINT_SIZE]
    if is_known and answer.digest != digest:
        return Outcome(refusal=CidReused("This cid was used before, for something else."))
    reply = msgspec.msgpack.decode(answer.answer) or {}
    return Outcome(reply={**reply, "duplicate": True})
