"""What was written: checks of the log, and of what each write was answered, by one another."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence

from tests.faults.histories import Answered, Asked, Event, History, Refused, Revoked, of_kind
from tests.faults.violations import Violation, Write

EVENT_OF = {
    "message.post": "message.posted",
    "message.edit": "message.edited",
    "message.remove": "message.removed",
    "message.react": "message.reacted",
    "member.leave": "member.left",
}


def holes(log: Sequence[Event]) -> Iterator[Violation]:
    """Numbers of a room are 1, 2, 3 … and each is one event's."""
    heads: Counter[str] = Counter()
    for event in log:
        if event.seq == heads[event.room]:
            yield Violation("seq_fork", "log", event.room, event.seq, "a number taken twice")
        elif event.seq != heads[event.room] + 1:
            yield Violation("hole", "log", event.room, event.seq, f"after {heads[event.room]}")
        heads[event.room] = event.seq


def doubles(log: Sequence[Event]) -> Iterator[Violation]:
    """No write is stored twice."""
    stored: Counter[tuple[str | None, str, str]] = Counter()
    for event in log:
        if event.event in ("message.posted", "message.edited") and not event.is_voided:
            key = (event.by, event.room, event.data.get("cid") or event.data["text"])
            stored[key] += 1
            if stored[key] > 1:
                yield Violation("dup_log", "log", event.room, event.seq, key[2])


def strangers(histories: Sequence[History], log: Sequence[Event]) -> Iterator[Violation]:
    """Nothing is stored that nobody asked for."""
    asked = {
        (history.person, note.cid) for history in histories for note in of_kind(history, Asked)
    }
    for event in log:
        cid = event.data.get("cid")
        if cid is not None and (event.by, cid) not in asked:
            yield Violation("phantom", "log", event.room, event.seq, cid)


def lost(writes: Iterable[Write], at: dict[tuple[str, int], Event]) -> Iterator[Violation]:
    """What was answered is stored, under the number that was answered."""
    for write in writes:
        event = at.get((write.asked.room, write.seq))
        if event is None or not _is_of(event, write):
            why = f"{write.asked.cid}, the log has {event and event.event}"
            yield Violation("lost_ack", write.history.name, write.asked.room, write.seq, why)


def _is_of(event: Event, write: Write) -> bool:
    is_kin = event.by == write.history.person and event.event == EVENT_OF[write.asked.do]
    cid = event.data.get("cid", write.asked.cid)
    return is_kin and cid == write.asked.cid


def unanswered(history: History) -> Iterator[Violation]:
    """Every write is answered in the end, or refused for good."""
    if any(of_kind(history, Revoked)):
        return  # nobody is there to be answered
    asked = {note.cid: note.room for note in of_kind(history, Asked)}
    for note in of_kind(history, Answered, Refused):
        if isinstance(note, Answered) or not note.may_retry:
            asked.pop(note.cid, None)
    for cid, room in asked.items():
        yield Violation("unanswered", history.name, room, 0, cid)


def lies(histories: Sequence[History]) -> Iterator[Violation]:
    """A write has one number, and was not stored where it was ``unavailable`` each time before."""
    tries: Counter[tuple[str, str]] = Counter()
    numbers: dict[tuple[str, str], int | None] = {}
    for history, note in _by_time(histories):
        write = (history.person, note.cid)
        if isinstance(note, Asked):
            tries[write] += 1
        elif isinstance(note, Refused):
            tries[write] -= note.code == "unavailable"
        elif numbers.setdefault(write, note.seq) != note.seq:
            yield Violation("dup_log", history.name, "", note.seq or 0, f"{note.cid} has two")
        elif note.is_duplicate and tries[write] <= 1:
            yield Violation("phantom", history.name, "", note.seq or 0, f"{note.cid} was refused")


def _by_time(
    histories: Sequence[History],
) -> list[tuple[History, Asked | Refused | Answered]]:
    notes = [(h, note) for h in histories for note in of_kind(h, Asked, Refused, Answered)]
    return sorted(notes, key=lambda each: each[1].at)


def sender_order(history: History) -> Iterator[Violation]:
    """What one link asked of one room is stored in that order, as far as nothing was said again."""
    last: dict[tuple[int, str], int] = {}
    order: dict[tuple[int, str], list[str]] = defaultdict(list)
    numbers: dict[tuple[int, str], int] = {}
    for note in of_kind(history, Asked, Answered):
        if isinstance(note, Asked):
            asked = order[note.link, note.room]
            if note.cid in asked:
                asked.remove(note.cid)
            asked.append(note.cid)
        elif note.seq is not None and not note.is_duplicate:
            numbers[note.link, note.cid] = note.seq
    for (link, room), cids in order.items():
        for cid in cids:
            seq = numbers.get((link, cid))
            if seq is not None and seq < last.get((link, room), 0):
                yield Violation("sender_fifo", history.name, room, seq, cid)
            last[link, room] = max(seq or 0, last.get((link, room), 0))


def disorder(writes: Iterable[Write]) -> Iterator[Violation]:
    """What was answered before something else was asked has the lower number."""
    first: dict[str, float] = {}
    for write in sorted(writes, key=lambda write: -write.seq):
        room = write.asked.room
        if first.get(room, float("inf")) < write.asked.at:
            yield Violation("time_order", write.history.name, room, write.seq, write.asked.cid)
        first[room] = min(write.answered.at, first.get(room, float("inf")))
