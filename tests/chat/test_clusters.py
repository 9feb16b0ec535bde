"""What those on one node hear of what is done on another, with Redis between them and without."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from chat.errors import Close, Conflict
from chat.redis_bus import RedisBus
from storage.credentials import Credentials
from tests import engines
from tests.builders import Ward, serving_on
from tests.clients import Client
from tests.databases import EVERY_ENGINE
from tests.engines import Valkey
from tests.waiting import until
from web.curbside import Curbside

ENGINES = EVERY_ENGINE

pytestmark = [
    pytest.mark.redis,
    pytest.mark.skipif(not engines.has_redis(), reason="no Redis, nor a Valkey"),
]


class Cluster:
    """Two nodes on one database, the same people on both."""

    def __init__(self, here: Curbside, there: Curbside) -> None:
        self.here, self.there = Ward(here), Ward(there)
        self.there.actors = self.here.actors

    @property
    def is_well(self) -> bool:
        return not (self.here.curbside.bus.is_degraded or self.there.curbside.bus.is_degraded)

    async def enter(self, handle: str, room: str) -> Client:
        """Return a client on the other node, to which nothing comes but by the bus."""
        client = Client(self.there, handle)
        await client.enter(room)
        await self.there.curbside.watches.stop()
        return client


@pytest.fixture
async def cluster(database_url: str, valkey: Valkey) -> AsyncIterator[Cluster]:
    """Return two nodes that hear each other, with a private room of linden's, ana's and ben's."""
    buses = [RedisBus(valkey.url, name) for name in ("a", "b")]
    async with (
        serving_on(database_url, buses[0]) as here,
        serving_on(database_url, buses[1]) as there,
    ):
        made = Cluster(here, there)
        await made.here.admit("linden", role="moderator")
        await made.here.admit("ana", "ben")
        await made.here.open_room("cardiology", "linden", "ana", "ben", private=True)
        await until(lambda: made.is_well)
        yield made


async def test_a_post_on_one_node_reaches_those_on_another(cluster: Cluster) -> None:
    ana = await cluster.enter("ana", "cardiology")
    await cluster.here.post("cardiology", "Troponin is back", "ben")

    posted = await cluster.here.post("cardiology", "And it is raised", "ben")

    assert (await ana.event(posted["seq"]))["data"]["text"] == "And it is raised"
    assert [seq for seq, _ in ana.events("cardiology")] == [posted["seq"] - 1, posted["seq"]]


async def test_who_is_no_member_on_one_node_hears_nothing_more_on_another(
    cluster: Cluster,
) -> None:
    ben, ana = await cluster.enter("ben", "cardiology"), await cluster.enter("ana", "cardiology")

    left = await cluster.here.run("member.leave", {"room": "cardiology"}, "ben")
    posted = await cluster.here.post("cardiology", "Of ben, who is gone", "linden")

    await ben.until(lambda frame: frame.get("signal") == "room.closing")
    await ana.event(posted["seq"])
    assert [seq for seq, _ in ana.events("cardiology")] == [left["seq"], posted["seq"]]
    assert ben.events("cardiology") == []


async def test_who_is_in_a_room_is_shown_on_every_node_and_typing_too(cluster: Cluster) -> None:
    ana, ben = Client(cluster.there, "ana"), Client(cluster.here, "ben")
    both = {cluster.here.id("ana"), cluster.here.id("ben")}
    for client in (ana, ben):
        await client.ask("room.enter", {"room": "cardiology"})

    for client in (ana, ben):
        await client.until(lambda _, client=client: shown(client) == both)

    await ben.ask("person.type", {"room": "cardiology"})
    typing = await ana.until(lambda frame: frame.get("signal") == "person.typing")
    assert typing["data"]["people"] == [cluster.here.id("ben")]


def shown(client: Client) -> set[str]:
    """Return whom a client shows as online in cardiology, by all it was told."""
    online: set[str] = set()
    for frame in client.frames:
        if frame.get("signal") == "presence.changing":
            told = frame["data"]
            online = set() if told.get("full") else online - set(told.get("offline", ()))
            online |= set(told.get("online", ()))
    return online


async def test_a_removed_text_leaves_the_rings_of_every_node(cluster: Cluster) -> None:
    ana = await cluster.enter("ana", "cardiology")
    posted = await cluster.here.post("cardiology", "a name that must go", "ben")
    await ana.event(posted["seq"])

    removal = {"room": "cardiology", "id": posted["id"]}
    removed = await cluster.here.run("message.remove", removal, "linden")

    await ana.event(removed["seq"])
    live = cluster.there.curbside.hub.find("cardiology")
    assert live is not None
    kept = list(live.ring.between(posted["seq"] - 1, removed["seq"]))
    assert len(kept) == 2
    assert b"a name" not in b"".join(entry.envelope.data for entry in kept)


async def test_without_redis_a_post_reaches_other_nodes_through_sql_within_three_seconds(
    cluster: Cluster, valkey: Valkey
) -> None:
    ana = Client(cluster.there, "ana")
    await ana.enter("cardiology")
    valkey.kill()

    posted = await cluster.here.post("cardiology", "Redis is gone", "ben")

    async with asyncio.timeout(3.0):
        await ana.event(posted["seq"])


async def test_while_redis_is_away_posts_cross_within_a_second(
    cluster: Cluster, valkey: Valkey
) -> None:
    ana = Client(cluster.there, "ana")
    await ana.enter("cardiology")
    valkey.kill()
    await until(lambda: cluster.there.curbside.bus.is_degraded)
    for n in range(3):
        posted = await cluster.here.post("cardiology", f"Note {n}", "ben")

        async with asyncio.timeout(1.0):
            await ana.event(posted["seq"])


async def test_a_session_that_ends_on_one_node_ends_on_all_within_two_seconds_without_redis(
    cluster: Cluster, valkey: Valkey
) -> None:
    ana = Client(cluster.there, "ana")
    await ana.enter("cardiology")
    valkey.kill()

    await cluster.here.curbside.database.transaction(
        lambda sql: Credentials(sql).close_sessions(cluster.here.id("ana"))
    )

    async with asyncio.timeout(2.0):
        await until(lambda: ana.link.code is not None)
    assert ana.link.code == Close.SIGNED_OUT


async def test_when_redis_is_back_what_was_missed_comes_at_once(
    cluster: Cluster, valkey: Valkey
) -> None:
    ana = await cluster.enter("ana", "cardiology")
    valkey.kill()
    await until(lambda: cluster.there.curbside.bus.is_degraded)
    posted = await cluster.here.post("cardiology", "Redis is gone", "ben")
    assert ana.events("cardiology") == []

    valkey.start()

    await ana.event(posted["seq"])


async def test_who_was_removed_is_sent_nothing_more_by_a_page_either(
    cluster: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    ben = await cluster.enter("ben", "cardiology")
    there, here = cluster.there.curbside, cluster.here
    monkeypatch.setattr(there.bus, "_hear", lambda message: None)
    posted = await here.post("cardiology", "Before", "linden")
    left = await here.run("member.leave", {"room": "cardiology"}, "ben")
    await here.post("cardiology", "After ben had left", "linden")
    live = there.hub.find("cardiology")
    assert live is not None

    there.hub._heal(live)  # as a hole would, with the rights of before

    await ben.until(lambda frame: frame.get("signal") == "room.closing")
    assert [seq for seq, _ in ben.events("cardiology")] == []
    assert left["seq"] == posted["seq"] + 1


async def test_a_room_that_another_opens_at_the_same_moment_is_a_conflict(cluster: Cluster) -> None:
    answers = [
        await asyncio.gather(
            *(ward.run("room.create", {"room": f"ward-{n}", "title": "Ward"}, "linden")
              for ward in (cluster.here, cluster.there)),
            return_exceptions=True,
        )
        for n in range(10)
    ]  # fmt: skip

    for each in answers:
        refused = [answer for answer in each if isinstance(answer, BaseException)]
        assert [type(refusal) for refusal in refused] == [Conflict]
