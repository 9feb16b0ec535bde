"""Visitors: a guesser is kept out, and never the one whose handle is guessed at."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import httpx2
import pytest
from argon2 import PasswordHasher

from tests.builders import Ward
from tests.web.http_clients import OWN_PAGE, PASSWORD, give_password
from web import passwords, visitors
from web.app import create_app
from web.devices import DEVICE_LIMIT, Devices
from web.settings import Settings

LIMITED = Settings(is_limited=True)
HOME, ELSEWHERE = "192.0.2.7", "198.51.100.9"
WRONG = "three noisy night shifts"
GUESSES = 10  # on a handle from everywhere: fewer than in truth, since each costs a request
QUICK = PasswordHasher(
    time_cost=1, memory_cost=8, parallelism=1
)  # KiB; what is tested is the counting


class Browsers:
    """Browsers all over the world, at one server."""

    def __init__(self, app: Any) -> None:
        self._app = app

    def at(self, address: str) -> httpx2.AsyncClient:
        """Return a new browser, with no cookies."""
        transport = httpx2.ASGITransport(self._app, client=(address, 50_000))
        return httpx2.AsyncClient(
            transport=transport, base_url="http://127.0.0.1:8000", headers=OWN_PAGE
        )

    async def tries(
        self, address: str, handle: str, password: str = WRONG, *, times: int = 1
    ) -> list[int]:
        """Return how a new browser is answered."""
        async with self.at(address) as browser:
            return [await sign_in(browser, handle, password) for _ in range(times)]


@pytest.fixture
async def browsers(ward: Ward, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Browsers]:
    monkeypatch.setattr(visitors, "GUESSES", GUESSES)
    monkeypatch.setattr(passwords, "_hasher", QUICK)
    for handle in ("ana", "ben"):
        await give_password(ward, handle)
    app = create_app(ward.curbside, LIMITED)
    yield Browsers(app)
    app.state.sign_ins.passwords.close()


async def sign_in(browser: httpx2.AsyncClient, handle: str, password: str = PASSWORD) -> int:
    """Return the status that an attempt gets."""
    body = {"handle": handle, "password": password}
    return (await browser.post("/api/session.open", json=body)).status_code


async def test_guesses_made_at_once_are_as_few_as_guesses_made_in_turn(
    browsers: Browsers, ward: Ward, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ward.curbside, "loop_time", lambda: 1_000.0)
    handles = [f"handle-{letter}" for letter in "abcdefghijklmnopqrst"]
    async with browsers.at(ELSEWHERE) as guesser:
        answers = await asyncio.gather(*(sign_in(guesser, handle, WRONG) for handle in handles))

    assert sorted(answers) == [401] * 5 + [429] * 15


async def test_a_shift_that_signs_in_at_once_gets_in(browsers: Browsers) -> None:
    async with browsers.at(HOME) as first, browsers.at(HOME) as second:
        answers = await asyncio.gather(
            *(sign_in(first, "ana") for _ in range(3)), *(sign_in(second, "ben") for _ in range(3))
        )

    assert answers == [200] * 6


async def test_a_guesser_is_refused_after_five_and_the_owner_elsewhere_is_not(
    browsers: Browsers,
) -> None:
    guessed = await browsers.tries(ELSEWHERE, "ana", times=7)
    right_at_last = await browsers.tries(ELSEWHERE, "ana", PASSWORD)

    owner = await browsers.tries(HOME, "ana", PASSWORD)

    assert guessed == [401] * 5 + [429] * 2
    assert right_at_last == [429]
    assert owner == [200]


@pytest.mark.parametrize(
    ("first", "second", "is_one"),
    [
        ("2001:db8:1:2::3", "2001:db8:1:2:ffff::4", True),
        ("2001:db8:1:2::3", "2001:db8:1:3::3", False),
        ("192.0.2.7", "192.0.2.8", False),
        ("192.0.2.7", "::ffff:192.0.2.7", True),
        ("::ffff:192.0.2.7", "::ffff:192.0.2.8", False),
    ],
)
async def test_a_guesser_is_known_by_what_one_household_has_of_addresses(
    browsers: Browsers, first: str, second: str, is_one: bool
) -> None:
    assert await browsers.tries(first, "ana", times=6) == [401] * 5 + [429]

    assert await browsers.tries(second, "ana") == ([429] if is_one else [401])


async def test_a_handle_that_nobody_has_is_answered_as_any(browsers: Browsers) -> None:
    answers: dict[str, list[Any]] = {}
    for number, handle in enumerate(("ana", "nobody")):
        async with browsers.at(f"192.0.2.{number}") as browser:
            answers[handle] = [
                await browser.post("/api/session.open", json={"handle": handle, "password": WRONG})
                for _ in range(6)
            ]

    told = {
        handle: [(each.status_code, each.json()["code"], list(each.headers)) for each in all_six]
        for handle, all_six in answers.items()
    }
    assert told["ana"] == told["nobody"]
    assert [status for status, _, _ in told["ana"]] == [401] * 5 + [429]


async def test_guessers_everywhere_keep_a_known_device_no_more_than_they_keep_others_out(
    browsers: Browsers,
) -> None:
    async with browsers.at(HOME) as known:
        await sign_in(known, "ana")
        known.cookies.delete(
            "curbside"
        )  # as after a week: the session is over, the device is known
        guessed = [
            status
            for number in range(GUESSES // 5 + 1)
            for status in await browsers.tries(f"198.51.100.{number}", "ana", times=5)
        ]

        strangers = await browsers.tries("203.0.113.1", "ana", PASSWORD)
        other_handle = await browsers.tries("203.0.113.2", "ben", PASSWORD)
        owner = await sign_in(known, "ana")

    assert guessed[:GUESSES] == [401] * GUESSES
    assert guessed[-1] == 429
    assert strangers == [429]
    assert other_handle == [200]
    assert owner == 200


async def test_a_known_device_may_guess_no_more_often_than_anybody(browsers: Browsers) -> None:
    async with browsers.at(HOME) as known:
        await sign_in(known, "ana")

        guessed = [await sign_in(known, "ana", WRONG) for _ in range(6)]

    assert guessed == [401] * 5 + [429]


async def test_a_device_that_is_known_for_one_is_none_for_another(browsers: Browsers) -> None:
    await browsers.tries(HOME, "ana", times=5)
    async with browsers.at(HOME) as known:
        before = await sign_in(known, "ben")
        await browsers.tries("192.0.2.8", "ben")
        known.cookies.set("curbside-device", Devices(b"another key").mark("ben"))

        forged = await sign_in(known, "ben")

    assert before == 429, "the address has failed five times"
    assert forged == 429


async def test_whoever_signs_in_rightly_is_not_counted_against_their_handle(
    browsers: Browsers,
) -> None:
    answers = [
        await browsers.tries(f"2001:db8:{n}::1", "ana", PASSWORD) for n in range(GUESSES + 5)
    ]

    assert answers == [[200]] * (GUESSES + 5)


async def test_an_address_is_slowed_by_its_failures_alone(browsers: Browsers, ward: Ward) -> None:
    handles = [f"physician-{number}" for number in range(6)]
    await ward.admit(*handles)
    for handle in handles:
        await give_password(ward, handle)

    async def statuses(password: str) -> list[int]:
        return [(await browsers.tries(HOME, handle, password))[0] for handle in handles]

    assert await statuses(PASSWORD) == [200] * 6
    assert await statuses("a guess at all of them") == [401] * 5 + [429]
    assert await statuses(PASSWORD) == [429] * 6


def test_the_cookie_of_a_device_is_worth_something_under_its_key_and_handle_alone() -> None:
    devices = Devices(b"a key")
    cookie = devices.mark("ana")

    name = devices.name_of(cookie, "ana")

    assert name is not None
    assert devices.name_of(cookie, "ben") is None
    assert Devices(b"another").name_of(cookie, "ana") is None
    shared = devices.mark("ben", cookie)
    assert devices.name_of(shared, "ana") == name
    for handle in (f"handle-{number}" for number in range(20)):
        shared = devices.mark(handle, shared)
    assert len(shared) <= DEVICE_LIMIT
    assert devices.name_of(shared, "handle-19") is not None
    assert devices.name_of(shared, "ana") is None
    for broken in (None, "", ".", name, f"{name}.", cookie[:-1], "é" * 20, "a" * 5_000):
        assert devices.name_of(broken, "ana") is None
