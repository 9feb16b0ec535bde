"""Violations: what a checker found, and the writes that it looks at."""

from typing import NamedTuple

from tests.faults.histories import Answered, Asked, History


class Violation(NamedTuple):
    """One promise that was broken, and where."""

    what: str
    who: str
    room: str
    seq: int
    why: str


class Write(NamedTuple):
    """One write that was answered with a number: from when it was first asked to its first answer."""

    history: History
    asked: Asked
    answered: Answered
    seq: int


def answered_writes(history: History) -> list[Write]:
    """Return the writes of a client that were answered with a number, each once."""
    first: dict[str, Asked] = {}
    writes: dict[str, Write] = {}
    for note in history.notes:
        if isinstance(note, Asked):
            first.setdefault(note.cid, note)
        elif isinstance(note, Answered) and note.seq is not None and note.cid not in writes:
            writes[note.cid] = Write(history, first[note.cid], note, note.seq)
    return list(writes.values())
