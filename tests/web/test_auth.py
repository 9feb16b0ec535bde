"""Auth: whom a request is answered as, and what another site's page cannot have a browser do."""

import asyncio
from collections.abc import AsyncIterator, MutableMapping
from types import SimpleNamespace
from typing import Any

import httpx2
import pytest
from starlette.requests import HTTPConnection

from storage.credentials import digest_of
from tests.builders import Ward
from tests.web.http_clients import ORIGIN, OWN_PAGE, browsing, give_session, give_token
from web.app import create_app
from web.auth import is_own_origin
from web.curbside import Curbside
from web.settings import Settings

FOREIGN = (
    "https://evil.example",
    "http://127.0.0.1:3000",
    "http://127.0.0.1:8000.evil.example",
    "http://evil.example/http://127.0.0.1:8000",
    "https://127.0.0.1:8000",
    "http://127.0.0.2:8000",
    "null",
    "",
)
POST = {"room": "cardiology", "text": "Lactate is clearing."}


@pytest.fixture
async def http(ward: Ward) -> AsyncIterator[httpx2.AsyncClient]:
    async with browsing(ward.curbside) as client:
        yield client


@pytest.fixture
async def browser(ward: Ward, http: httpx2.AsyncClient) -> httpx2.AsyncClient:
    http.cookies.set("curbside", await give_session(ward, "ana"), domain="127.0.0.1")
    return http


async def shown(http: httpx2.AsyncClient, **headers: str) -> str | None:
    """Return the handle of whom a request with these headers is answered as."""
    answer = await http.post("/api/session.show", headers=headers)
    return answer.json()["person"]["handle"] if answer.status_code == 200 else None


def own(settings: Settings, origin: str, host: str) -> bool:
    headers = [(b"origin", origin.encode()), (b"host", host.encode())]
    app = SimpleNamespace(state=SimpleNamespace(settings=settings))
    return is_own_origin(HTTPConnection({"type": "http", "headers": headers, "app": app}))


async def test_a_session_and_a_token_say_who_is_asking(
    http: httpx2.AsyncClient, ward: Ward
) -> None:
    session, token = await give_session(ward, "ana"), await give_token(ward, "ben", "read")

    assert await shown(http, Cookie=f"curbside={session}") == "ana"
    assert await shown(http, Authorization=f"Bearer {session}") == "ana"
    assert await shown(http, **token) == "ben"


async def test_nobody_is_known_by_anything_else(http: httpx2.AsyncClient, ward: Ward) -> None:
    session, token = await give_session(ward, "ana"), await give_token(ward, "ben", "read")
    bare = token["Authorization"].removeprefix("Bearer ")
    digest = digest_of(session).hex()

    for authorization in ("", "Bearer", f"Basic {bare}", bare, "Bearer " + "a" * 500, "Bearer ä"):
        headers = [(b"Authorization", authorization.encode("latin-1"))]
        assert (await http.post("/api/session.show", headers=headers)).status_code == 401
    for cookie in (bare, digest, session[:-1], f"{session}x", ""):
        assert await shown(http, Cookie=f"curbside={cookie}") is None
    assert await shown(http, Cookie=f"__Host-curbside={session}") is None
    assert (await http.post(f"/api/session.show?token={bare}")).status_code == 401


async def test_a_bad_bearer_is_not_answered_as_its_cookie(browser: httpx2.AsyncClient) -> None:
    assert await shown(browser) == "ana"
    assert await shown(browser, Authorization="Bearer cbt_nothing") is None


async def test_a_token_ends_when_it_was_said_to(http: httpx2.AsyncClient, ward: Ward) -> None:
    now = ward.curbside.wall_time()

    expired = await give_token(ward, "ana", "read", expires=now - 1)
    live = await give_token(ward, "ana", "read", expires=now + 3_600)

    assert await shown(http, **expired) is None
    assert await shown(http, **live) == "ana"


async def test_a_token_does_what_it_was_given_for(http: httpx2.AsyncClient, ward: Ward) -> None:
    reading, posting = [await give_token(ward, "ana", scope) for scope in ("read", "post")]

    answers = [
        await http.post("/api/message.post", json=POST, headers=token)
        for token in (reading, posting)
    ]

    assert [answer.status_code for answer in answers] == [403, 200]


@pytest.mark.parametrize(
    "headers",
    [
        OWN_PAGE,
        {"Sec-Fetch-Site": "same-origin", "X-Curbside": "1"},
        {"Sec-Fetch-Site": "same-origin", **OWN_PAGE},
    ],
)
async def test_the_servers_own_page_writes_under_its_cookie(
    browser: httpx2.AsyncClient, headers: dict[str, str]
) -> None:
    answer = await browser.post("/api/message.post", json=POST, headers=headers)

    assert answer.status_code == 200


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"X-Curbside": "1"},
        {"Origin": ORIGIN},
        {"Origin": ORIGIN, "X-Curbside": "0"},
        {"Sec-Fetch-Site": "same-site", **OWN_PAGE},
        {"Sec-Fetch-Site": "cross-site", **OWN_PAGE},
        *({"Origin": origin, "X-Curbside": "1"} for origin in FOREIGN),
    ],
)
async def test_no_other_page_writes_under_the_cookie(
    browser: httpx2.AsyncClient, ward: Ward, headers: dict[str, str]
) -> None:
    answer = await browser.post("/api/message.post", json=POST, headers=headers)

    assert (answer.status_code, answer.json()["code"]) == (403, "forbidden")
    page = await ward.run("message.history", {"room": "cardiology"}, "ana")
    assert page["messages"] == []


async def test_a_token_needs_no_page(http: httpx2.AsyncClient, ward: Ward) -> None:
    token = await give_token(ward, "ana", "post")

    answer = await http.post(
        "/api/message.post", json=POST, headers={**token, "Origin": "https://bots.example"}
    )

    assert answer.status_code == 200


async def test_no_answer_lets_another_origin_read_it(browser: httpx2.AsyncClient) -> None:
    foreign = {"Origin": "https://evil.example"}
    asked = {**foreign, "Access-Control-Request-Method": "POST"}

    read = await browser.get("/api/rooms", headers=foreign)
    preflight = await browser.options("/api/message.post", headers=asked)

    for answer in (read, preflight):
        assert [name for name in answer.headers if name.startswith("access-control")] == []
    assert preflight.status_code == 405


@pytest.mark.parametrize(
    ("origin", "host"),
    [
        ("http://127.0.0.1:8000", "127.0.0.1:8000"),
        ("http://localhost:8000", "localhost:8000"),
        ("http://localhost:49152", "localhost:49152"),  # a port that was not known at start
        ("http://[::1]:8000", "[::1]:8000"),
    ],
)
def test_a_server_on_ones_own_machine_goes_by_several_names(origin: str, host: str) -> None:
    assert own(Settings(), origin, host)


@pytest.mark.parametrize(
    ("origin", "host"),
    [
        *((origin, "127.0.0.1:8000") for origin in FOREIGN),
        ("http://evil.example", "evil.example"),  # a name that was rebound to this machine
        ("http://127.0.0.1.evil.example", "127.0.0.1.evil.example"),
        ("http://[", "["),
    ],
)
def test_other_names_are_not_the_servers(origin: str, host: str) -> None:
    assert not own(Settings(), origin, host)


def test_a_public_server_has_one_origin() -> None:
    public = Settings(url="https://chat.example.org")

    assert own(public, "https://chat.example.org", "chat.example.org")
    for origin in ("http://chat.example.org", "https://example.org", "http://127.0.0.1:8000"):
        assert not own(public, origin, origin.partition("//")[2])


async def knock(curbside: Curbside, secret: str, **headers: str) -> list[dict[str, Any]]:
    """Ask for a socket, leave once welcomed, and return what was answered."""
    answers: list[dict[str, Any]] = []
    arriving = iter(({"type": "websocket.connect"}, {"type": "websocket.disconnect", "code": 1000}))
    is_welcomed = asyncio.Event()

    async def receive() -> dict[str, Any]:
        message = next(arriving)
        if message["type"] == "websocket.disconnect":
            await is_welcomed.wait()
        return message

    async def send(message: MutableMapping[str, Any]) -> None:
        answers.append(dict(message))
        if message["type"] == "websocket.send":
            is_welcomed.set()

    given = {"Host": "127.0.0.1:8000", "Cookie": f"curbside={secret}", **headers}
    raw = [(name.lower().encode(), value.encode()) for name, value in given.items()]
    scope = {
        "type": "websocket", "path": "/ws", "query_string": b"", "headers": raw,
        "client": ("127.0.0.1", 50_000), "subprotocols": [],
        "extensions": {"websocket.http.response": {}},
    }  # fmt: skip
    app = create_app(curbside, Settings())
    await asyncio.wait_for(app(scope, receive, send), 10)
    app.state.sign_ins.passwords.close()
    return answers


async def test_the_servers_own_page_opens_a_socket(ward: Ward) -> None:
    answers = await knock(ward.curbside, await give_session(ward, "ana"), Origin=ORIGIN)

    assert answers[0]["type"] == "websocket.accept"
    assert '"handle":"ana"' in answers[1]["text"]


@pytest.mark.parametrize("origin", FOREIGN)
async def test_no_other_page_opens_a_socket(ward: Ward, origin: str) -> None:
    answers = await knock(ward.curbside, await give_session(ward, "ana"), Origin=origin)

    assert (answers[0]["type"], answers[0]["status"]) == ("websocket.http.response.start", 403)
    assert (b"x-content-type-options", b"nosniff") in answers[0]["headers"]


async def test_a_bot_opens_a_socket_from_anywhere(ward: Ward) -> None:
    token = await give_token(ward, "ben", "read")

    answers = await knock(ward.curbside, "", Origin="https://bots.example", **token)

    assert answers[0]["type"] == "websocket.accept"


async def test_a_stranger_opens_no_socket(ward: Ward) -> None:
    answers = await knock(ward.curbside, "nothing", Origin=ORIGIN)

    assert answers[0]["status"] == 401
