"""Habits: what a client of a workload does at each tick of its own clock, by seeded dice."""

import random
from typing import NamedTuple, Protocol


class Habits(NamedTuple):
    """How a client spends its time: what it does of a hundred ticks, the rest being posts."""

    every: float = 0.1
    """Seconds between two ticks."""
    edits: int = 8
    reacts: int = 6
    removes: int = 3
    reads: int = 5
    drops: int = 0
    """Of a hundred ticks, those after which it breaks its own link off, unanswered."""
    burst: int = 1
    """How much it does at a tick, without waiting for an answer."""


CALM = Habits(edits=0, reacts=0, removes=0, reads=0)


class Hands(Protocol):
    """What a client can do. ``mine`` and ``seen`` are the room and id of messages."""

    mine: list[tuple[str, str]]
    seen: list[tuple[str, str]]

    @property
    def rooms(self) -> list[str]:
        """The rooms that it may write in."""

    def drop(self) -> None:
        """Break the link off."""

    async def read(self, room: str) -> None:
        """Read the newest messages of a room."""

    async def write(self, do: str, room: str, *, cid: str = "", **payload: str | bool) -> str:
        """Write something, and return its cid."""


class Dice:
    """One client's choices."""

    def __init__(self, habits: Habits, seed: int) -> None:
        self._habits = habits
        self._random = random.Random(seed)
        self._texts = 0

    async def act(self, hands: Hands) -> None:
        """Do what the dice choose at one tick."""
        for _ in range(self._habits.burst):
            await self._act(hands)
        if self._random.randrange(100) < self._habits.drops:
            hands.drop()

    async def _act(self, hands: Hands) -> None:
        """Do one thing, a post where the other cannot be done."""
        kinds = [*self._habits[1:5]]
        names = ["edit", "react", "remove", "read", "post"]
        [name] = self._random.choices(names, [*kinds, 100 - sum(kinds)])
        room = self._random.choice(hands.rooms)
        if name == "read":
            await hands.read(room)
        elif name == "react" and hands.seen:
            room, message = self._random.choice(hands.seen[-20:])
            await hands.write("message.react", room, id=message, emoji="seen", on=True)
        elif name in ("edit", "remove") and hands.mine:
            await self._change(hands, name)
        else:
            await hands.write("message.post", room, text=self._text("potassium rechecked"))

    async def _change(self, hands: Hands, name: str) -> None:
        chosen = self._random.randrange(len(hands.mine))
        if name == "remove":
            room, message = hands.mine.pop(chosen)
            await hands.write("message.remove", room, id=message)
        else:
            room, message = hands.mine[chosen]
            await hands.write("message.edit", room, id=message, text=self._text("corrected"))

    def _text(self, what: str) -> str:
        self._texts += 1
        return f"Reading {self._texts}, {what}."
