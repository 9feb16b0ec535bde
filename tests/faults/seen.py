"""What was seen: checks of what clients were shown and read, by the log and by what was answered."""

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence

from tests.faults.histories import (
    Ended,
    Entered,
    Event,
    History,
    Read,
    Revoked,
    Shown,
    Stint,
    of_kind,
    stints,
)
from tests.faults.violations import Violation, Write

REVOKED_WITHIN = 2.0  # seconds until whoever was signed out elsewhere is sent nothing more


def stream(history: History) -> Iterator[Violation]:
    """After a room was entered each next event is shown, once, in a numbering that stays."""
    found, stray = stints(history)
    for shown in stray:
        yield _of_shown("unasked", history, shown, "not in the room")
    for stint in found:
        position = stint.position
        for shown in stint.shown:
            seq = shown.event.seq
            if seq != position + 1:
                what = "dup_shown" if seq <= position else "gap_shown"
                yield _of_shown(what, history, shown, f"after {position}")
            position = max(position, seq)
    epochs: dict[str, str] = {}
    for entered in of_kind(history, Entered):
        if epochs.setdefault(entered.room, entered.epoch) != entered.epoch:
            yield Violation("seq_fork", history.name, entered.room, 0, "another epoch")


def _of_shown(what: str, history: History, shown: Shown, why: str) -> Violation:
    return Violation(what, history.name, shown.event.room, shown.event.seq, why)


def forks(history: History, at: dict[tuple[str, int], Event]) -> Iterator[Violation]:
    """What was shown under a number is what the log has there, but for content that had to go."""
    for shown in of_kind(history, Shown):
        event, logged = shown.event, at.get((shown.event.room, shown.event.seq))
        if logged is None or event[:5] != logged[:5]:
            yield _of_shown("seq_fork", history, shown, f"{event.event}, the log has {logged}")
        elif event.data != logged.data and not logged.is_voided:
            yield _of_shown("seq_fork", history, shown, "other data than in the log")


def late(
    histories: Sequence[History], writes: Sequence[Write], bound: float
) -> Iterator[Violation]:
    """What was answered is shown within ``bound``, to all who are there for so long."""
    for history, write, lag in lags(histories, writes):
        if lag > bound:
            why = f"{lag:.2f} s after its answer"
            yield Violation("late", history.name, write.asked.room, write.seq, why)


def lags(
    histories: Sequence[History], writes: Sequence[Write]
) -> Iterator[tuple[History, Write, float]]:
    """Yield for how many seconds each client that was there lacked what was answered."""
    for history in histories:
        its: dict[str, list[Stint]] = defaultdict(list)
        for stint in stints(history)[0]:
            its[stint.room].append(stint)
        for write in writes:
            for stint in its[write.asked.room]:
                since, answered = max(stint.at, write.answered.at), write.answered.at
                if stint.end > answered and stint.position < write.seq:
                    yield history, write, min(stint.end, stint.reached(write.seq)) - since


def stale_reads(
    history: History, writes: Iterable[Write], log: Iterable[Event]
) -> Iterator[Violation]:
    """A read shows all that was answered, and all that this client was shown, before it began."""
    posted = {(event.room, event.seq) for event in log if event.event == "message.posted"}
    known = [(w.answered.at, w.asked.room, w.seq) for w in writes]
    known += [(s.at, s.event.room, s.event.seq) for s in of_kind(history, Shown)]
    newest = _newest(known)
    for read in of_kind(history, Read):
        times, seqs = newest.get(read.room, ([], []))
        before = bisect_left(times, read.began)
        if before and read.as_of < seqs[before - 1]:
            why = f"without {seqs[before - 1]}"
            yield Violation("stale_read", history.name, read.room, read.as_of, why)
        for seq in range(min(read.messages, default=read.as_of), read.as_of + 1):
            if (read.room, seq) in posted and seq not in read.messages:
                yield Violation("stale_read", history.name, read.room, seq, "left out of a page")


def _newest(known: list[tuple[float, str, int]]) -> dict[str, tuple[list[float], list[int]]]:
    """Return for each room the times, and the highest number that was known at each."""
    found: dict[str, tuple[list[float], list[int]]] = {}
    for at, room, seq in sorted(known):
        times, seqs = found.setdefault(room, ([], []))
        times.append(at)
        seqs.append(max(seq, seqs[-1] if seqs else 0))
    return found


def leaks(histories: Sequence[History]) -> Iterator[Violation]:
    """Nothing is shown that came after somebody's right to be in the room had ended."""
    ended = {
        (history.person, note.room): note.seq
        for history in histories
        for note in of_kind(history, Ended)
    }
    for history in histories:
        revoked = min((note.at for note in of_kind(history, Revoked)), default=float("inf"))
        for shown in of_kind(history, Shown):
            if shown.at > revoked + REVOKED_WITHIN:
                yield _of_shown("leak", history, shown, "signed out")
            last = ended.get((history.person, shown.event.room), shown.event.seq)
            if shown.event.seq > last:
                yield _of_shown("leak", history, shown, f"the right ended with {last}")


def contents(
    histories: Sequence[History], writes: Iterable[Write], bound: float
) -> Iterator[Violation]:
    """Content whose removal was answered is shown to nobody who enters after that, and the bound."""
    gone = {w.asked.about: w.answered.at for w in writes if w.asked.do == "message.remove"}
    for history in histories:
        for stint in stints(history)[0]:
            for shown in stint.shown:
                at = gone.get(shown.event.data.get("id"), stint.asked)
                if at + bound < stint.asked and shown.event.data.get("text"):
                    yield _of_shown("removed_shown", history, shown, "entered after its removal")
