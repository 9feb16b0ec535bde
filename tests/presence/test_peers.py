"""Peers: nodes that tell one another agree on who is here, whatever is lost on the way."""

from hypothesis import given, settings
from hypothesis import strategies as st

from presence.peers import ALIVE_EVERY, LEASE, REFRESH_LOOKS, ROOM_LEASE
from presence.tracker import GRACE
from tests.presence.places import Ring


def test_who_is_here_by_one_node_is_shown_by_all() -> None:
    ring = Ring("a", "b")
    ring.nodes["a"].tracker.enter("cardiology", "ana", "phone")
    ring.nodes["b"].tracker.enter("cardiology", "ben", "desk")

    ring.look(2)

    for place in ring.nodes.values():
        assert place.shown() == {"online": ["ana", "ben"]}


def test_one_who_goes_over_to_another_node_was_never_gone() -> None:
    ring = Ring("a", "b", "c")
    a, b, c = ring.nodes.values()
    a.tracker.enter("cardiology", "ana", "phone")
    ring.look(3)
    c.told.clear()

    a.leave("ana", "phone")
    ring.look(GRACE - 1)
    b.tracker.enter("cardiology", "ana", "phone again")
    ring.look(2 * GRACE)

    assert c.told == []
    assert c.shown() == {"online": ["ana"]}


def test_a_leave_is_told_everywhere_after_one_grace() -> None:
    ring = Ring("a", "b")
    a, b = ring.nodes.values()
    a.tracker.enter("cardiology", "ana", "phone")
    ring.look(2)
    b.told.clear()

    a.leave("ana", "phone")
    ring.look(GRACE + 2)

    assert [change.offline for change in b.told] == [["ana"]]


def test_the_people_of_a_node_that_was_killed_are_gone_within_15_seconds() -> None:
    ring = Ring("a", "b")
    a, b = ring.nodes.values()
    a.tracker.enter("cardiology", "ana", "phone")
    b.tracker.enter("cardiology", "ben", "desk")
    ring.look(ALIVE_EVERY)
    killed = ring.now

    del ring.nodes["a"]
    while b.shown() != {"online": ["ben"]}:
        ring.look()

    assert LEASE - ALIVE_EVERY < ring.now - killed <= 15


def test_the_people_of_a_node_that_ends_in_order_have_the_grace_alone() -> None:
    ring = Ring("a", "b")
    a, b = ring.nodes.values()
    a.tracker.enter("cardiology", "ana", "phone")
    ring.look(2)

    a.peers.leave()
    del ring.nodes["a"]
    ring.look(GRACE - 1)
    assert b.shown() == {"online": ["ana"]}
    ring.look(2)

    assert b.shown() == {}


def test_a_node_that_comes_late_is_told_all() -> None:
    ring = Ring("a", "b")
    ring.nodes["a"].tracker.enter("cardiology", "ana", "phone")
    ring.nodes["b"].tracker.enter("cardiology", "ben", "desk")
    ring.nodes["b"].tracker.set_state("eva", None, "invisible", at=1.0)
    ring.look(5)

    late = ring.add("c")
    late.tracker.enter("cardiology", "eva", "tablet")
    ring.look(2)

    for place in ring.nodes.values():
        assert place.shown() == {"online": ["ana", "ben"]}


def test_one_who_asks_of_a_room_is_told_of_it() -> None:
    ring = Ring("a", "b")
    a, b = ring.nodes.values()
    ring.look(2)
    ring.takes = lambda *_: False  # b does not follow the room yet
    a.tracker.enter("cardiology", "ana", "phone")
    ring.look()
    ring.takes = lambda *_: True

    b.peers.ask(["cardiology"])
    ring.look(2)

    assert b.shown() == {"online": ["ana"]}


def test_what_is_chosen_on_one_node_holds_on_all_and_the_later_choice_counts() -> None:
    ring = Ring("a", "b")
    a, b = ring.nodes.values()
    a.tracker.enter("cardiology", "ana", "phone")
    b.tracker.enter("cardiology", "ana", "desk")
    ring.look(2)

    a.tracker.set_state("ana", "phone", "on_call", at=10.0)
    b.tracker.set_state("ana", "desk", "busy", at=11.0)
    ring.look(2)
    assert a.shown() == b.shown() == {"busy": ["ana"]}

    a.tracker.set_state("ana", "phone", "invisible", at=12.0)
    ring.look(2)
    assert a.shown() == b.shown() == {}
    assert b.tracker.is_unseen("ana")

    b.tracker.set_state("ana", "desk", "online", at=13.0)
    ring.look(2)
    assert a.shown() == b.shown() == {"online": ["ana"]}


def test_of_who_is_not_to_be_seen_other_nodes_hear_nothing() -> None:
    ring = Ring("a", "b")
    a, b = ring.nodes.values()
    a.tracker.enter("cardiology", "ana", "phone")
    a.tracker.set_state("ana", "phone", "invisible", at=1.0)
    ring.takes = lambda _name, _room, payload: b"chose" not in payload  # and that is lost

    ring.look(REFRESH_LOOKS + 1)

    assert b.shown() == {}
    a.tracker.set_state("ana", "phone", "online", at=2.0)
    ring.look(2)
    assert b.shown() == {"online": ["ana"]}


def test_the_later_choice_counts_though_another_nodes_clock_is_ahead() -> None:
    ring = Ring("a", "b")
    a, b = ring.nodes.values()
    a.tracker.enter("cardiology", "ana", "phone")
    b.tracker.set_state("ana", None, "busy", at=1_000.0)
    ring.look(2)

    a.tracker.set_state("ana", "phone", "invisible", at=10.0)
    ring.look(2 * REFRESH_LOOKS)

    assert a.shown() == b.shown() == {}
    assert b.tracker.is_unseen("ana")


def test_one_is_away_when_the_devices_on_every_node_are() -> None:
    ring = Ring("a", "b")
    a, b = ring.nodes.values()
    a.tracker.enter("cardiology", "ana", "phone")
    b.tracker.enter("cardiology", "ana", "desk")
    a.tracker.set_state("ana", "phone", "away")
    ring.look(2)
    assert a.shown() == b.shown() == {"online": ["ana"]}

    b.tracker.set_state("ana", "desk", "away")
    ring.look(2)

    assert a.shown() == b.shown() == {"away": ["ana"]}


def test_while_cut_off_nobody_is_forgotten_and_what_is_shown_is_stale() -> None:
    ring = Ring("a", "b")
    a, b = ring.nodes.values()
    a.tracker.enter("cardiology", "ana", "phone")
    b.tracker.enter("cardiology", "ben", "desk")
    ring.look(3)
    b.told.clear()

    ring.takes = lambda *_: False
    b.is_cut_off = True
    ring.look(3 * LEASE)
    b.is_cut_off, ring.takes = False, lambda *_: True
    ring.look(3)

    assert [(c.full, c.stale, sorted(c.online)) for c in b.told] == [
        (True, True, ["ana", "ben"]), (True, False, ["ana", "ben"]),
    ]  # fmt: skip


def test_a_node_that_was_stopped_blames_itself() -> None:
    ring = Ring("a", "b")
    a, b = ring.nodes.values()
    a.tracker.enter("cardiology", "ana", "phone")
    ring.look(3)
    b.told.clear()

    ring.now += 60.0
    b.look()
    ring.look(3)

    assert b.told == []
    assert b.shown() == {"online": ["ana"]}


def test_typing_is_shown_everywhere_and_ends_everywhere() -> None:
    ring = Ring("a", "b")
    a, b = ring.nodes.values()
    a.typing.start("cardiology", "ana", ring.now)
    ring.look(2)
    a.typing.stop("cardiology", "ana")
    ring.look(2)

    assert b.types == [["ana"], []]


def test_what_cannot_be_read_changes_nothing() -> None:
    ring = Ring("a", "b")
    ring.nodes["a"].tracker.enter("cardiology", "ana", "phone")
    ring.look(2)

    for payload in (b"", b"\xc1", b"\x92\xa4here\x01", b"\x91\xa7unknown"):
        ring.nodes["b"].peers.hear("a", payload, ring.now)

    assert ring.nodes["b"].shown() == {"online": ["ana"]}


STEPS = st.lists(
    st.tuples(
        st.sampled_from(["enter", "leave", "away", "busy", "online", "invisible", "look"]),
        st.sampled_from("abc"), st.sampled_from(["ana", "ben"]), st.booleans(),
    ),
    max_size=30,
)  # fmt: skip


@settings(deadline=None, max_examples=60)
@given(STEPS)
def test_all_agree_in_the_end_whatever_was_lost(steps: list[tuple[str, str, str, bool]]) -> None:
    ring = Ring("a", "b", "c")
    arrives = [True]
    ring.takes = lambda *_: arrives[0]
    for number, (step, node, person, is_lost) in enumerate(steps):
        arrives[0] = not is_lost
        place = ring.nodes[node]
        if step == "look":
            ring.look()
        elif step == "enter":
            place.tracker.enter("cardiology", person, (node, person))
        elif step == "leave":
            place.leave(person, (node, person))
        else:
            place.tracker.set_state(person, (node, person), step, at=float(number + 1))  # type: ignore[arg-type]  # online or away
    arrives[0] = True

    ring.look(ROOM_LEASE + REFRESH_LOOKS + LEASE + GRACE)

    shown = [place.shown() for place in ring.nodes.values()]
    assert shown[0] == shown[1] == shown[2]
