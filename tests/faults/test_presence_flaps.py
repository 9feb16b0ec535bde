"""Presence that flaps: 200 people come or go each second; a room hears of it once a second at most."""

import asyncio
from typing import Any

import pytest

from chat.identifiers import new_id
from presence.tracker import GRACE
from rooms.permissions import Actor
from tests.builders import Ward
from tests.clients import Client

PEOPLE = 200
SECONDS = 6


class Flappers:
    """People of whom half are in the room, and each second those go and the others come."""

    def __init__(self, ward: Ward) -> None:
        handles = [f"nurse-{n}" for n in range(PEOPLE)]
        for handle in handles:
            ward.actors[handle] = Actor(
                id=new_id(), handle=handle, kind="person", role="member", verified=True
            )
        self._ward = ward
        self._out, self._in = handles[::2], handles[1::2]
        self._clients: list[Client] = []

    async def turn(self) -> None:
        """Have all who are in leave, and all who are out enter."""
        for client in self._clients:
            client.leave()
        self._in, self._out = self._out, self._in
        self._clients = [Client(self._ward, handle) for handle in self._in]
        await asyncio.gather(*(each.enter("cardiology", signals=True) for each in self._clients))

    @property
    def ids(self) -> set[str]:
        """Return who is in."""
        return {self._ward.id(handle) for handle in self._in}


def take(client: Client) -> list[dict[str, Any]]:
    """Return what somebody was told of who is here, and keep none of it."""
    frames, client.frames = client.read(), []
    return [frame["data"] for frame in frames if frame.get("signal") == "presence.changing"]


def fold(shown: set[str], change: dict[str, Any]) -> set[str]:
    """Return who is shown after a change."""
    return (shown | set(change.get("online", ()))) - set(change.get("offline", ()))


@pytest.mark.faults
async def test_a_crowd_that_flaps_is_told_of_once_a_second_and_exactly_in_the_end(
    ward: Ward, monkeypatch: pytest.MonkeyPatch
) -> None:
    now, shown, flappers = 1_000.0, set[str](), Flappers(ward)
    await ward.curbside.watches.stop()  # they look when this says so
    monkeypatch.setattr(ward.curbside, "loop_time", lambda: now)
    watcher = Client(ward, "ben")
    await watcher.enter("cardiology", signals=True)
    told = []

    for second in range(SECONDS + int(GRACE) + 1):
        if second < SECONDS:
            await flappers.turn()
        now += 1.0
        ward.curbside.watches.tell_presence(now)
        await watcher.ask("room.list", {})  # a read: what was to be told is told before it
        told.append(take(watcher))
        for change in told[-1]:
            shown = fold(shown, change)

    *_, last = (change for changes in told for change in changes)
    assert max(len(changes) for changes in told[1:]) == 1
    assert sum(len(changes) for changes in told) <= SECONDS
    assert shown == flappers.ids | {ward.id("ben")}
    assert last["count"] == len(shown) == PEOPLE // 2 + 1
