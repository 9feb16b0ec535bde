"""Bad input: each kind of it on both subprotocols and over HTTP, and that it leaves no trace.

The same command is asked thrice, wrong in the same way; then a right one, so that what was refused is
the fault and not the command.
"""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, cast

import httpx2
import msgpack
import pytest

from chat.codecs import JSON, MSGPACK, Codec
from chat.errors import Close
from tests.web.bad_inputs import FAULTS, POST, READ, Fault, expected, nested
from tests.web.doors import Door, Headers, ServerDoor, opened
from tests.web.http_clients import give_token
from tests.web.talkers import Closed, LibrarySocket, Talker, dialled

MEDIA_TYPES = {JSON: "application/json", MSGPACK: "application/msgpack"}
EACH_CODEC = pytest.mark.parametrize("codec", [JSON, MSGPACK], ids=["json", "msgpack"])

EACH_FAULT = pytest.mark.parametrize("name", FAULTS)


@pytest.fixture
async def door(tmp_path: Path) -> AsyncIterator[ServerDoor]:
    async with opened("handover", tmp_path) as door:
        yield cast(ServerDoor, door)


async def payload_of(door: Door, fault: Fault, codec: Codec) -> bytes:
    """Return what is sent, which may name a room that ana may not know of."""
    payload = fault.payload(codec)
    if b"HIDDEN" not in payload:
        return payload
    return codec.encode({**POST, "room": await door.ward.open_room("any", "ben", private=True)})


async def state(door: Door) -> list[tuple[str, int, int]]:
    """Return where each room of the two stands."""
    listed = [await door.ward.run("room.list", {}, handle) for handle in ("ana", "ben")]
    return [(r["room"], r["head"], r["read"]) for each in listed for r in each["rooms"]]


def frame_of(codec: Codec, do: str, payload: bytes) -> bytes:
    """Return a frame around what need not be decodable."""
    if codec is JSON:
        return b'{"id": 1, "do": "%s", "with": %s}' % (do.encode(), payload)
    return b"\x83" + b"".join(map(msgpack.packb, ("id", 1, "do", do, "with"))) + payload


async def send(socket: LibrarySocket, codec: Codec, frame: bytes) -> None:
    if codec is JSON:
        await socket.send_wrong_text(frame)
    else:
        await socket.send(frame)


@EACH_CODEC
@EACH_FAULT
async def test_on_the_socket(
    door: ServerDoor, codec: Codec, name: str, capfd: pytest.CaptureFixture[str]
) -> None:
    fault, answer = FAULTS[name], expected(name, codec)
    payload = await payload_of(door, fault, codec)
    headers = await give_token(door.ward, "ana", "read", "post")
    before = await state(door)
    capfd.readouterr()

    async with dialled(door.socket_url, headers, codec.name) as socket:
        talker = Talker(socket, codec)
        await send(socket, codec, frame_of(codec, fault.do, payload))

        if isinstance(answer, Close):
            assert await talker.close_code() == answer
        else:
            refused = (await talker.until(lambda f: "refused" in f))["refused"]
            assert refused["code"] == answer
            assert fault.place in refused["detail"]
            assert refused["retry"] is False

    assert await state(door) == before
    assert capfd.readouterr() == ("", "")
    await both_commands_work(door, headers, codec)


async def both_commands_work(door: ServerDoor, headers: Headers, codec: Codec) -> None:
    """Hold that what was refused was the fault, and that the server goes on."""
    async with dialled(door.socket_url, headers, codec.name) as socket:
        talker = Talker(socket, codec)
        posted = await talker.ask("message.post", {**POST, "text": "ä" * 10_000})
        read = await talker.ask("room.mark_read", {**READ, "seq": posted["ok"]["seq"]})
    assert read["ok"]["seq"] == posted["ok"]["seq"]


@EACH_CODEC
@EACH_FAULT
async def test_over_http(
    door: ServerDoor, codec: Codec, name: str, capfd: pytest.CaptureFixture[str]
) -> None:
    fault = FAULTS[name]
    closes = isinstance(fault.answer, Close)
    code = fault.over_http or ("bad_request" if closes else str(fault.answer))
    payload = await payload_of(door, fault, codec)
    headers = await give_token(door.ward, "ana", "read", "post")
    typed = {**headers, "Content-Type": MEDIA_TYPES[codec]}
    before = await state(door)
    capfd.readouterr()

    answer = await door.post(f"/api/{fault.do}", typed, payload)

    statuses = {"bad_request": 400, "not_found": 404, "too_large": 413}
    assert (answer.status_code, answer.json()["code"]) == (statuses[code], code)
    assert answer.headers["content-type"] == "application/problem+json"
    assert fault.place in answer.json()["detail"]
    assert await state(door) == before
    assert capfd.readouterr() == ("", "")
    right: httpx2.Response = await door.post(
        f"/api/{fault.do}", typed, codec.encode(POST if fault.do == "message.post" else READ)
    )
    assert right.status_code == 200


@EACH_CODEC
async def test_eight_levels_are_read_and_nine_are_not(door: ServerDoor, codec: Codec) -> None:
    headers = await give_token(door.ward, "ana", "read", "post")
    typed = {**headers, "Content-Type": MEDIA_TYPES[codec]}

    async with dialled(door.socket_url, headers, codec.name) as socket:
        talker = Talker(socket, codec)
        eight = await talker.ask("message.post", {**POST, "text": nested(6)})
        await talker.tell("message.post", {**POST, "text": nested(7)})
        assert await talker.close_code() == Close.MALFORMED
    answers = [
        await door.post("/api/message.post", typed, codec.encode({**POST, "text": nested(depth)}))
        for depth in (7, 8)
    ]

    assert "text" in eight["refused"]["detail"]
    assert [answer.status_code for answer in answers] == [400, 400]
    assert "text" in answers[0].json()["detail"]
    assert "deeper" in answers[1].json()["detail"]


@EACH_CODEC
async def test_a_stale_epoch_gets_the_room_afresh(door: ServerDoor, codec: Codec) -> None:
    headers = await give_token(door.ward, "ana", "read")
    async with dialled(door.socket_url, headers, codec.name) as socket:
        talker = Talker(socket, codec)
        epoch = (await talker.enter("cardiology"))["epoch"]

        stale = await talker.enter("cardiology", epoch="f" * 16, seq=1)
        true = await talker.enter("cardiology", epoch=epoch, seq=1)

    assert (stale["resumed"], stale["epoch"]) == (False, epoch)
    assert true["resumed"] is True


@EACH_CODEC
@pytest.mark.parametrize("seq", [-1, True, 2**53 + 1, "1", 1.5])
async def test_a_position_that_is_none_is_refused_and_ends_nothing(
    door: ServerDoor, codec: Codec, seq: Any
) -> None:
    headers = await give_token(door.ward, "ana", "read")
    async with dialled(door.socket_url, headers, codec.name) as socket:
        talker = Talker(socket, codec)
        entered = await talker.enter("cardiology")

        payload = {"room": "cardiology", "epoch": entered["epoch"], "seq": seq}
        refused = await talker.ask("room.enter", payload)

        assert refused["refused"]["code"] == "bad_request"
        assert "seq" in refused["refused"]["detail"]
        posted = await door.ward.post("cardiology", "ECG", "ben")
        assert (await talker.event(posted["seq"]))["event"] == "message.posted"


@EACH_CODEC
async def test_a_frame_cut_off_by_the_clients_end_is_nothing(
    door: ServerDoor, codec: Codec, capfd: pytest.CaptureFixture[str]
) -> None:
    headers = await give_token(door.ward, "ana", "post")
    before = await state(door)
    frame = codec.encode({"id": 1, "do": "message.post", "with": POST})
    async with dialled(door.socket_url, headers, codec.name) as socket:
        socket.break_off(frame, text=codec is JSON)
        with pytest.raises(Closed):
            await Talker(socket, codec).until(lambda f: "re" in f)

    assert await state(door) == before
    assert capfd.readouterr() == ("", "")
