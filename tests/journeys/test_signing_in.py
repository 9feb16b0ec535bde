"""Signing in and out."""

import pytest
from playwright.async_api import expect

from tests.journeys.lending import Windows
from tests.journeys.physicians import Staff
from tests.journeys.servers import DemoServer
from tests.journeys.windows import Window

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]


async def test_a_wrong_password_says_so_and_the_right_one_lets_in(
    server: DemoServer, windows: Windows
) -> None:
    window = await (await windows.open()).go("/")
    page = window.page

    await _sign_in(window, "tamarack", "not the password")
    await expect(page.get_by_role("alert")).to_contain_text("password")
    await expect(page.get_by_label("Handle")).to_have_value("tamarack")
    await expect(page.get_by_label("Password")).to_have_value("")
    await expect(page).to_have_title("Sign in · Curbside")

    await _sign_in(window, "tamarack", server.password("tamarack"))
    await expect(page.get_by_role("heading", name="Rooms", exact=True)).to_be_visible()
    await expect(window.rail_entry("Cardiology")).to_be_visible()
    assert (await window.context.cookies())[0]["httpOnly"]


async def test_signing_in_leads_to_the_message_that_was_asked_for(
    server: DemoServer, staff: Staff, windows: Windows
) -> None:
    tamarack = await staff("tamarack")
    room = await tamarack.open_room("Journal club")
    seq = (await tamarack.post(room, "Next: the colchicine trial."))["seq"]
    window = await (await windows.open()).go(f"/r/{room}/{seq}")

    await _sign_in(window, "tamarack", server.password("tamarack"))

    await expect(window.message("Next: the colchicine trial.")).to_be_visible()
    await expect(window.page).to_have_url(f"{server.origin}/r/{room}/{seq}")


async def test_signing_out_ends_the_other_tabs_sockets_and_keeps_what_was_written(
    server: DemoServer, staff: Staff, windows: Windows
) -> None:
    tamarack = await staff("tamarack")
    room = await tamarack.open_room("Rota swaps")
    window = await (await windows.open()).go("/")
    await _sign_in(window, "tamarack", server.password("tamarack"))
    await expect(window.page.get_by_role("heading", name="Rooms", exact=True)).to_be_visible()
    other = await windows.tab(window)
    async with other.page.expect_websocket() as opening:
        await other.enter(room)
    socket = await opening.value
    await other.composer.fill("I can take Thursday night")

    async with socket.expect_event("close"):
        await window.page.get_by_role("button", name="Tamarack").click()
        await window.page.get_by_role("menuitem", name="Sign out").click()

    await expect(window.page.get_by_role("heading", name="Sign in")).to_be_visible()
    await expect(other.page.get_by_role("alert")).to_contain_text("Signed out elsewhere.")
    await expect(other.composer).to_have_value("I can take Thursday night")

    await other.page.get_by_role("button", name="Sign in").click()
    await _sign_in(other, "tamarack", server.password("tamarack"))
    await expect(other.composer).to_have_value("I can take Thursday night")


async def _sign_in(window: Window, handle: str, password: str) -> None:
    await window.page.get_by_label("Handle").fill(handle)
    await window.page.get_by_label("Password").fill(password)
    await window.page.get_by_role("button", name="Sign in").click()
