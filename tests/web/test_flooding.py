"""Flooding: who sends more frames than anybody needs to is closed, through every door alike."""

from collections.abc import AsyncIterator
from contextlib import suppress
from pathlib import Path

import pytest

from chat.codecs import JSON
from chat.errors import Close
from tests.web.doors import Door, opened
from tests.web.http_clients import give_token
from tests.web.talkers import Closed, Talker


@pytest.fixture(params=["handover", "sansio", "testclient"])
async def door(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Door]:
    async with opened(request.param, tmp_path) as door:
        yield door


async def send(talker: Talker, pings: int) -> None:
    for _ in range(pings):
        await talker.tell("connection.ping", {})


async def test_a_flood_closes_and_a_burst_does_not(door: Door) -> None:
    door.ward.curbside.limits.is_limited = True
    headers = await door.do(lambda: give_token(door.ward, "ana", "read"))
    async with door.dial(headers) as socket:
        talker = Talker(socket, JSON)
        await send(talker, 500)
        assert "ok" in await talker.ask("connection.ping", {})

        with suppress(Closed):
            await send(talker, 2_000)

        assert await talker.close_code() == Close.FLOODING


async def test_without_limits_nobody_floods(door: Door) -> None:
    headers = await door.do(lambda: give_token(door.ward, "ana", "read"))
    async with door.dial(headers) as socket:
        talker = Talker(socket, JSON)
        await send(talker, 2_000)

        assert "ok" in await talker.ask("connection.ping", {})
