"""Presence: who is here, told once a second, and not at all for a mere reload."""

import random

import pytest

from presence.people import Shown
from presence.tracker import GRACE, PresenceChanging, Tracker
from presence.typing_signals import SHOWN_FOR, TypingSignals


def test_one_who_enters_is_told_to_the_room() -> None:
    tracker = Tracker()

    tracker.enter("cardiology", "ana", "phone")

    [(room, change)] = tracker.changes(0.0)
    assert (room, change.online, change.count) == ("cardiology", ["ana"], 1)
    assert list(tracker.changes(1.0)) == []


def test_a_reload_shows_nothing() -> None:
    tracker = Tracker()
    tracker.enter("cardiology", "ana", "before")
    list(tracker.changes(0.0))

    tracker.leave("cardiology", "ana", "before", 1.0)
    tracker.enter("cardiology", "ana", "after")

    assert list(tracker.changes(1.0 + GRACE)) == []


def test_one_who_reloads_before_they_were_told_of_is_told_of_at_once() -> None:
    tracker = Tracker()
    tracker.enter("cardiology", "ana", "before")
    tracker.leave("cardiology", "ana", "before", 0.5)

    tracker.enter("cardiology", "ana", "after")

    [(_, change)] = tracker.changes(1.0)
    assert change.online == ["ana"]


def test_a_leave_is_told_after_the_grace() -> None:
    tracker = Tracker()
    tracker.enter("cardiology", "ana", "phone")
    tracker.enter("cardiology", "ben", "phone of ben")
    list(tracker.changes(0.0))
    tracker.leave("cardiology", "ana", "phone", 1.0)

    assert list(tracker.changes(GRACE)) == []
    [(_, change)] = tracker.changes(1.0 + GRACE)

    assert (change.offline, change.count) == (["ana"], 1)


def test_a_person_is_here_while_any_device_is() -> None:
    tracker = Tracker()
    tracker.enter("cardiology", "ana", "phone")
    tracker.enter("cardiology", "ana", "desk")
    list(tracker.changes(0.0))

    tracker.leave("cardiology", "ana", "phone", 1.0)

    assert list(tracker.changes(100.0)) == []


def test_a_person_is_away_when_every_device_is() -> None:
    tracker = Tracker()
    tracker.enter("cardiology", "ana", "phone")
    tracker.enter("cardiology", "ana", "desk")
    list(tracker.changes(0.0))

    tracker.set_state("ana", "phone", "away")
    assert list(tracker.changes(1.0)) == []
    tracker.set_state("ana", "desk", "away")

    [(_, change)] = tracker.changes(2.0)
    assert change.away == ["ana"]


def test_an_idle_device_takes_nobody_off_call() -> None:
    tracker = Tracker()
    tracker.enter("cardiology", "ana", "phone")
    tracker.set_state("ana", "phone", "on_call")
    list(tracker.changes(0.0))

    tracker.set_state("ana", "phone", "away")

    assert list(tracker.changes(1.0)) == []
    assert tracker.everybody("cardiology").on_call == ["ana"]


def test_one_who_wants_not_to_be_seen_is_neither_named_nor_counted() -> None:
    tracker = Tracker()
    tracker.enter("cardiology", "ben", "phone of ben")
    tracker.enter("cardiology", "ana", "phone")
    list(tracker.changes(0.0))

    tracker.set_state("ana", "phone", "invisible")

    [(_, change)] = tracker.changes(1.0)
    assert (change.offline, change.count) == (["ana"], 1)
    assert tracker.everybody("cardiology").online == ["ben"]


def test_one_who_is_alone_and_unseen_may_come_and_go() -> None:
    tracker = Tracker()
    tracker.set_state("ana", "phone", "invisible")
    tracker.enter("cardiology", "ana", "phone")
    assert list(tracker.changes(0.0)) == []

    tracker.set_state("ana", "phone", "busy")
    [(_, change)] = tracker.changes(1.0)
    tracker.set_state("ana", "phone", "invisible")
    list(tracker.changes(2.0))
    tracker.leave("cardiology", "ana", "phone", 3.0)

    assert change.busy == ["ana"]
    assert list(tracker.changes(3.0 + GRACE)) == []
    assert tracker._rooms == {}


def test_a_device_that_is_away_before_it_enters_leaves_the_others_as_they_are() -> None:
    tracker = Tracker()
    tracker.enter("cardiology", "ana", "desk")
    list(tracker.changes(0.0))

    tracker.set_state("ana", "phone", "away")

    assert list(tracker.changes(1.0)) == []
    tracker.enter("cardiology", "ana", "phone")
    tracker.leave("cardiology", "ana", "desk", 2.0)
    tracker.forget("ana", "desk")
    [(_, change)] = tracker.changes(3.0)
    assert change.away == ["ana"]


def test_a_crowd_that_leaves_at_once_is_told_in_full() -> None:
    tracker = Tracker()
    people = {f"person-{n}" for n in range(450)}
    for person in people:
        tracker.enter("cardiology", person, person)
    arrived: set[str] = set()
    for second in range(4):
        for _, change in tracker.changes(float(second)):
            arrived.update(change.online)
            assert len(change.online) <= 200
    assert arrived == people

    for person in people:
        tracker.leave("cardiology", person, person, 10.0)
    left: set[str] = set()
    for second in range(20, 24):
        for _, change in tracker.changes(float(second)):
            left.update(change.offline)

    assert left == people
    assert tracker._rooms == {}


def test_one_who_enters_is_told_of_all_who_are_there() -> None:
    tracker = Tracker()
    for person in ("ana", "ben"):
        tracker.enter("cardiology", person, f"phone of {person}")

    everybody = tracker.everybody("cardiology")

    assert (set(everybody.online), everybody.count, everybody.full) == ({"ana", "ben"}, 2, True)


def test_a_listing_costs_by_who_came_since_the_last_one(monkeypatch: pytest.MonkeyPatch) -> None:
    tracker, looked = Tracker(), []
    shown = tracker._shown

    def look(room: str, person: str) -> Shown | None:
        looked.append(person)
        return shown(room, person)

    monkeypatch.setattr(tracker, "_shown", look)
    for number in range(300):
        tracker.enter("cardiology", f"person {number}", "phone")
        assert tracker.everybody("cardiology").count == number + 1

    assert len(looked) == 300


def test_a_listing_says_what_one_who_is_told_of_changes_knows() -> None:
    dice, tracker, told = random.Random(7), Tracker(), dict[str, str]()
    people = [f"person {number}" for number in range(8)]
    for now in range(400):
        person, device = dice.choice(people), dice.choice(("phone", "desk"))
        match dice.randrange(4):
            case 0 | 1:
                tracker.enter("cardiology", person, device)
            case 2:
                tracker.leave("cardiology", person, device, float(now))
                tracker.forget(person, device)
            case _:
                tracker.set_state(person, None, dice.choice(("busy", "invisible", "online")))
        if dice.random() < 0.3:
            tracker.everybody("cardiology")
        for _, change in tracker.changes(float(now)):
            fold(told, change)
        listed: dict[str, str] = {}
        fold(listed, tracker.everybody("cardiology"))
        assert listed == told


def fold(told: dict[str, str], change: PresenceChanging) -> None:
    for person in change.offline:
        told.pop(person)
    for state in ("online", "away", "busy", "on_call"):
        told.update(dict.fromkeys(getattr(change, state), state))


def test_nothing_is_kept_of_those_who_left() -> None:
    tracker = Tracker()
    tracker.enter("cardiology", "ana", "phone")
    list(tracker.changes(0.0))
    tracker.leave("cardiology", "ana", "phone", 1.0)
    tracker.forget("ana", "phone")

    list(tracker.changes(1.0 + GRACE))

    assert (tracker._rooms, tracker._people) == ({}, {})


def test_typing_is_told_as_the_whole_set_and_ends_by_itself() -> None:
    typing = TypingSignals()
    typing.start("cardiology", "ana", 0.0)
    typing.start("cardiology", "ben", 1.0)

    first = [(room, signal.people) for room, signal in typing.changes(1.0)]
    then = [(room, signal.people) for room, signal in typing.changes(SHOWN_FOR)]
    last = [(room, signal.people) for room, signal in typing.changes(1.0 + SHOWN_FOR)]

    assert first == [("cardiology", ["ana", "ben"])]
    assert then == [("cardiology", ["ben"])]
    assert last == [("cardiology", [])]


def test_posting_ends_typing() -> None:
    typing = TypingSignals()
    typing.start("cardiology", "ana", 0.0)
    list(typing.changes(0.0))

    typing.stop("cardiology", "ana")

    assert [signal.people for _, signal in typing.changes(1.0)] == [[]]
