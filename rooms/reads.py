"""Reads: how far each person has read, which the server alone counts.

A marker only moves up. Each device hears of it in ``@me``, at most once a second a room: what moved
meanwhile is marked as untold and told by ``tell_marks`` a moment later.
"""

from chat.commands import Commands, Reply, RoomId, Seq, Write
from chat.errors import BadRequest
from chat.events import ME, Event, own_room
from rooms.unit_of_work import UnitOfWork
from storage.members import Members
from storage.messages import Messages
from storage.reads import Mark, Reads

commands = Commands[UnitOfWork]()
internal = Commands[UnitOfWork]()

TELL_EVERY = 1.0  # seconds between markers of one person and room; guessed: reading along is calm


class ReadMarked(Event, event="read.marked"):
    """One's own marker moved, on this device or another."""

    room: str
    seq: int
    unread: int
    mentions: int


class MarkRead(Write):
    """Ask to have read a room up to a number."""

    room: RoomId
    seq: Seq

    def logs(self) -> tuple[str, ...]:
        """Return the room, whose head bounds the marker, and ``@me``, where it is told."""
        return self.room, ME


class TellMarks(Write):
    """Ask, from within the server, to tell one's devices of markers that moved too fast."""


class ReadUpTo(Reply):
    """Where the marker stands, and what is left above it."""

    room: str
    seq: int
    unread: int
    mentions: int
    unchanged: bool = False
    duplicate: bool = False


@commands.add("room.mark_read", scope="read")
def mark_read(work: UnitOfWork, request: MarkRead) -> ReadUpTo:
    """Move one's marker up and tell one's other devices; who is no member has nothing unread."""
    rights = work.rights(request.room)
    if request.room == ME or request.seq > work.head(rights.room):
        raise BadRequest("seq: beyond the room's newest event")
    me, reads = work.actor.id, work.use(Reads)
    since = work.use(Members).since(rights.room, me)
    if since is None:
        head = work.head(rights.room)
        return ReadUpTo(room=rights.room, seq=head, unread=0, mentions=0, unchanged=True)
    mark = reads.find(me, rights.room)
    standing = max(mark.seq if mark else 0, since)
    if request.seq <= standing:
        return _answer(work, rights.room, standing, unchanged=True)
    moved = Mark(me, rights.room, request.seq, mark.told_at if mark else 0.0, told=False)
    reads.move(moved) if mark else reads.add(moved)
    answer = _answer(work, rights.room, request.seq)
    if work.now - moved.told_at >= TELL_EVERY:
        _tell(work, moved, answer)
    elif mark is None or mark.told:
        work.leave_job(internal.find("reads.tell"), TellMarks(), actor=work.actor, after=TELL_EVERY)
    else:  # a job is left, but by a node that may have died
        work.follow_up(internal.find("reads.tell"), TellMarks(), after=TELL_EVERY)
    return answer


@internal.add("reads.tell")
def tell_marks(work: UnitOfWork, request: TellMarks) -> None:
    """Tell the actor's devices of every marker that waits to be told."""
    for mark in work.use(Reads).untold(work.actor.id):
        _tell(work, mark, _answer(work, mark.room, mark.seq))


def _answer(work: UnitOfWork, room: str, seq: int, *, unchanged: bool = False) -> ReadUpTo:
    unread = work.use(Messages).unread(work.actor.id, {room: seq})[room]
    return ReadUpTo(room=room, seq=seq, unread=unread, mentions=0, unchanged=unchanged)


def _tell(work: UnitOfWork, mark: Mark, answer: ReadUpTo) -> None:
    work.use(Reads).move(mark._replace(told_at=work.now, told=True))
    marked = ReadMarked(room=answer.room, seq=answer.seq, unread=answer.unread, mentions=0)
    work.tell(own_room(work.actor.id), marked, subject=mark.room, voids=mark.room)
