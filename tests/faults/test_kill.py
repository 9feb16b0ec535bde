"""Kill -9: a server that dies in the middle of a busy hour loses nothing that it answered.

Eight clients post 200 messages a second; the server is killed ten times over. Each client holds its
place by epoch and seq, comes back by itself and says again, under the same cid, what was not answered.
"""

import asyncio
import itertools
import json
from contextlib import AsyncExitStack, suppress
from functools import partial
from pathlib import Path
from typing import Any

import httpx2
import pytest
from websockets.exceptions import InvalidHandshake

from chat.codecs import JSON, MSGPACK, Codec
from tests.processes import PATIENCE, Server, curbside, free_port, spare
from tests.waiting import until
from tests.web.talkers import Closed, Refused, Talker, talking

KILLS = 10
CLIENTS = 8
EVERY = CLIENTS / 200  # seconds between the posts of one client: 200 a second by all
BETWEEN = 60  # answers from one kill to the next, at the least
ROOMS = ("cardiology", "emergency")
AGAIN = 0.05  # seconds between attempts to connect; a browser's are longer, and jittered


class Place:
    """What one client holds of one room: its position, and the cid of each post by its number."""

    def __init__(self) -> None:
        self.epoch: str | None = None
        self.seq = 0
        self.posts: dict[int, str] = {}
        self.resumed = 0

    def enter(self, answer: dict[str, Any]) -> None:
        """Begin here, the first time from a snapshot, and ever after from where it was."""
        if self.epoch is None:
            assert answer["resumed"] is False
            assert answer["snapshot"]["messages"] == []
            self.epoch, self.seq = answer["epoch"], answer["head"]
        else:
            assert answer["resumed"] is True
            assert answer["epoch"] == self.epoch
            assert answer["head"] >= self.seq
            self.resumed += 1

    def apply(self, event: dict[str, Any]) -> None:
        """Take the next event, which must be the next one."""
        assert event["seq"] == self.seq + 1, (event["seq"], self.seq)
        assert event["event"] == "message.posted"
        self.seq = event["seq"]
        self.posts[self.seq] = event["data"]["cid"]


class Tally:
    """How many posts all clients together have had answered."""

    def __init__(self) -> None:
        self._count = 0
        self._goal = 0
        self._reached = asyncio.Event()

    def add(self) -> None:
        self._count += 1
        if self._count >= self._goal:
            self._reached.set()

    async def more(self, count: int) -> None:
        """Return once so many more have been answered."""
        self._goal = self._count + count
        self._reached.clear()
        await asyncio.wait_for(self._reached.wait(), PATIENCE)


class Poster:
    """One client, which posts in each room in turn and outlives every server."""

    def __init__(
        self, name: str, url: str, headers: dict[str, str], codec: Codec, tally: Tally
    ) -> None:
        self.places = {room: Place() for room in ROOMS}
        self.answered: dict[str, tuple[str, int]] = {}
        self.unanswered: dict[str, dict[str, Any]] = {}
        self.said_again = 0
        self.connects = 0
        self._name = name
        self._url = url
        self._headers = headers
        self._codec = codec
        self._tally = tally
        self._talker: Talker | None = None

    async def stay(self) -> None:
        """Connect, and again whenever that ends, until cancelled."""
        while True:
            with suppress(OSError, EOFError, InvalidHandshake, TimeoutError, Closed, Refused):
                async with talking(self._url, self._headers, self._codec) as talker:
                    await self._visit(talker)
            self._talker = None
            await asyncio.sleep(AGAIN)

    async def _visit(self, talker: Talker) -> None:
        for room, place in self.places.items():
            position = {"epoch": place.epoch, "seq": place.seq} if place.epoch else {}
            await talker.tell("room.enter", {"room": room, "signals": False, **position}, re=room)
            while (frame := await talker.hear()).get("re") != room:
                self._take(frame)
            place.enter(frame["ok"])
        self._talker = talker
        self.connects += 1
        for cid, payload in list(self.unanswered.items()):
            self.said_again += 1
            await talker.tell("message.post", payload, re=cid)
        while True:
            talker.frames.clear()
            self._take(await talker.hear())

    async def post(self, enough: asyncio.Event) -> None:
        """Post at an even pace, connected or not."""
        for number in itertools.count():
            room, cid = ROOMS[number % len(ROOMS)], f"{self._name}-{number:06}"
            payload = {"room": room, "cid": cid, "text": f"{cid}: potassium rechecked."}
            self.unanswered[cid] = payload
            if self._talker is not None:
                with suppress(Closed):
                    await self._talker.tell("message.post", payload, re=cid)
            if enough.is_set():
                return
            await asyncio.sleep(EVERY)

    def _take(self, frame: dict[str, Any]) -> None:
        if "event" in frame:
            self.places[frame["room"]].apply(frame)
        elif "re" in frame:
            told = (frame["ok"]["room"], frame["ok"]["seq"])
            assert self.answered.setdefault(frame["re"], told) == told
            self.unanswered.pop(frame["re"], None)
            self._tally.add()


async def history(origin: str, headers: dict[str, str], room: str) -> dict[int, str]:
    """Return what the log holds of a room: the cid in each message's text, by its number."""
    found: dict[int, str] = {}
    async with httpx2.AsyncClient(base_url=origin, headers=headers, trust_env=False) as client:
        more = True
        while more:
            after = max(found, default=0)
            answer = await client.get(f"/api/rooms/{room}/messages?limit=100&after={after}")
            page = answer.raise_for_status().json()
            found |= {m["seq"]: m["text"].partition(":")[0] for m in page["messages"]}
            more = page["more"]
    return found


async def prepare(data: Path) -> list[dict[str, str]]:
    """Add people and rooms, and return the headers that each of them signs in by."""
    names = [f"nurse-{number}" for number in range(CLIENTS)]
    lines = [json.dumps({"handle": name, "scopes": ["read", "post"]}) for name in names]
    added = await curbside(data, "person", "add", "-", stdin="\n".join(lines))
    members = [word for name in names for word in ("--member", name)]
    for room in ROOMS:
        ended = await curbside(data, "room", "add", room, "--title", room.title(), *members)
        assert ended.code == 0, ended.err
    tokens = [json.loads(line)["token"] for line in added.out.splitlines()]
    return [{"Authorization": f"Bearer {token}"} for token in tokens]


class Servers:
    """One server after another on one port and one folder, each loaded while another serves."""

    def __init__(self, stack: AsyncExitStack, data: Path) -> None:
        self.port = free_port()
        self._stack = stack
        self._data = data
        self._spare: Server | None = None

    async def follow(self) -> Server:
        """Return the next one, which serves."""
        server = self._spare or await self._load()
        await server.ready()
        self._spare = await self._load()
        return server

    async def _load(self) -> Server:
        loading = spare(self._data, port=self.port, CURBSIDE_LIMITS="off")
        return await self._stack.enter_async_context(loading)


def are_back(posters: list[Poster], kills: int) -> bool:
    return all(poster.connects == kills + 1 for poster in posters)


def have_all(posters: list[Poster], room: str, head: int) -> bool:
    return all(poster.places[room].seq == head for poster in posters)


@pytest.mark.faults
@pytest.mark.timeout(300)  # seconds; some 20, and more where the machine is shared by many
async def test_nothing_that_was_answered_is_lost_or_doubled_by_kills(tmp_path: Path) -> None:
    headers = await prepare(tmp_path / "var")
    tally, enough = Tally(), asyncio.Event()
    async with AsyncExitStack() as stack, asyncio.TaskGroup() as tasks:
        servers = Servers(stack, tmp_path / "var")
        server = await servers.follow()
        posters = [
            Poster(f"nurse-{n}", server.socket_url, each, (JSON, MSGPACK)[n % 2], tally)
            for n, each in enumerate(headers)
        ]
        staying = [tasks.create_task(poster.stay()) for poster in posters]
        await until(partial(are_back, posters, 0), PATIENCE)
        posting = [tasks.create_task(poster.post(enough)) for poster in posters]

        for kill in range(1, KILLS + 1):
            await tally.more(BETWEEN)
            await server.kill()
            server = await servers.follow()
            await until(partial(are_back, posters, kill), PATIENCE)

        enough.set()
        await asyncio.gather(*posting)
        await until(lambda: not any(poster.unanswered for poster in posters), PATIENCE)
        logs = {room: await history(server.origin, headers[0], room) for room in ROOMS}
        for room, log in logs.items():
            await until(partial(have_all, posters, room, max(log)), PATIENCE)
        for stay in staying:
            stay.cancel()

    assert sum(poster.said_again for poster in posters) > 0, "no kill came in the midst of a post"
    for room, log in logs.items():
        numbers = sorted(log)
        assert numbers == list(range(numbers[0], numbers[0] + len(log)))
        assert len(set(log.values())) == len(log)
        for poster in posters:
            assert poster.places[room].posts == log
            assert poster.places[room].resumed == KILLS
    for poster in posters:
        assert all(logs[room][seq] == cid for cid, (room, seq) in poster.answered.items())
    assert sum(map(len, logs.values())) == sum(len(poster.answered) for poster in posters)
