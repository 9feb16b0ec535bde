"""Typing is shown as the whole set, for a few seconds, and never of those who are not to be seen."""

from typing import Any

from presence.typing_signals import SHOWN_FOR, TypingSignals
from tests.builders import Ward
from tests.clients import Client


def _sets(typing: TypingSignals, now: float) -> list[tuple[str, list[str]]]:
    return [(room, signal.people) for room, signal in typing.changes(now)]


def test_the_whole_set_is_told_when_it_changes_and_not_otherwise() -> None:
    typing = TypingSignals()
    typing.start("cardiology", "ben", 0.0)
    typing.start("cardiology", "ana", 0.5)

    assert _sets(typing, 1.0) == [("cardiology", ["ana", "ben"])]

    typing.start("cardiology", "ana", 1.5)
    assert _sets(typing, 2.0) == []


def test_who_says_no_more_of_it_is_taken_out_after_a_few_seconds() -> None:
    typing = TypingSignals()
    typing.start("cardiology", "ana", 0.0)
    typing.start("cardiology", "ben", 3.0)
    _sets(typing, 3.0)

    assert _sets(typing, SHOWN_FOR) == [("cardiology", ["ben"])]
    assert _sets(typing, SHOWN_FOR + 3.0) == [("cardiology", [])]
    assert _sets(typing, SHOWN_FOR + 4.0) == []


async def test_a_post_ends_its_authors_typing_and_nobody_elses(ward: Ward) -> None:
    watcher, ana, linden = (Client(ward, who) for who in ("ben", "ana", "linden"))
    await watcher.enter("cardiology", signals=True)
    await ana.ask("person.type", {"room": "cardiology"})
    ward.curbside.watches.tell_presence(1.0)
    await watcher.until(lambda frame: _typing(frame) == [ward.id("ana")])

    await ward.post("cardiology", "Bed 4 is free", "ana")

    await linden.ask("person.type", {"room": "cardiology"})
    ward.curbside.watches.tell_presence(2.0)
    told = await watcher.until(lambda frame: ward.id("linden") in (_typing(frame) or ()))
    assert _typing(told) == [ward.id("linden")]


async def test_one_who_is_no_member_is_refused_and_not_seen_to_type(ward: Ward) -> None:
    watcher, stranger, linden = (Client(ward, who) for who in ("ben", "stranger", "linden"))
    await watcher.enter("cardiology", signals=True)
    await stranger.enter("cardiology", signals=True)

    answer = await stranger.ask("person.type", {"room": "cardiology"})

    await linden.ask("person.type", {"room": "cardiology"})
    ward.curbside.watches.tell_presence(1.0)
    told = await watcher.until(lambda frame: _typing(frame) is not None)
    assert answer["refused"]["code"] == "forbidden"
    assert _typing(told) == [ward.id("linden")]


async def test_one_who_is_not_to_be_seen_is_not_seen_to_type(ward: Ward) -> None:
    watcher, ana, linden = (Client(ward, who) for who in ("ben", "ana", "linden"))
    await watcher.enter("cardiology", signals=True)
    await ana.ask("presence.set", {"state": "invisible"})

    for client in (ana, linden):
        await client.ask("person.type", {"room": "cardiology"})
    ward.curbside.watches.tell_presence(1.0)

    told = await watcher.until(lambda frame: _typing(frame) is not None)
    assert _typing(told) == [ward.id("linden")]


async def test_who_wants_not_to_be_seen_while_typing_is_not_seen_from_then_on(ward: Ward) -> None:
    watcher, ana, linden = (Client(ward, who) for who in ("ben", "ana", "linden"))
    await watcher.enter("cardiology", signals=True)
    for client in (ana, linden):
        await client.ask("person.type", {"room": "cardiology"})

    await ana.ask("presence.set", {"state": "invisible"})
    ward.curbside.watches.tell_presence(1.0)

    told = await watcher.until(lambda frame: _typing(frame) is not None)
    assert _typing(told) == [ward.id("linden")]


def _typing(frame: dict[str, Any]) -> list[str] | None:
    return frame["data"]["people"] if frame.get("signal") == "person.typing" else None
