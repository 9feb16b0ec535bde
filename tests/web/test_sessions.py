"""Sessions: signing in and out in a browser, and the first administrator."""

from collections.abc import AsyncIterator

import httpx2
import pytest

from storage.credentials import Credentials, digest_of
from storage.database import Connection, Database
from tests.builders import Ward
from tests.clients import Client
from tests.web.http_clients import (
    OWN_PAGE,
    PASSWORD,
    browsing,
    give_password,
    give_session,
    give_token,
)
from web.curbside import Curbside
from web.sessions import issue_code
from web.settings import Settings

ANA = {"handle": "ana", "password": PASSWORD}


@pytest.fixture
async def http(ward: Ward) -> AsyncIterator[httpx2.AsyncClient]:
    await give_password(ward, "ana")
    async with browsing(ward.curbside) as client:
        yield client


async def first_code(curbside: Curbside) -> str | None:
    now = curbside.wall_time()
    return await curbside.database.transaction(lambda connection: issue_code(connection, now))


def signing_up(printed: str | None, **more: str) -> dict[str, str]:
    return {"code": printed or "", "handle": "hale", "name": "Hale", "password": PASSWORD, **more}


async def test_a_physician_signs_in_and_is_known_by_the_cookie(
    http: httpx2.AsyncClient, ward: Ward
) -> None:
    before = await http.post("/api/session.show")

    opened = await http.post("/api/session.open", json=ANA)

    shown = await http.post("/api/session.show")
    assert (before.status_code, opened.status_code) == (401, 200)
    assert opened.json() == shown.json()
    assert shown.json()["person"]["id"] == ward.id("ana")


@pytest.mark.parametrize("handle", ["@ana", "Ana"])
async def test_a_handle_may_be_written_as_people_write_it(
    http: httpx2.AsyncClient, handle: str
) -> None:
    answer = await http.post("/api/session.open", json={**ANA, "handle": handle})

    assert answer.status_code == 200


async def test_the_cookie_is_out_of_reach_of_scripts_and_other_sites(
    http: httpx2.AsyncClient, ward: Ward
) -> None:
    plain = await http.post("/api/session.open", json=ANA)
    settings = Settings(url="https://chat.example.org", is_limited=False)
    async with browsing(ward.curbside, settings, origin="https://chat.example.org") as browser:
        safe = await browser.post("/api/session.open", json=ANA)

    cookies = [answer.headers["set-cookie"] for answer in (plain, safe)]
    assert [cookie.partition("=")[0] for cookie in cookies] == ["curbside", "__Host-curbside"]
    for cookie in cookies:
        assert {"HttpOnly", "Path=/", "SameSite=lax"} <= set(cookie.split("; ")[1:])
        assert "Domain" not in cookie
    assert "Secure" in cookies[1]


async def test_only_the_digest_of_a_session_is_stored(
    http: httpx2.AsyncClient, curbside: Curbside
) -> None:
    await http.post("/api/session.open", json=ANA)
    secret = http.cookies["curbside"]

    def stored(connection: Connection) -> list[bytes]:
        rows = connection.exec_driver_sql("SELECT hash FROM sessions WHERE at > 0")
        return [row.hash for row in rows]

    assert await curbside.database.reading(stored) == [digest_of(secret)]
    assert len(secret) >= 43


async def test_a_wrong_password_and_an_unknown_handle_are_told_the_same(
    http: httpx2.AsyncClient,
) -> None:
    tried = [
        {**ANA, "password": "three noisy night shifts"},
        {**ANA, "handle": "nobody"},
        {**ANA, "handle": "ben"},  # is there, and has no password
    ]

    answers = [await http.post("/api/session.open", json=body) for body in tried]

    assert [answer.status_code for answer in answers] == [401] * 3
    assert answers[0].json() == answers[1].json() == answers[2].json()
    assert answers[0].json()["code"] == "signed_out"
    assert not http.cookies


async def test_keyboards_write_the_same_password_in_different_ways(
    http: httpx2.AsyncClient, ward: Ward
) -> None:
    await give_password(ward, "ben", "Fröhliche Schicht")
    composed = {"handle": "ben", "password": "Fro\u0308hliche Schicht"}

    assert (await http.post("/api/session.open", json=composed)).status_code == 200


async def test_signing_in_anew_ends_the_session_that_was_there(
    http: httpx2.AsyncClient, ward: Ward
) -> None:
    planted = await give_session(ward, "ana")
    http.cookies.set("curbside", planted, domain="127.0.0.1")

    await http.post("/api/session.open", json=ANA, headers=OWN_PAGE)

    secret = http.cookies["curbside"]
    assert secret != planted
    assert (await http.post("/api/session.show")).status_code == 200
    bearer = {"Authorization": f"Bearer {planted}"}
    assert (await http.post("/api/session.show", headers=bearer)).status_code == 401


async def test_another_sites_page_signs_nobody_in(http: httpx2.AsyncClient) -> None:
    foreign = [{"Origin": "https://evil.example"}, {"Sec-Fetch-Site": "cross-site"}]

    answers = [await http.post("/api/session.open", json=ANA, headers=each) for each in foreign]
    own = await http.post("/api/session.open", json=ANA, headers=OWN_PAGE)

    assert [answer.status_code for answer in answers] == [403, 403]
    assert own.status_code == 200


async def test_signing_out_ends_the_session_and_its_sockets_and_no_others(
    http: httpx2.AsyncClient, ward: Ward
) -> None:
    await http.post("/api/session.open", json=ANA)
    secret = http.cookies["curbside"]
    here, elsewhere = Client(ward, "ana"), Client(ward, "ana")
    here.connection.session = digest_of(secret)

    answer = await http.post("/api/session.close", headers=OWN_PAGE)

    assert (answer.status_code, answer.json()) == (200, {})
    assert answer.headers["clear-site-data"] == '"cache"'
    assert (here.link.code, elsewhere.link.code) == (4204, None)
    assert list(http.cookies) == ["curbside-device"]
    bearer = {"Authorization": f"Bearer {secret}"}
    assert (await http.post("/api/session.show", headers=bearer)).status_code == 401


async def test_signing_out_twice_is_no_error(http: httpx2.AsyncClient) -> None:
    assert (await http.post("/api/session.close")).status_code == 200


async def test_a_token_cannot_sign_out(http: httpx2.AsyncClient, ward: Ward) -> None:
    token = await give_token(ward, "ana", "read")

    answer = await http.post("/api/session.close", headers=token)

    assert (answer.status_code, answer.json()["code"]) == (403, "forbidden")
    assert (await http.post("/api/session.show", headers=token)).status_code == 200


async def test_the_first_administrator_signs_up_with_the_printed_code(curbside: Curbside) -> None:
    code = await first_code(curbside)
    async with browsing(curbside) as http:
        answer = await http.post("/api/session.sign_up", json=signing_up(code))

        person = answer.json()["person"]
        assert (answer.status_code, person["handle"], person["role"]) == (200, "hale", "admin")
        assert (await http.post("/api/session.show")).json()["person"] == person
        made = {"room": "cardiology", "title": "Cardiology"}
        opened = await http.post("/api/room.create", json=made, headers=OWN_PAGE)
        assert opened.status_code == 200
    async with browsing(curbside) as http:
        again = await http.post("/api/session.open", json={"handle": "hale", "password": PASSWORD})
        assert again.status_code == 200


async def test_a_code_works_once(curbside: Curbside) -> None:
    code = await first_code(curbside)
    async with browsing(curbside) as http:
        await http.post("/api/session.sign_up", json=signing_up(code))

        again = await http.post(
            "/api/session.sign_up", json=signing_up(code, handle="rowan"), headers=OWN_PAGE
        )

    assert (again.status_code, again.json()["code"]) == (401, "signed_out")


@pytest.mark.parametrize(
    ("more", "status"),
    [
        ({"code": "a guess"}, 401),
        ({"password": "seven77"}, 400),
        ({"password": "a" * 257}, 400),
        ({"handle": "Not A Handle"}, 400),
        ({"name": ""}, 400),
    ],
)
async def test_a_refused_sign_up_leaves_the_code_good(
    curbside: Curbside, more: dict[str, str], status: int
) -> None:
    code = await first_code(curbside)
    async with browsing(curbside) as http:
        refused = await http.post("/api/session.sign_up", json=signing_up(code, **more))
        accepted = await http.post("/api/session.sign_up", json=signing_up(code))

    assert (refused.status_code, accepted.status_code) == (status, 200)
    assert more.get("password", "nothing of it") not in refused.text


async def test_there_is_no_code_where_somebody_is_there(ward: Ward) -> None:
    assert await first_code(ward.curbside) is None


async def test_an_expired_session_is_none(ward: Ward) -> None:
    now = ward.curbside.wall_time()
    secrets = [await give_session(ward, "ana", expires=now + seconds) for seconds in (-1, 3_600)]
    async with browsing(ward.curbside) as http:
        statuses = [
            (
                await http.post("/api/session.show", headers={"Cookie": f"curbside={secret}"})
            ).status_code
            for secret in secrets
        ]

    assert statuses == [401, 200]


async def test_the_session_lasts_as_long_as_the_settings_say(ward: Ward) -> None:
    await give_password(ward, "ana")
    settings = Settings(is_limited=False, session_seconds=3_600.0)
    before = ward.curbside.wall_time()
    async with browsing(ward.curbside, settings) as http:
        answer = await http.post("/api/session.open", json=ANA)
        secret = http.cookies["curbside"]

    bearer = await ward.curbside.database.reading(
        lambda connection: Credentials(connection).session(digest_of(secret), before)
    )
    assert "Max-Age=3600" in answer.headers["set-cookie"]
    assert bearer is not None
    assert bearer.expires is not None
    assert 3_600 <= bearer.expires - before < 3_660


def test_a_session_that_has_expired_is_forgotten_when_its_owner_signs_in_again(
    database: Database,
) -> None:
    def rows(connection: Connection) -> int:
        return int(connection.exec_driver_sql("select count(*) from sessions").scalar_one())

    def sign_in(connection: Connection) -> None:
        credentials = Credentials(connection)
        credentials.open_session(b"old", "ana", at=0.0, expires=10.0)
        credentials.open_session(b"other's", "ben", at=0.0, expires=10.0)
        credentials.open_session(b"new", "ana", at=20.0, expires=30.0)

    database.write(sign_in)

    assert database.write(rows) == 2
