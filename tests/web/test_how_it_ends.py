"""How a socket ends, and with which code, through every door alike."""

import pytest

from chat.codecs import JSON, MSGPACK, Codec
from chat.errors import Close
from chat.heartbeats import Heartbeats
from tests.waiting import until
from tests.web.dialling import EACH_CODEC, bearer, cookie, refusal, talk
from tests.web.doors import Door


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
