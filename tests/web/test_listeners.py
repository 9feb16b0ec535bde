"""What a node does with what its bus brings: rights before news, and one comparison at a time."""

import asyncio
from collections.abc import Collection, Sequence
from types import SimpleNamespace
from typing import Any

from structlog.testing import capture_logs

from chat.errors import Unavailable
from chat.events import AsOf, Envelope
from rooms.permissions import Rights
from tests.waiting import until
from web.listeners import NodeListener

TOLD = [Envelope("cardiology", 1, "message.posted", 1.0, None, b"\x80")]


class Hub:
    """A hub, and peers, that keep what they are asked; it compares as soon as it is let."""

    def __init__(self) -> None:
        self.delivered: list[Envelope] = []
        self.checked: list[set[str] | None] = []
        self.asked: list[Collection[str] | None] = []
        self.goes_on = asyncio.Event()
        self.fails: Exception | None = None

    def deliver(self, envelopes: Sequence[Envelope]) -> None:
        self.delivered += envelopes

    def ask(self, rooms: Collection[str] | None) -> None:
        self.asked.append(rooms)

    async def check(self, rooms: Collection[str] | None) -> None:
        self.checked.append(None if rooms is None else set(rooms))
        await self.goes_on.wait()
        if self.fails is not None:
            raise self.fails


def listener(hub: Hub, *, revision: int | None = None) -> NodeListener:
    """Return the listener of a node that knows the rights in cardiology, or none."""
    known = (
        Rights(room="cardiology", private=True, revision=revision, roles={}, epoch="epoch")
        if revision
        else None
    )
    node: Any = SimpleNamespace(hub=hub, peers=hub, known_rights=lambda room: known)
    return NodeListener(node)


async def test_what_is_missed_during_a_comparison_is_compared_after_it_at_once() -> None:
    hub = Hub()
    made = listener(hub)
    made.missed(["cardiology"])
    await until(lambda: hub.checked)
    made.missed(["oncology"])
    made.missed(["urology", "oncology"])
    await asyncio.sleep(0)
    assert hub.checked == [{"cardiology"}]

    hub.goes_on.set()

    await until(lambda: made._checking is None)
    assert hub.checked == [{"cardiology"}, {"oncology", "urology"}]


async def test_every_room_stands_for_those_that_are_named() -> None:
    hub = Hub()
    made = listener(hub)
    hub.goes_on.set()
    made.missed(["cardiology"])
    made.missed(None)
    made.missed(["oncology"])

    await until(lambda: made._checking is None)

    assert hub.checked == [None]


async def test_a_comparison_that_fails_is_logged_and_the_next_is_made() -> None:
    hub = Hub()
    made = listener(hub)
    hub.goes_on.set()
    hub.fails = Unavailable("The database is away. Try again.")
    with capture_logs() as logged:
        made.missed(None)
        await until(lambda: made._checking is None)

    made.missed(["cardiology"])

    await until(lambda: len(hub.checked) == 2)
    assert hub.asked == [None, ["cardiology"]]
    assert [(entry["event"], entry["code"]) for entry in logged] == [
        ("not compared", "unavailable")
    ]
    await made.close()


async def test_what_comes_with_known_rights_is_delivered_at_once() -> None:
    hub = Hub()

    listener(hub, revision=3).hear("cardiology", AsOf("epoch", 3), TOLD)
    listener(hub, revision=3).hear("cardiology", AsOf("epoch", 2), TOLD)

    assert hub.delivered == TOLD * 2


async def test_what_comes_with_newer_rights_waits_for_them() -> None:
    for revision in (3, None):
        hub = Hub()
        made = listener(hub, revision=revision)

        made.hear("cardiology", AsOf("epoch", 4), TOLD)

        await until(lambda hub=hub: hub.checked)  # type: ignore[misc]  # bound in a loop
        assert hub.checked == [{"cardiology"}]
        assert hub.delivered == []
        await made.close()


async def test_what_comes_with_other_numbers_is_compared_and_not_delivered() -> None:
    hub = Hub()
    made = listener(hub, revision=3)

    made.hear("cardiology", AsOf("another epoch", 3), TOLD)

    await until(lambda: hub.checked)
    assert hub.delivered == []
    await made.close()


async def test_closing_ends_the_comparison_under_way() -> None:
    hub = Hub()
    made = listener(hub)
    made.missed(None)
    await until(lambda: hub.checked)

    await made.close()

    assert made._checking is None
