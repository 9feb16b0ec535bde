"""What a client may send, and what it is told when it may not: on both subprotocols."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from chat.codecs import JSON, MSGPACK, Codec
from chat.connection import READS_AT_ONCE
from chat.errors import Close
from rooms.permissions import Actor
from rooms.readings import Reading
from tests.builders import Ward
from tests.clients import Client
from tests.waiting import until

CODECS = pytest.mark.parametrize("codec", [JSON, MSGPACK], ids=["json", "msgpack"])

POST = {"room": "cardiology", "cid": "b1f0c2d4e5", "text": "ECG attached."}


@CODECS
@pytest.mark.parametrize(
    ("change", "place"),
    [
        ({"text": 7}, "text"), ({"text": None}, "text"), ({"text": "  "}, "text"),
        ({"room": 7}, "room"), ({"room": "UPPER"}, "room"), ({"room": "a" * 65}, "room"),
        ({"room": ""}, "room"), ({"cid": "short"}, "cid"), ({"cid": "a" * 65}, "cid"),
        ({"cid": "spaces are not"}, "cid"), ({"colour": "red"}, "colour"), ({"kind": "nope"}, "kind"),
        ({"reply_to": 2**60}, "reply_to"), ({"reply_to": [1.5]}, "reply_to"),
    ],
    ids=str,
)  # fmt: skip
async def test_a_wrong_value_is_refused_by_its_place_and_leaves_no_trace(
    ward: Ward, codec: Codec, change: dict[str, Any], place: str
) -> None:
    client = Client(ward, "ana", codec)
    head = (await client.enter("cardiology"))["head"]

    answer = await client.ask("message.post", {**POST, **change})

    assert answer["refused"]["code"] == "bad_request"
    assert place in answer["refused"]["detail"]
    assert answer["refused"]["retry"] is False
    [room] = (await ward.run("room.list", {}, "ana"))["rooms"]
    assert room["head"] == head


@CODECS
@pytest.mark.parametrize("seq", [-1, True, "1", 1.5, 2**53 + 1, None], ids=str)
async def test_a_position_that_is_no_number_is_refused(ward: Ward, codec: Codec, seq: Any) -> None:
    client = Client(ward, "ana", codec)

    answer = await client.ask("room.mark_read", {"room": "cardiology", "seq": seq})

    assert answer["refused"]["code"] == "bad_request"
    assert "seq" in answer["refused"]["detail"]


async def test_not_a_number_is_refused_in_messagepack_and_closes_json(ward: Ward) -> None:
    packed, json = Client(ward, "ana", MSGPACK), Client(ward, "ana", JSON)
    nan = {"room": "cardiology", "seq": float("nan")}

    answer = await packed.ask("room.mark_read", nan)
    json.connection.received(
        b'{"id":1,"do":"room.mark_read","with":{"room":"cardiology","seq":NaN}}', text=True
    )

    assert answer["refused"]["code"] == "bad_request"
    assert json.link.code == Close.MALFORMED


@CODECS
@pytest.mark.parametrize(
    ("frame", "re"),
    [
        ({"id": 1, "do": "no.such_command", "with": {}}, 1),
        ({"id": 1, "do": "message.post"}, 1),
        ({"id": 1, "with": {}}, 1),
        ({"id": 1, "do": 7, "with": {}}, 1),
        ({"id": 1, "do": "connection.ping", "with": []}, 1),
        ({"id": "one", "do": "connection.ping", "with": {}, "and": 1}, "one"),
        ({"id": True, "do": "connection.ping", "with": {}}, None),
        ({"id": 2**60, "do": "connection.ping", "with": {}}, None),
        ({"id": "a" * 65, "do": "connection.ping", "with": {}}, None),
        ({"do": "connection.ping", "with": {}}, None),
        ({}, None), ([], None), (7, None), ("ping", None), (None, None),
    ],
    ids=str,
)  # fmt: skip
async def test_what_is_no_command_is_refused_with_its_id_where_it_has_one(
    ward: Ward, codec: Codec, frame: Any, re: object
) -> None:
    client = Client(ward, "ana", codec)

    client.connection.received(codec.encode(frame), text=codec is JSON)

    [answer] = client.read()
    assert answer["re"] == re
    assert answer["refused"]["code"] == "bad_request"
    assert client.link.code is None


@CODECS
async def test_five_frames_that_are_no_command_close_the_connection(
    ward: Ward, codec: Codec
) -> None:
    client = Client(ward, "ana", codec)

    for n in range(5):
        assert client.link.code is None
        client.tell("no.such_command", {"n": n})

    assert client.link.code == Close.MALFORMED


async def test_five_of_them_over_a_long_time_do_not(ward: Ward) -> None:
    client = Client(ward, "ana")

    for n in range(8):
        client.link.heard += 16
        client.tell("no.such_command", {"n": n})

    assert client.link.code is None


@pytest.mark.parametrize("codec", [JSON, MSGPACK], ids=["json", "msgpack"])
async def test_a_frame_of_the_other_subprotocols_type_is_closed(ward: Ward, codec: Codec) -> None:
    client = Client(ward, "ana", codec)

    client.connection.received(b"{}", text=codec is not JSON)

    assert client.link.code == Close.UNSUPPORTED


@CODECS
async def test_another_persons_private_room_cannot_be_entered(ward: Ward, codec: Codec) -> None:
    room = await ward.open_room("any", "ana", private=True)
    client = Client(ward, "ben", codec)

    for name in (room, "no-such-room"):
        answer = await client.ask("room.enter", {"room": name})
        assert answer["refused"]["code"] == "not_found"
        assert answer["refused"]["detail"] == "There is no such room."


async def test_what_is_asked_over_http_alone_is_refused_on_the_socket(ward: Ward) -> None:
    client = Client(ward, "ana")

    answer = await client.ask("session.open", {"handle": "ana", "password": "anything"})

    assert answer["refused"]["code"] == "bad_request"


async def test_beyond_32_commands_in_flight_the_socket_is_not_read(ward: Ward) -> None:
    client = Client(ward, "ana")
    for _ in range(31):
        client.tell("room.list", {})
    assert client.link.reads

    last = client.tell("room.list", {})

    assert not client.link.reads
    await client.until(lambda f: f.get("re") == last)
    assert client.link.reads


async def test_a_client_that_does_not_read_is_not_read_either(ward: Ward) -> None:
    client = Client(ward, "ana")

    client.connection.write_paused()
    assert not client.link.reads
    client.connection.write_resumed()

    assert client.link.reads


async def test_posts_of_one_connection_are_stored_in_the_order_sent(ward: Ward) -> None:
    client = Client(ward, "ana")
    await client.enter("cardiology")

    for n in range(30):
        client.tell("message.post", {**POST, "cid": f"cid-{n:08}", "text": f"Note {n}"})
    last = await client.ask("message.post", {**POST, "text": "The last"})

    await client.event(last["ok"]["seq"])
    texts = [f["data"]["text"] for f in client.frames if f.get("event") == "message.posted"]
    assert texts == [*(f"Note {n}" for n in range(30)), "The last"]


# Reads wait for their turn.


class Library:
    """Has each of a node's reads wait until it is let through."""

    def __init__(self, ward: Ward, monkeypatch: pytest.MonkeyPatch) -> None:
        self.begun = 0
        self.let_through = asyncio.Semaphore(0)
        self._read = ward.curbside.read
        monkeypatch.setattr(ward.curbside, "read", self._wait)

    async def _wait(self, actor: Actor, work: Callable[[Reading], Any]) -> Any:
        self.begun += 1
        await self.let_through.acquire()
        return await self._read(actor, work)


@pytest.fixture
def library(ward: Ward, monkeypatch: pytest.MonkeyPatch) -> Library:
    return Library(ward, monkeypatch)


def ask_for_pages(client: Client, count: int) -> list[int]:
    return [client.tell("message.history", {"room": "cardiology"}) for _ in range(count)]


def answered(client: Client) -> list[int]:
    return [frame["re"] for frame in client.read() if "re" in frame]


async def test_few_reads_of_a_connection_run_side_by_side(ward: Ward, library: Library) -> None:
    client, other = Client(ward, "ana"), Client(ward, "ben")
    asked = ask_for_pages(client, 10)
    await until(lambda: library.begun == READS_AT_ONCE)

    library.let_through.release()

    await until(lambda: library.begun == READS_AT_ONCE + 1)
    assert answered(client) == asked[:1]
    ask_for_pages(other, 1)
    await until(lambda: library.begun == READS_AT_ONCE + 2)
    for _ in range(10):
        library.let_through.release()
    await until(lambda: sorted(answered(client)) == asked)
    assert library.begun == 11


async def test_no_read_is_begun_for_a_client_that_does_not_read(
    ward: Ward, library: Library
) -> None:
    client = Client(ward, "ana")
    client.connection.write_paused()
    asked = ask_for_pages(client, 5)

    posted = await client.ask("message.post", POST)

    assert "ok" in posted
    assert library.begun == 0
    for _ in asked:
        library.let_through.release()
    client.connection.write_resumed()
    await until(lambda: sorted(answered(client)) == [*asked, posted["re"]])


async def test_the_reads_of_a_client_that_left_are_not_begun(ward: Ward, library: Library) -> None:
    client = Client(ward, "ana")
    ask_for_pages(client, 10)
    client.tell("room.enter", {"room": "cardiology"})
    await until(lambda: library.begun == READS_AT_ONCE)

    client.leave()

    for _ in range(10):
        library.let_through.release()
    await until(lambda: library.let_through._value == 10 - READS_AT_ONCE)
    await ward.run("room.list", {}, "ben")
    assert library.begun == READS_AT_ONCE + 1


async def test_a_room_that_was_left_before_its_turn_to_be_entered_has_no_stream(
    ward: Ward, library: Library
) -> None:
    client = Client(ward, "ana")
    ask_for_pages(client, READS_AT_ONCE)
    entering = client.tell("room.enter", {"room": "cardiology"})

    await client.ask("room.leave", {"room": "cardiology"})

    for _ in range(READS_AT_ONCE + 1):
        library.let_through.release()
    await client.until(lambda f: f.get("re") == entering)
    assert not client.connection.seats
