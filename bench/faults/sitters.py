"""Sitters: people who stay in a room through every restart, each of whom the others are shown."""

import asyncio
import itertools
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from typing import Any

from tests.faults.posters import LOST
from tests.faults.sites import ROOMS, Site
from tests.processes import PATIENCE, Server
from tests.waiting import until
from tests.web.command_lines import Headers
from tests.web.talkers import Closed, Talker, talking

AGAIN = 0.05  # seconds between attempts to connect


class Sitter:
    """One of them, who moves to the next node whenever a link ends."""

    def __init__(self, headers: Headers, urls: Sequence[str], crowd: int) -> None:
        self.moves = -1
        self.person = ""
        self.here: set[str] = set()
        """Whom it is shown to be there, itself among them."""
        self.shown_to_leave: set[str] = set()
        self.blind = 0.0
        """The longest time in seconds from its arrival on a node until it was shown them all."""
        self._arrived = 0.0
        self._crowd = crowd
        self._headers = headers
        self._urls = urls

    async def stay(self) -> None:
        """Sit in the room until cancelled."""
        for url in itertools.cycle(self._urls):
            with suppress(*LOST, Closed):
                async with talking(url, self._headers) as talker:
                    await self._sit(talker)
            await asyncio.sleep(AGAIN)

    async def _sit(self, talker: Talker) -> None:
        welcome = await talker.signal("connection.welcoming")
        self.person = welcome["data"]["person"]["id"]
        await talker.enter(ROOMS[0], signals=True)
        self.moves += 1
        self._arrived = time.monotonic()
        self.here = set()
        pinging = asyncio.create_task(_ping(talker))
        try:
            while True:
                async with asyncio.timeout(PATIENCE):  # wait_for may swallow a cancellation
                    frame = talker.codec.decode(str(await talker.socket.receive()).encode())
                if frame.get("signal") == "presence.changing":
                    self._look(frame["data"])
        finally:
            pinging.cancel()

    def _look(self, shown: dict[str, Any]) -> None:
        states = ("online", "away", "busy", "on_call")
        left = self.here.intersection(shown.get("offline", ()))
        self.shown_to_leave |= left
        self.here = self.here.union(*(shown.get(state, ()) for state in states)) - left
        if self._arrived and self.sees_all:
            self.blind = max(self.blind, time.monotonic() - self._arrived)
            self._arrived = 0.0

    @property
    def sees_all(self) -> bool:
        """Whether it is shown everybody, or is itself the one who is missing."""
        return len(self.here | {self.person}) == self._crowd


async def _ping(talker: Talker) -> None:
    """Say something often enough that the talker's patience is never at its end."""
    while True:
        await asyncio.sleep(1.0)
        await talker.tell("connection.ping", {})


@asynccontextmanager
async def sitting(site: Site, nodes: Sequence[Server]) -> AsyncIterator[list[Sitter]]:
    """Have everybody sit in the first room, and yield them once each is shown all of them."""
    urls = [node.socket_url for node in nodes]
    sitters = [
        Sitter(headers, urls[n % len(urls) :] + urls[: n % len(urls)], len(site.people))
        for n, headers in enumerate(site.people)
    ]
    async with asyncio.TaskGroup() as tasks:
        running = [tasks.create_task(sitter.stay()) for sitter in sitters]
        await until(lambda: all(sitter.sees_all for sitter in sitters), PATIENCE)
        try:
            yield sitters
        finally:
            for task in running:
                task.cancel()
