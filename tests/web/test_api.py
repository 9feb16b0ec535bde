"""The API: every command over HTTP, and what it says to those it does not serve."""

from collections.abc import AsyncIterator

import httpx2
import msgspec
import pytest

from chat.codecs import JSON, MSGPACK
from chat.commands import Over
from tests.builders import Ward
from tests.web.http_clients import browsing, give_token
from web.curbside import all_commands

POST = {"room": "cardiology", "text": "Troponin doubled in three hours."}
MSGPACK_TYPE = {"Content-Type": "application/msgpack"}
OVER_HTTP = [command for command in all_commands() if command.over is not Over.SOCKET]


@pytest.fixture
async def http(ward: Ward) -> AsyncIterator[httpx2.AsyncClient]:
    async with browsing(ward.curbside) as client:
        yield client


@pytest.fixture
async def ana(ward: Ward, http: httpx2.AsyncClient) -> httpx2.AsyncClient:
    http.headers.update(await give_token(ward, "ana", "read", "post", "react"))
    return http


async def texts(ward: Ward) -> list[str]:
    page = await ward.run("message.history", {"room": "cardiology"}, "ben")
    return [message["text"] for message in page["messages"]]


async def test_a_member_posts_and_everybody_reads_it(ana: httpx2.AsyncClient, ward: Ward) -> None:
    answer = await ana.post("/api/message.post", json=POST)

    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/json")
    assert answer.json().keys() == {"room", "seq", "id", "at"}
    assert answer.headers["cache-control"] == "no-store"
    assert await texts(ward) == [POST["text"]]


@pytest.mark.parametrize(
    "command", [c for c in OVER_HTTP if not c.anonymous], ids=lambda command: command.name
)
async def test_every_command_refuses_who_is_not_signed_in(
    http: httpx2.AsyncClient, command: object
) -> None:
    answer = await http.post(f"/api/{getattr(command, 'name', '')}", content=b"not even JSON")

    assert answer.status_code == 401
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.headers["www-authenticate"] == "Bearer"
    assert answer.json()["code"] == "signed_out"


async def test_a_refusal_is_a_problem_with_the_same_fields(
    http: httpx2.AsyncClient, ward: Ward
) -> None:
    stranger = await give_token(ward, "stranger", "post")

    answer = await http.post("/api/message.post", json=POST, headers=stranger)

    assert answer.status_code == 403
    assert answer.json() == {
        "type": "about:blank", "title": "Forbidden", "status": 403, "code": "forbidden",
        "detail": "Join the room to write in it.", "retry": False,
    }  # fmt: skip


async def test_who_goes_too_fast_is_told_when_to_try_again(
    ward: Ward, monkeypatch: pytest.MonkeyPatch
) -> None:
    ward.curbside.limits.is_limited = True
    monkeypatch.setattr(ward.curbside, "loop_time", lambda: 100.0)  # however long posting takes
    token = await give_token(ward, "ana", "post")
    async with browsing(ward.curbside) as http:
        answers = [
            await http.post("/api/message.post", json=POST, headers=token) for _ in range(12)
        ]

    refused = answers[-1]
    assert [answer.status_code for answer in answers] == [200] * 10 + [429] * 2
    assert (refused.json()["code"], refused.json()["after"]) == ("rate_limited", 1.0)
    assert refused.headers["retry-after"] == "1"


async def test_message_pack_is_read_and_written(ana: httpx2.AsyncClient, ward: Ward) -> None:
    answer = await ana.post("/api/message.post", content=MSGPACK.encode(POST), headers=MSGPACK_TYPE)

    assert answer.headers["content-type"] == "application/msgpack"
    assert msgspec.msgpack.decode(answer.content)["room"] == "cardiology"
    assert await texts(ward) == [POST["text"]]


@pytest.mark.parametrize(
    ("sent", "accepts", "media_type"),
    [
        (JSON, "application/msgpack", "application/msgpack"),
        (MSGPACK, "application/json", "application/json"),
        (MSGPACK, "*/*", "application/msgpack"),
        (JSON, "text/html", "application/json"),
    ],
)
async def test_the_answer_is_in_the_format_that_was_asked_for(
    ana: httpx2.AsyncClient, sent: object, accepts: str, media_type: str
) -> None:
    named = "application/json" if sent is JSON else "application/msgpack"
    body = b"{}" if sent is JSON else b"\x80"

    answer = await ana.post(
        "/api/room.list", content=body, headers={"Content-Type": named, "Accept": accepts}
    )

    assert (answer.status_code, answer.headers["content-type"]) == (200, media_type)


@pytest.mark.parametrize(
    ("media_type", "status"),
    [
        ("application/json; charset=utf-8", 200),
        ('Application/JSON;charset="UTF-8"', 200),
        ("application/json; charset=latin-1", 415),
        ("text/plain", 415),
        ("application/x-www-form-urlencoded", 415),
        ("multipart/form-data; boundary=x", 415),
    ],
)
async def test_what_a_cross_site_form_can_send_is_not_read(
    ana: httpx2.AsyncClient, media_type: str, status: int
) -> None:
    answer = await ana.post("/api/room.list", content=b"{}", headers={"Content-Type": media_type})

    assert answer.status_code == status
    assert status == 200 or answer.json()["code"] == "bad_request"


async def test_an_empty_body_is_an_empty_map(ana: httpx2.AsyncClient) -> None:
    answer = await ana.post("/api/room.list")

    assert [room["room"] for room in answer.json()["rooms"]] == ["cardiology"]


@pytest.mark.parametrize(
    ("body", "place"),
    [
        (b"{", "body"),
        (b"[]", "map"),
        (b"\xff", "body"),
        (b'{"limit": 1, "limit": 2}', "twice"),
        (b'{"limit": NaN}', "NaN"),
        (b'{"limit": 9007199254740993}', "limit"),
        (b'{"limit": "5"}', "limit"),
        (b'{"limit": true}', "limit"),
        (b'{"surname": "Doe"}', "surname"),
        (b"[[[[[[[[[]]]]]]]]]", "deeper"),
    ],
)
async def test_a_malformed_body_is_refused_naming_the_place(
    ana: httpx2.AsyncClient, body: bytes, place: str
) -> None:
    answer = await ana.post("/api/room.list", content=body)

    assert (answer.status_code, answer.json()["code"]) == (400, "bad_request")
    assert place in answer.json()["detail"]


async def test_a_body_over_the_limit_is_refused(ana: httpx2.AsyncClient) -> None:
    within = await ana.post("/api/room.list", content=b" " * (128 * 1024 - 2) + b"{}")
    beyond = await ana.post("/api/room.list", content=b" " * (128 * 1024 - 1) + b"{}")

    assert within.status_code == 200
    assert (beyond.status_code, beyond.json()["code"]) == (413, "too_large")


@pytest.mark.parametrize("name", ["room.enter", "connection.ping", "room.paint", "person.add"])
async def test_what_http_does_not_offer_is_not_there(ana: httpx2.AsyncClient, name: str) -> None:
    answer = await ana.post(f"/api/{name}", json={"room": "cardiology"})

    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")


async def test_a_command_is_posted(ana: httpx2.AsyncClient) -> None:
    answer = await ana.get("/api/message.post")

    assert (answer.status_code, answer.headers["allow"]) == (405, "POST")
    assert answer.json()["code"] == "bad_request"


@pytest.mark.parametrize("key", ["night-shift-0001", '"night-shift-0001"'])
async def test_an_idempotency_key_makes_a_retry_harmless(
    ana: httpx2.AsyncClient, ward: Ward, key: str
) -> None:
    first = await ana.post("/api/message.post", json=POST, headers={"Idempotency-Key": key})

    again = await ana.post("/api/message.post", json=POST, headers={"Idempotency-Key": key})

    assert again.json() == {**first.json(), "duplicate": True}
    assert await texts(ward) == [POST["text"]]


async def test_a_cid_goes_before_an_idempotency_key(ana: httpx2.AsyncClient, ward: Ward) -> None:
    body, key = {**POST, "cid": "b1f0c2d4e5"}, {"Idempotency-Key": "night-shift-0001"}
    await ana.post("/api/message.post", json=body, headers=key)

    again = await ana.post("/api/message.post", json=body)

    assert again.json()["duplicate"] is True


async def test_writes_without_a_name_are_each_their_own(
    ana: httpx2.AsyncClient, ward: Ward
) -> None:
    for cid in ({}, {}, {"cid": None}):
        await ana.post("/api/message.post", json={**POST, **cid})

    assert await texts(ward) == [POST["text"]] * 3


@pytest.mark.parametrize("key", ["short", "with a space", "a/b/c/d/e", ""])
async def test_a_bad_idempotency_key_is_refused(ana: httpx2.AsyncClient, key: str) -> None:
    answer = await ana.post("/api/message.post", json=POST, headers={"Idempotency-Key": key})

    assert (answer.status_code, answer.json()["code"]) == (400, "bad_request")


async def test_rooms_and_history_are_also_got(ana: httpx2.AsyncClient, ward: Ward) -> None:
    posted = [await ward.post("cardiology", text, "ben") for text in ("ECG", "Echo", "MRI")]

    rooms = await ana.get("/api/rooms", params={"limit": 1})
    page = await ana.get(
        "/api/rooms/cardiology/messages", params={"before": posted[2]["seq"], "limit": 1}
    )

    assert [room["room"] for room in rooms.json()["rooms"]] == ["cardiology"]
    assert [message["text"] for message in page.json()["messages"]] == ["Echo"]
    assert page.headers["cache-control"] == "no-store"


@pytest.mark.parametrize(
    "query", ["limit=five", "limit=1&limit=2", "colour=red", "limit=-", "limit="]
)
async def test_a_query_is_as_strict_as_a_body(ana: httpx2.AsyncClient, query: str) -> None:
    answer = await ana.get(f"/api/rooms/cardiology/messages?{query}")

    assert (answer.status_code, answer.json()["code"]) == (400, "bad_request")


async def test_a_private_room_reads_as_one_that_is_not_there(
    ana: httpx2.AsyncClient, ward: Ward
) -> None:
    hidden = await ward.open_room("any", "ben", private=True)

    answers = [await ana.get(f"/api/rooms/{room}/messages") for room in (hidden, "no-such-room")]

    assert [answer.status_code for answer in answers] == [404, 404]
    assert answers[0].json() == answers[1].json()


async def test_the_api_is_described_to_all(http: httpx2.AsyncClient) -> None:
    described = (await http.get("/api/openapi.json")).json()

    assert described["openapi"].startswith("3.")
    assert {f"/api/{command.name}" for command in OVER_HTTP} <= described["paths"].keys()


async def test_the_socket_is_described_to_all(http: httpx2.AsyncClient) -> None:
    described = (await http.get("/api/asyncapi.json")).json()

    assert described["asyncapi"].startswith("3.")
