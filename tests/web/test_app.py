"""The app: what every response carries, and what failures show and hide."""

from collections.abc import AsyncIterator
from pathlib import Path

import httpx2
import pytest
from starlette.routing import WebSocketRoute
from starlette.testclient import TestClient
from structlog.testing import capture_logs

from storage.database import Database
from tests.builders import Ward
from tests.web.http_clients import browsing, give_token
from web.app import create_app
from web.curbside import Curbside
from web.settings import Settings

SCRIPT = "console.log('rounds begin at seven')\n" * 50
PATHS = (
    ("GET", "/", 200),
    ("GET", "/assets/index-Dk3.js", 200),
    ("GET", "/mark.svg", 200),
    ("GET", "/healthz", 200),
    ("GET", "/readyz", 200),
    ("GET", "/api/openapi.json", 200),
    ("GET", "/api/rooms", 401),
    ("GET", "/no/such/place", 404),
    ("DELETE", "/api/message.post", 405),
    ("POST", "/", 405),
    ("POST", "/api/session.show", 401),
)


@pytest.fixture
def built(tmp_path: Path) -> Path:
    """Return a folder as the client's build leaves it."""
    folder = tmp_path / "static"
    for name, text in {
        "index.html": "<!doctype html><title>Curbside</title>", "mark.svg": "<svg/>",
        "assets/index-Dk3.js": SCRIPT, "assets/mark-Xy1.png": "\x89PNG", "fonts/sans.woff2": "wOF2",
    }.items():  # fmt: skip
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    (tmp_path / "secret").write_text("a key")
    return folder


@pytest.fixture
async def http(curbside: Curbside, built: Path) -> AsyncIterator[httpx2.AsyncClient]:
    async with browsing(curbside, static=built) as client:
        yield client


def is_hardened(answer: httpx2.Response) -> bool:
    headers = answer.headers
    return (
        headers["x-content-type-options"] == "nosniff"
        and headers["referrer-policy"] == "no-referrer"
        and headers["cross-origin-opener-policy"] == "same-origin"
        and headers["cross-origin-resource-policy"] == "same-origin"
        and "camera=()" in headers["permissions-policy"]
        and "frame-ancestors 'none'" in headers["content-security-policy"]
        and headers["content-security-policy"].startswith("default-src 'none'")
    )


@pytest.mark.parametrize(("method", "path", "status"), PATHS)
async def test_every_response_is_hardened(
    http: httpx2.AsyncClient, method: str, path: str, status: int
) -> None:
    answer = await http.request(method, path)

    assert (answer.status_code, is_hardened(answer)) == (status, True)


async def test_a_failure_is_hardened_logged_and_tells_nothing(
    ward: Ward, monkeypatch: pytest.MonkeyPatch
) -> None:
    token = await give_token(ward, "ana", "read")

    def break_down(*_: object) -> None:
        raise RuntimeError("the patient in bed four")

    async with browsing(ward.curbside) as http:
        monkeypatch.setattr(ward.curbside, "count", break_down)
        with capture_logs() as logged:
            answer = await http.post("/api/room.list", headers=token)

    assert (answer.status_code, is_hardened(answer)) == (500, True)
    assert (answer.json()["code"], "bed four" in answer.text) == ("internal", False)
    assert [line["event"] for line in logged if line.get("exc_info")] == ["request failed"]


async def test_the_page_may_run_its_own_scripts_alone(http: httpx2.AsyncClient) -> None:
    page, other = [await http.get(path) for path in ("/", "/api/openapi.json")]

    policy = page.headers["content-security-policy"]
    assert "script-src 'self';" in policy
    assert "require-trusted-types-for 'script'" in policy
    assert "trusted-types svelte-trusted-html" in policy
    assert "unsafe" not in policy
    assert other.headers["content-security-policy"] == "default-src 'none'; frame-ancestors 'none'"


async def test_https_is_made_to_stick_only_where_there_is_https(curbside: Curbside) -> None:
    public = Settings(url="https://chat.example.org")
    async with browsing(curbside, public, origin="https://chat.example.org") as http:
        safe = await http.get("/healthz")
    async with browsing(curbside) as http:
        plain = await http.get("/healthz")

    assert safe.headers["strict-transport-security"].startswith("max-age=31536000")
    assert "strict-transport-security" not in plain.headers


async def test_every_response_has_an_id_of_its_own(http: httpx2.AsyncClient) -> None:
    ids = {(await http.get("/healthz")).headers["x-request-id"] for _ in range(3)}

    assert len(ids) == 3


@pytest.mark.parametrize("path", ["/no/such/place", "/api/rooms/x", "/assets/x.js", "/x.js"])
async def test_what_is_not_there_is_a_problem(http: httpx2.AsyncClient, path: str) -> None:
    answer = await http.get(path)

    assert answer.status_code == 404
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["code"] == "not_found"
    assert answer.headers["cache-control"] == "no-store"


@pytest.mark.parametrize("path", ["/", "/sign-in", "/rooms", "/you", "/r/cardiology/812"])
async def test_the_client_draws_its_own_places(http: httpx2.AsyncClient, path: str) -> None:
    answer = await http.get(path)

    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert answer.headers["cache-control"] == "no-cache"
    assert "<title>Curbside</title>" in answer.text


async def test_hashed_files_are_kept_for_ever_and_sent_small(http: httpx2.AsyncClient) -> None:
    small = await http.get("/assets/index-Dk3.js", headers={"Accept-Encoding": "gzip"})
    plain = await http.get("/assets/index-Dk3.js", headers={"Accept-Encoding": "identity"})
    image = await http.get("/assets/mark-Xy1.png", headers={"Accept-Encoding": "gzip"})

    assert small.text == plain.text == SCRIPT
    assert int(small.headers["content-length"]) < len(SCRIPT) / 10
    assert [answer.headers.get("content-encoding") for answer in (small, plain, image)] == [
        "gzip", None, None,
    ]  # fmt: skip
    assert "immutable" in plain.headers["cache-control"]
    assert plain.headers["vary"] == "Accept-Encoding"
    assert plain.headers["content-type"] == "text/javascript; charset=utf-8"


async def test_other_files_are_asked_for_again(http: httpx2.AsyncClient) -> None:
    icon, font = [await http.get(path) for path in ("/mark.svg", "/fonts/sans.woff2")]

    again = await http.get("/mark.svg", headers={"If-None-Match": icon.headers["etag"]})

    assert (icon.headers["cache-control"], again.status_code) == ("no-cache", 304)
    assert font.headers["cache-control"] == "public, max-age=86400"


@pytest.mark.parametrize(
    "path",
    [
        "/assets/..%2findex.html", "/assets/..%2f..%2fsecret", "/fonts/..%2f..%2fsecret",
        "/..%2fsecret", "/fonts/%2fetc%2fpasswd", "/assets/%2e%2e", "/assets", "/fonts", "/%00",
    ],
)  # fmt: skip
async def test_no_path_leads_out_of_the_client(http: httpx2.AsyncClient, path: str) -> None:
    assert (await http.get(path)).status_code == 404


async def test_a_client_that_is_not_built_says_how_to(curbside: Curbside, tmp_path: Path) -> None:
    async with browsing(curbside, static=tmp_path / "nothing") as http:
        page, asset = [await http.get(path) for path in ("/rooms", "/assets/index-Dk3.js")]

    assert (page.status_code, asset.status_code) == (503, 404)
    assert "bin/setup" in page.text


async def test_the_echo_is_served_only_when_asked_for(curbside: Curbside) -> None:
    apps = [create_app(curbside, Settings(has_test_echo=wanted)) for wanted in (True, False)]

    served = [
        {route.path for route in app.routes if isinstance(route, WebSocketRoute)} for app in apps
    ]
    assert served == [{"/ws", "/echo"}, {"/ws"}]


def test_the_node_starts_and_stops_with_the_app(database: Database, tmp_path: Path) -> None:
    node = Curbside(database, secret=b"a key for tests")

    with TestClient(create_app(node, Settings()), client=("127.0.0.1", 1)) as http:
        assert http.get("/readyz").json()["ready"] is True

    assert node.is_ready is False
