"""Who may connect, through every door alike."""

from contextlib import AsyncExitStack

import pytest

from chat.codecs import CODECS, JSON, Codec
from tests.waiting import until
from tests.web.dialling import EACH_CODEC, bearer, code_of, cookie, refusal, talk
from tests.web.doors import Door, Headers
from tests.web.talkers import Talker


@EACH_CODEC
async def test_who_is_signed_in_is_welcomed_first(door: Door, codec: Codec) -> None:
    for headers in (await cookie(door, "ana"), await bearer(door, "ana")):
        async with talk(door, headers, codec) as talker:
            first = await talker.hear()

            assert first.keys() == {"signal", "data"}
            assert first["signal"] == "connection.welcoming"
            assert first["data"]["person"]["handle"] == "ana"
            assert first["data"]["person"]["id"] == door.ward.id("ana")
            assert first["data"]["server"].keys() == {"version", "now", "limits"}
            assert first["data"]["server"]["limits"]["text"] == 10_000
            assert first["data"]["server"]["limits"]["frame_bytes"] == 128 * 1024
            assert first["data"]["ping_every"] == 25.0


async def test_who_names_no_subprotocol_speaks_json(door: Door) -> None:
    async with door.dial(await bearer(door, "ana")) as socket:
        assert socket.subprotocol is None
        assert (await Talker(socket, JSON).hear())["signal"] == "connection.welcoming"


async def test_the_first_subprotocol_that_is_known_is_taken(door: Door) -> None:
    offered = ("curbside.v9.json", "curbside.v1.msgpack", "curbside.v1.json")
    async with door.dial(await bearer(door, "ana"), *offered) as socket:
        assert socket.subprotocol == "curbside.v1.msgpack"


async def test_who_speaks_no_version_of_ours_is_told_which_there_are(door: Door) -> None:
    refused = await refusal(door, await bearer(door, "ana"), "curbside.v9.json")

    assert (refused.status, code_of(refused)) == (426, "version")
    assert all(name in refused.body.decode() for name in CODECS)


async def test_who_is_nobody_is_refused(door: Door) -> None:
    right = await bearer(door, "ana")
    session = await cookie(door, "ana")
    secret = session["Cookie"].removeprefix("curbside=")
    wrong: list[Headers] = [
        {},
        {"Origin": door.origin},
        {"Authorization": "Bearer "},
        {"Authorization": right["Authorization"] + "x"},
        {"Authorization": right["Authorization"].replace("Bearer", "Basic")},
        {**session, "Cookie": session["Cookie"] + "x"},
        # A bad bearer's secret is not made up for by a good cookie, nor is a token one.
        {**session, "Authorization": "Bearer nonsense"},
        {**session, "Cookie": right["Authorization"].replace("Bearer ", "curbside=")},
        await bearer(door, "ana", expires=1.0),
        await cookie(door, "ana", expires=1.0),
    ]

    for headers in wrong:
        refused = await refusal(door, headers)
        assert (refused.status, code_of(refused)) == (401, "signed_out"), headers
        assert secret not in refused.body.decode()

    async with talk(door, right), talk(door, session):
        pass


@pytest.mark.parametrize(
    "origin", ["https://evil.example", "null", "", None, "http://127.0.0.1.evil.example"]
)
async def test_a_cookie_connects_from_ones_own_page_alone(door: Door, origin: str | None) -> None:
    own = await cookie(door, "ana")
    foreign = {name: value for name, value in own.items() if name != "Origin"}
    if origin is not None:
        foreign["Origin"] = origin

    refused = await refusal(door, foreign)

    assert (refused.status, code_of(refused)) == (403, "forbidden")
    async with talk(door, own):
        pass


async def test_a_token_connects_from_anywhere(door: Door) -> None:
    headers = {**await bearer(door, "ana"), "Origin": "https://dashboard.example"}

    async with talk(door, headers) as talker:
        assert (await talker.hear())["signal"] == "connection.welcoming"


async def test_a_credential_in_the_url_is_none(door: Door) -> None:
    token = (await bearer(door, "ana"))["Authorization"].removeprefix("Bearer ")

    answers = [
        await door.post(f"/api/session.show?{name}={token}", {})
        for name in ("token", "access_token")
    ]

    assert [answer.status_code for answer in answers] == [401, 401]


async def test_a_person_has_twenty_connections(door: Door) -> None:
    door.ward.curbside.limits.is_limited = True
    ana, ben = await bearer(door, "ana"), await bearer(door, "ben")
    async with AsyncExitStack() as stack:
        sockets = [await stack.enter_async_context(door.dial(ana)) for _ in range(20)]

        refused = await refusal(door, ana)

        assert (refused.status, code_of(refused)) == (429, "rate_limited")
        assert int(refused.headers["retry-after"]) > 0
        async with talk(door, ben):
            pass
        await sockets[0].leave()
        await until(lambda: door.ward.curbside.connections.count_of(door.ward.id("ana")) == 19)
        async with talk(door, ana):
            pass


async def test_an_address_that_failed_fifty_times_waits_whoever_asks(
    door: Door, monkeypatch: pytest.MonkeyPatch
) -> None:
    ana = await bearer(door, "ana")
    now = await door.do(door.ward.curbside.loop_time)
    monkeypatch.setattr(door.ward.curbside, "loop_time", lambda: now)
    door.ward.curbside.limits.is_limited = True
    for _ in range(50):
        assert (await refusal(door, {})).status == 401

    refused = await refusal(door, ana)

    assert (refused.status, code_of(refused)) == (429, "rate_limited")
    monkeypatch.setattr(
        door.ward.curbside, "loop_time", lambda: now + int(refused.headers["retry-after"])
    )
    async with talk(door, ana):
        pass


async def test_those_who_connect_rightly_use_up_nothing(
    door: Door, monkeypatch: pytest.MonkeyPatch
) -> None:
    ana = await bearer(door, "ana")
    now = await door.do(door.ward.curbside.loop_time)
    monkeypatch.setattr(door.ward.curbside, "loop_time", lambda: now)
    door.ward.curbside.limits.is_limited = True
    for _ in range(49):
        await refusal(door, {})

    for _ in range(3):
        async with talk(door, ana):
            pass

    assert (await refusal(door, {})).status == 401


async def test_a_server_that_drains_takes_nobody_in(door: Door) -> None:
    ana = await bearer(door, "ana")
    async with talk(door, ana):
        pass
    door.ward.curbside.connections.is_draining = True

    for headers in (ana, {}):
        refused = await refusal(door, headers)
        assert (refused.status, code_of(refused)) == (503, "unavailable")
        assert int(refused.headers["retry-after"]) > 0
