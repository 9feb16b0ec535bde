"""The checker on histories written by hand: each kind of violation is found, in a clean one none."""

from typing import Any

import pytest

from tests.faults.checker import check
from tests.faults.histories import (
    Answered,
    Asked,
    Closed,
    Ended,
    Entered,
    Entering,
    Event,
    History,
    Note,
    Read,
    Refused,
    Revoked,
    Shown,
)

ROOM = "cardiology"
BOUND = 1.0  # seconds


def posted(seq: int, cid: str, by: str = "ana") -> Event:
    data = {"id": f"m-{cid}", "cid": cid, "kind": "text", "text": "BP 140/90."}
    return Event(ROOM, seq, "message.posted", float(seq), by, data)


def removed(seq: int, cid: str) -> Event:
    return Event(ROOM, seq, "message.removed", float(seq), "ana", {"id": f"m-{cid}"})


def voided(event: Event) -> Event:
    return event._replace(data={"id": event.data["id"], "voided": True})


def entered(at: float, position: int = 0, *, link: int = 1, epoch: str = "e") -> list[Note]:
    return [Entering(at, link, ROOM), Entered(at, link, ROOM, epoch, position)]


def asked(at: float, cid: str, do: str = "message.post", *, link: int = 1) -> Asked:
    return Asked(at, link, cid, do, ROOM, "m-a" if do != "message.post" else None)


def answered(at: float, cid: str, seq: int, *, link: int = 1, again: bool = False) -> Answered:
    return Answered(at, link, cid, seq, again)


def unavailable(at: float, cid: str) -> Refused:
    return Refused(at, 1, cid, "unavailable", may_retry=True)


def shown(at: float, event: Event, *, link: int = 1) -> Shown:
    return Shown(at, link, event)


LOG = [posted(1, "a"), posted(2, "b")]
WRITTEN: list[Note] = [
    *entered(0.0),
    asked(1.0, "a"), answered(1.1, "a", 1), shown(1.1, LOG[0]),
    asked(2.0, "b"), answered(2.1, "b", 2), shown(2.1, LOG[1]),
]  # fmt: skip


def history(*notes: Note, name: str = "ana", person: str = "ana") -> History:
    made = History(name)
    made.person = person
    made.notes = list(notes)
    return made


def kinds(log: list[Event], *histories: History) -> set[str]:
    return {violation.what for violation in check(histories, log, bound=BOUND)}


def test_in_a_clean_history_nothing_is_found() -> None:
    ben = history(
        *entered(0.0), shown(1.5, LOG[0]), Closed(1.6, 1, 1006),
        asked(1.7, "c", link=2), *entered(1.8, 1, link=2), shown(2.5, LOG[1], link=2),
        unavailable(2.6, "c"), asked(2.7, "c", link=2), answered(2.8, "c", 3, link=2),
        shown(2.8, posted(3, "c", "ben"), link=2),
        Read(3.0, ROOM, 3, {2: "m-b", 3: "m-c"}), Closed(3.1, 2, 0), name="ben", person="ben",
    )  # fmt: skip
    ana = history(*WRITTEN, shown(2.9, posted(3, "c", "ben")), Closed(3.0, 1, 0))

    assert check([ana, ben], [*LOG, posted(3, "c", "ben")], bound=BOUND) == []


def test_what_was_voided_since_it_was_shown_is_no_fork() -> None:
    log = [voided(LOG[0]), LOG[1], removed(3, "a")]
    remover: list[Note] = [
        asked(3.0, "r", "message.remove"),
        answered(3.1, "r", 3),
        shown(3.1, log[2]),
    ]
    again = history(*entered(4.0), *(shown(4.1, event) for event in log), name="late")

    assert check([history(*WRITTEN, *remover), again], log, bound=BOUND) == []


def test_what_was_under_way_when_a_room_was_entered_again_is_of_the_stint_before() -> None:
    notes: list[Note] = [*WRITTEN[:-1], Entering(2.05, 1, ROOM), WRITTEN[-1]]
    notes += [*entered(2.2, 1)[1:], shown(2.3, LOG[1])]

    assert check([history(*notes)], LOG, bound=BOUND) == []


@pytest.mark.parametrize(
    ("kind", "log", "notes"),
    [
        ("lost_ack", LOG[:1], WRITTEN[:-1]),
        ("lost_ack", [LOG[0], posted(2, "other")], [*WRITTEN[:-1], asked(2.0, "other")]),
        ("dup_log", [*LOG, posted(3, "b")], WRITTEN),
        ("dup_log", LOG, [*WRITTEN, asked(3.0, "b"), answered(3.1, "b", 1, again=True)]),
        ("phantom", [*LOG, posted(3, "c")], WRITTEN),
        (
            "phantom",
            [posted(1, "a")],
            [
                asked(1.0, "a"), unavailable(1.1, "a"), asked(1.2, "a"),
                answered(1.3, "a", 1, again=True),
            ],
        ),
        ("unanswered", LOG, [*WRITTEN, asked(3.0, "c")]),
        ("unanswered", LOG, [*WRITTEN, asked(3.0, "c"), unavailable(3.1, "c")]),
        ("hole", [LOG[0], posted(3, "b")], [*WRITTEN[:4], asked(2.0, "b")]),
        ("seq_fork", [*LOG, posted(2, "c")], [*WRITTEN, asked(3.0, "c")]),
        ("seq_fork", [LOG[0], posted(2, "c", "ben")], WRITTEN),
        ("seq_fork", LOG, [*WRITTEN[:3], shown(1.1, voided(LOG[0]))]),
        ("seq_fork", LOG, [*WRITTEN, *entered(3.0, 2, epoch="other")]),
        ("dup_shown", LOG, [*WRITTEN, shown(2.2, LOG[1])]),
        ("gap_shown", LOG, [*WRITTEN[:4], *WRITTEN[5:]]),
        ("unasked", LOG, [*WRITTEN, Closed(2.2, 1, 1006), shown(2.3, LOG[0], link=2)]),
        (
            "sender_fifo",
            LOG,
            [asked(1.0, "b"), asked(1.0, "a"), answered(1.1, "a", 1), answered(1.1, "b", 2)],
        ),
        (
            "time_order",
            LOG,
            [asked(1.0, "b"), answered(1.1, "b", 2), asked(1.2, "a", link=2),
             answered(1.3, "a", 1, link=2)],
        ),
        ("stale_read", LOG, [*WRITTEN, Read(2.2, ROOM, 1, {1: "m-a"})]),
        ("stale_read", LOG, [*WRITTEN, Read(2.2, ROOM, 2, {1: "m-a"})]),
        ("late", LOG, WRITTEN[:-1]),
        ("late", LOG, [*WRITTEN[:-1], shown(3.2, LOG[1])]),
        ("leak", LOG, [*WRITTEN, Ended(ROOM, 1)]),
        ("leak", LOG, [Revoked(0.0), *WRITTEN]),
    ],
)  # fmt: skip
def test_a_violation_is_found(kind: str, log: list[Event], notes: list[Any]) -> None:
    assert kind in kinds(log, history(*notes))


def test_of_several_devices_none_is_shown_what_came_after_the_right_had_ended() -> None:
    leaver = history(*WRITTEN[:4], Ended(ROOM, 1), name="phone")
    other = history(*entered(0.0), *(shown(2.2, event) for event in LOG), name="desk")

    assert kinds(LOG, leaver, other) >= {"leak"}


def test_who_was_away_is_not_late_before_the_bound_has_passed_again() -> None:
    away = history(*entered(0.0), shown(1.1, LOG[0]), Closed(2.5, 1, 1006), name="away")
    away.notes += [*entered(9.0, 1, link=2), shown(9.9, LOG[1], link=2)]

    assert check([history(*WRITTEN), away], LOG, bound=BOUND) == []
    away.notes[-1] = shown(10.1, LOG[1], link=2)
    assert kinds(LOG, history(*WRITTEN), away) == {"late"}


def test_content_is_shown_to_nobody_who_enters_after_its_removal() -> None:
    log = [voided(LOG[0]), LOG[1], removed(3, "a")]
    remover: list[Note] = [
        asked(3.0, "r", "message.remove"),
        answered(3.1, "r", 3),
        shown(3.1, log[2]),
    ]
    late = history(*entered(4.2), shown(4.3, LOG[0]), *(shown(4.3, each) for each in log[1:]))

    assert kinds(log, history(*WRITTEN, *remover), late) == {"removed_shown"}
