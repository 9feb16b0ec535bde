"""The socket: who may connect, what is said on it and how it ends, through every door alike."""

import json
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from chat.codecs import CODECS, JSON, MSGPACK, Codec
from chat.errors import Close
from chat.heartbeats import Heartbeats
from tests.waiting import until
from tests.web.doors import Door, Headers, opened
from tests.web.http_clients import FAR, give_session, give_token
from tests.web.talkers import Refused, Talker

EACH_CODEC = pytest.mark.parametrize("codec", [JSON, MSGPACK], ids=["json", "msgpack"])

POST = {"room": "cardiology", "cid": "b1f0c2d4e5", "text": "ECG attached."}


@pytest.fixture(params=["handover", "sansio", "testclient"])
async def door(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Door]:
    """Return a node with a moderator and two members of cardiology, behind each door in turn."""
    async with opened(request.param, tmp_path) as door:
        yield door


async def bearer(door: Door, handle: str, *scopes: str, **more: Any) -> Headers:
    granted: Headers = await door.do(
        lambda: give_token(door.ward, handle, *(scopes or ("read", "post")), **more)
    )
    return granted


async def cookie(door: Door, handle: str, *, expires: float = FAR) -> Headers:
    """Return the headers of one's own page under a session."""
    secret = await door.do(lambda: give_session(door.ward, handle, expires=expires))
    return {"Cookie": f"curbside={secret}", "Origin": door.origin}


@asynccontextmanager
async def talk(door: Door, headers: Headers, codec: Codec = JSON) -> AsyncIterator[Talker]:
    async with door.dial(headers, codec.name) as socket:
        assert socket.subprotocol == codec.name
        yield Talker(socket, codec)


async def refusal(door: Door, headers: Headers, *subprotocols: str) -> Refused:
    """Return how a handshake was refused."""
    with pytest.raises(Refused) as caught:
        async with door.dial(headers, *subprotocols):
            pass
    return caught.value


def code_of(refused: Refused) -> str:
    return str(json.loads(refused.body)["code"])


# Who may connect.


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


# What is said.


@EACH_CODEC
async def test_a_post_is_answered_and_reaches_who_is_there(door: Door, codec: Codec) -> None:
    ana_headers, ben_headers = await bearer(door, "ana"), await cookie(door, "ben")
    async with talk(door, ana_headers, codec) as ana, talk(door, ben_headers, codec) as ben:
        entered = await ben.enter("cardiology")
        await ana.enter("cardiology")

        answer = await ana.ask("message.post", POST)

        assert answer["ok"].keys() == {"room", "seq", "id", "at"}
        assert answer["ok"]["seq"] == entered["head"] + 1
        for talker in (ana, ben):
            event = await talker.event(answer["ok"]["seq"])
            assert event == {
                "room": "cardiology", "seq": answer["ok"]["seq"], "event": "message.posted",
                "at": answer["ok"]["at"], "by": door.ward.id("ana"),
                "data": {
                    "id": answer["ok"]["id"], "cid": POST["cid"], "kind": "text",
                    "text": POST["text"],
                },
            }  # fmt: skip


@EACH_CODEC
async def test_who_comes_back_gets_what_they_missed_and_then_what_comes(
    door: Door, codec: Codec
) -> None:
    headers = await bearer(door, "ben")
    async with talk(door, headers, codec) as ben:
        entered = await ben.enter("cardiology")
        seen = (await door.do(lambda: door.ward.post("cardiology", "ECG", "ana")))["seq"]
        await ben.event(seen)
    for text in ("Echo", "MRI"):
        await door.do(partial(door.ward.post, "cardiology", text, "ana"))

    async with talk(door, headers, codec) as ben:
        again = await ben.enter("cardiology", epoch=entered["epoch"], seq=seen)
        last = (await door.do(lambda: door.ward.post("cardiology", "Cath", "ana")))["seq"]
        await ben.event(last)

    assert again == {
        "room": "cardiology", "epoch": entered["epoch"], "head": seen + 2, "resumed": True
    }  # fmt: skip
    told = [(f["seq"], f["data"]["text"]) for f in ben.frames if "event" in f]
    assert told == [(seen + 1, "Echo"), (seen + 2, "MRI"), (seen + 3, "Cath")]


@EACH_CODEC
async def test_who_has_no_position_or_a_strange_one_gets_the_room_afresh(
    door: Door, codec: Codec
) -> None:
    posted = await door.do(lambda: door.ward.post("cardiology", "ECG", "ana"))
    async with talk(door, await bearer(door, "ben"), codec) as ben:
        first = await ben.enter("cardiology")
        epoch, head = first["epoch"], first["head"]
        strange: list[dict[str, Any]] = [
            {}, {"seq": head}, {"epoch": epoch}, {"epoch": "0" * 16, "seq": head},
            {"epoch": epoch, "seq": head + 1},
        ]  # fmt: skip
        for position in strange:
            entered = await ben.enter("cardiology", **position)
            assert (entered["resumed"], entered["head"]) == (False, head), position
            assert [m["id"] for m in entered["snapshot"]["messages"]] == [posted["id"]]

        resumed = await ben.enter("cardiology", epoch=epoch, seq=head)

    assert resumed["resumed"] is True
    assert "snapshot" not in resumed


@EACH_CODEC
async def test_a_post_said_twice_is_stored_and_told_once(door: Door, codec: Codec) -> None:
    async with talk(door, await bearer(door, "ana"), codec) as ana:
        await ana.enter("cardiology")
        first = await ana.ask("message.post", POST)

        again = await ana.ask("message.post", POST)
        other = await ana.ask("message.post", {**POST, "text": "Something else"})
        last = await ana.ask("message.post", {**POST, "cid": "c-00000002"})
        await ana.event(last["ok"]["seq"])

    assert again["ok"] == {**first["ok"], "duplicate": True}
    assert other["refused"]["code"] == "cid_reused"
    assert last["ok"]["seq"] == first["ok"]["seq"] + 1
    assert [f["seq"] for f in ana.frames if "event" in f] == [
        first["ok"]["seq"], last["ok"]["seq"]
    ]  # fmt: skip


async def test_whoever_is_connected_may_ask_who_they_are(door: Door) -> None:
    async with talk(door, await cookie(door, "ana")) as talker:
        answer = await talker.ask("session.show", {})

    assert answer["ok"]["person"]["handle"] == "ana"


async def test_a_token_does_no_more_than_it_was_given_for(door: Door) -> None:
    async with talk(door, await bearer(door, "ana", "read")) as reader:
        assert (await reader.enter("cardiology"))["room"] == "cardiology"
        refused = await reader.ask("message.post", POST)
    async with talk(door, await bearer(door, "ana", "read", "post")) as writer:
        posted = await writer.ask("message.post", POST)

    assert refused["refused"]["code"] == "forbidden"
    assert "ok" in posted


async def test_a_ping_is_answered_with_the_time(door: Door) -> None:
    async with talk(door, await bearer(door, "ana")) as talker:
        answer = await talker.ask("connection.ping", {})

    assert answer["ok"].keys() == {"now"}


# How it ends.


@EACH_CODEC
@pytest.mark.parametrize("more", [0, 1])
async def test_a_frame_has_128_kib_and_no_byte_more(door: Door, codec: Codec, more: int) -> None:
    bare = codec.encode({"id": 1, "do": "connection.ping", "with": {"x": "a" * 70_000}})
    padding = "a" * (70_000 + 128 * 1024 + more - len(bare))
    frame = codec.encode({"id": 1, "do": "connection.ping", "with": {"x": padding}})
    assert len(frame) == 128 * 1024 + more
    async with talk(door, await bearer(door, "ana"), codec) as talker:
        await talker.send(frame)

        if more:
            assert await talker.close_code() == Close.TOO_BIG
        else:
            answer = await talker.until(lambda frame: frame.get("re") == 1)
            assert answer["refused"]["code"] == "bad_request"


@EACH_CODEC
async def test_a_frame_of_the_other_type_closes(door: Door, codec: Codec) -> None:
    async with talk(door, await bearer(door, "ana"), codec) as talker:
        await talker.socket.send(b"{}" if codec is JSON else "{}")

        assert await talker.close_code() == Close.UNSUPPORTED


@EACH_CODEC
async def test_a_frame_that_cannot_be_read_closes(door: Door, codec: Codec) -> None:
    async with talk(door, await bearer(door, "ana"), codec) as talker:
        # A long one, so that the reason would be longer than a close frame holds.
        await talker.send(
            b'{"a": 1, "' + b"a" * 400 if codec is JSON else b"\xdb\xff\xff" + b"a" * 400
        )

        assert await talker.close_code() == Close.MALFORMED


async def test_five_frames_that_are_no_command_close(door: Door) -> None:
    async with talk(door, await bearer(door, "ana")) as talker:
        for _ in range(5):
            await talker.send(b"[]")

        assert await talker.close_code() == Close.MALFORMED

    assert [f["re"] for f in talker.frames if "refused" in f] == [None] * 5


async def test_signing_out_closes_what_came_with_that_session_alone(door: Door) -> None:
    own, other, token = (
        await cookie(door, "ana"), await cookie(door, "ana"), await bearer(door, "ana")
    )  # fmt: skip
    async with (
        talk(door, own) as first, talk(door, own) as second,
        talk(door, other) as elsewhere, talk(door, token) as bot,
    ):  # fmt: skip
        answer = await door.post("/api/session.close", {**own, "X-Curbside": "1"})

        assert answer.status_code == 200
        assert [await first.close_code(), await second.close_code()] == [Close.SIGNED_OUT] * 2
        for talker in (elsewhere, bot):
            assert "ok" in await talker.ask("connection.ping", {})
        assert (await refusal(door, own)).status == 401


async def test_a_session_that_expires_is_closed_then_and_no_sooner(door: Door) -> None:
    node = door.ward.curbside
    now = node.wall_time()
    headers = await cookie(door, "ana", expires=now + 100)
    forever = await bearer(door, "ana")

    async def sweep(wall: float) -> None:
        Heartbeats(node.connections._all).sweep(node.loop_time(), wall)

    async with talk(door, headers) as talker, talk(door, forever) as bot:
        await door.do(lambda: sweep(now + 99))
        assert "ok" in await talker.ask("connection.ping", {})

        await door.do(lambda: sweep(now + 100))

        assert await talker.close_code() == Close.SESSION_EXPIRED
        assert "ok" in await bot.ask("connection.ping", {})


async def test_a_server_that_drains_says_so_and_then_closes(door: Door) -> None:
    ana_headers, ben_headers = await bearer(door, "ana"), await bearer(door, "ben")
    async with talk(door, ana_headers) as ana, talk(door, ben_headers, MSGPACK) as ben:
        for talker in (ana, ben):
            assert "ok" in await talker.ask("connection.ping", {})

        await door.do(lambda: door.ward.curbside.connections.drain(0.1))

        for talker in (ana, ben):
            assert await talker.close_code() == Close.DRAINED
            assert talker.frames[-1]["signal"] == "connection.closing"
            assert 0 <= talker.frames[-1]["data"]["after"] <= 0.1


async def test_whoever_leaves_is_forgotten(door: Door) -> None:
    async with talk(door, await bearer(door, "ana")) as talker:
        await talker.enter("cardiology")
        assert len(door.ward.curbside.connections) == 1

        await talker.socket.leave()

        await until(lambda: len(door.ward.curbside.connections) == 0)
        live = door.ward.curbside.hub.find("cardiology")
        assert live is not None
        assert not live.seats
