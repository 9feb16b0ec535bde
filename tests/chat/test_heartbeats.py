"""Clients that are gone, stuck or signed out are found, and the others hear of their heads."""

import pytest

from chat import heartbeats
from chat.errors import Close
from chat.heartbeats import DEAD_AFTER, Heartbeats
from presence.tracker import GRACE
from tests.builders import Ward
from tests.clients import Client
from web.watches import PRESENCE_EVERY

WALL = 1_795_341_234.0


@pytest.fixture
async def heard(ward: Ward) -> Client:
    """Return a client that was heard at second 100 of the loop's clock."""
    client = Client(ward, "ana")
    client.link.heard = 100.0
    return client


def _sweep(client: Client, now: float, wall: float = WALL) -> None:
    Heartbeats([client.connection]).sweep(now, wall)


async def test_silence_of_20_seconds_is_pinged_once(heard: Client) -> None:
    _sweep(heard, 119.0)
    assert heard.link.pings == 0

    for now in (120.5, 121.5, 122.5):
        _sweep(heard, now)

    assert heard.link.pings == 1
    assert heard.link.code is None


async def test_silence_of_45_seconds_frees_the_connection(heard: Client) -> None:
    _sweep(heard, 144.9)
    assert heard.link.code is None

    _sweep(heard, 145.1)

    assert heard.link.code == Close.HEARTBEAT_LOST


async def test_a_pulled_cable_is_shown_to_the_others_within_55_seconds(
    ward: Ward, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = 100.0
    monkeypatch.setattr(ward.curbside, "loop_time", lambda: now)
    hearts, watches = Heartbeats(ward.curbside.connections), ward.curbside.watches
    cut_off, watcher = Client(ward, "ana"), Client(ward, "ben")
    for client in (cut_off, watcher):
        await client.enter("cardiology", signals=True)
    watches.tell_presence(now)
    cut_off.link.heard = now

    while now < 100.0 + 55.0:
        watches.tell_presence(now)  # first: what the sweep finds is told a second later
        hearts.sweep(now, WALL)
        now += 1.0

    told = await watcher.until(lambda frame: "offline" in frame.get("data", {}))
    assert (told["signal"], told["data"]["offline"]) == ("presence.changing", [ward.id("ana")])
    assert DEAD_AFTER + heartbeats.EVERY + GRACE + PRESENCE_EVERY <= 55


async def test_one_who_answers_a_ping_is_pinged_again_after_the_next_silence(heard: Client) -> None:
    _sweep(heard, 121.0)
    heard.link.heard = 121.2
    _sweep(heard, 122.0)

    _sweep(heard, 142.0)

    assert heard.link.pings == 2


async def test_ten_seconds_with_a_full_socket_are_too_slow(heard: Client) -> None:
    heard.connection.write_paused()
    heard.link.heard = 115.0  # it still sends, and reads nothing

    for now in (105.0, 114.9):
        _sweep(heard, now)
    assert heard.link.code is None
    _sweep(heard, 115.1)

    assert heard.link.code == Close.TOO_SLOW


async def test_one_whose_socket_drains_in_time_is_not_too_slow(heard: Client) -> None:
    for start in (105.0, 112.0, 119.0):
        heard.connection.write_paused()
        _sweep(heard, start)
        _sweep(heard, start + 6)
        heard.connection.write_resumed()

    assert heard.link.code is None


async def test_a_session_that_has_expired_is_closed(heard: Client) -> None:
    heard.connection.expires = WALL + 1

    _sweep(heard, 101.0, WALL)
    assert heard.link.code is None
    _sweep(heard, 102.0, WALL + 1)

    assert heard.link.code == Close.SESSION_EXPIRED


async def test_heads_are_told_once_after_entering_and_then_of_rooms_that_moved(ward: Ward) -> None:
    client = Client(ward, "linden")
    entered = await client.enter("cardiology")
    await client.enter("@me")
    hearts = Heartbeats([client.connection])

    def heads() -> list[dict[str, int]]:
        client.frames.clear()
        for _ in range(15):
            hearts.sweep(client.link.heard, WALL)
        return [f["data"]["heads"] for f in client.read() if f.get("signal") == "room.heads"]

    assert heads() == [{"cardiology": entered["head"], "@me": 0}]
    assert heads() == []
    posted = await ward.post("cardiology", "News", "ben")
    await client.event(posted["seq"])

    assert heads() == [{"cardiology": posted["seq"]}]


async def test_heads_of_a_room_that_always_moves_are_told_every_15_seconds(ward: Ward) -> None:
    client = Client(ward, "linden")
    await client.enter("cardiology")
    hearts, seconds = Heartbeats([client.connection]), []

    for second in range(1, 46):
        posted = await ward.post("cardiology", "News", "ben")
        await client.event(posted["seq"])
        client.frames.clear()
        hearts.sweep(client.link.heard, WALL)
        if any(frame.get("signal") == "room.heads" for frame in client.read()):
            seconds.append(second)

    assert seconds == [15, 30, 45]
    assert heartbeats.EVERY == 1.0
