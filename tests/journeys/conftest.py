"""What journeys share: a real server, a real browser, people who are signed in, and their windows."""

import os
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from playwright.async_api import Browser, async_playwright, expect

from tests.journeys.lending import Lender, Windows
from tests.journeys.physicians import Staff
from tests.journeys.servers import DemoServer, serving_demo
from tests.journeys.wires import Wire, wired

SWITCHES = ("--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--disable-extensions")

expect.set_options(timeout=10_000)  # milliseconds


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def server(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[DemoServer]:
    """Return this worker's own server, without limits: a test posts more than a physician may."""
    data = tmp_path_factory.mktemp("server")
    async with serving_demo(data, CURBSIDE_LIMITS="off") as served:
        yield served


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def browser() -> AsyncIterator[Browser]:
    """Return this worker's own browser."""
    async with async_playwright() as playwright:
        launched = await playwright.chromium.launch(
            executable_path=os.environ["CURBSIDE_CHROMIUM"], args=SWITCHES
        )
        yield launched
        await launched.close()


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def staff(server: DemoServer) -> AsyncIterator[Staff]:
    """Return a way to whoever is asked for."""
    known = Staff(server)
    yield known
    await known.close()


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def lender(browser: Browser) -> Lender:
    """Return the windows of this worker's browser."""
    return Lender(browser)


@pytest_asyncio.fixture(loop_scope="session")
async def windows(lender: Lender, server: DemoServer, staff: Staff) -> AsyncIterator[Windows]:
    """Return a way to open windows, in which nothing is ever to be complained of."""
    opened = Windows(lender, server.origin)
    yield opened
    complaints = await opened.close()
    await staff.leave_rooms()
    assert complaints == []


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def strung(server: DemoServer) -> AsyncIterator[Wire]:
    """Return this worker's wire to its server."""
    async with wired(server.port) as wire:
        yield wire


@pytest_asyncio.fixture(loop_scope="session")
async def wire(strung: Wire) -> AsyncIterator[Wire]:
    """Return a wire to the server that carries, and that a test may cut."""
    yield strung
    strung.is_deaf = False
    await strung.cut()
    await strung.mend()
