"""Rooms: making, finding, joining and leaving them, and being let in."""

import pytest
from playwright.async_api import expect

from tests.journeys.lending import Windows
from tests.journeys.physicians import Staff

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]


async def test_a_room_is_made_in_a_dialog_and_teaches_while_it_is_empty(
    staff: Staff, windows: Windows
) -> None:
    window = await (await windows.open(await staff("kestrel"))).go("/rooms")
    page = window.page

    await page.get_by_role("button", name="New room").click()
    await page.get_by_label("Title").fill("Trauma huddle")
    await page.get_by_role("button", name="Create room").click()

    await expect(page.get_by_role("heading", name="Trauma huddle")).to_be_visible()
    await expect(page.get_by_role("heading", name="A quiet room")).to_be_visible()
    await expect(window.rail_entry("Trauma huddle")).to_have_attribute("aria-current", "page")
    await page.get_by_role("tab", name="Pins").click()
    await expect(page.get_by_text("Nothing is pinned here.")).to_be_visible()
    await window.write("First.")
    await expect(page.get_by_role("heading", name="A quiet room")).to_have_count(0)


async def test_an_open_room_is_read_before_joining_and_left_again(
    staff: Staff, windows: Windows
) -> None:
    kestrel, marlow = await staff("kestrel"), await staff("marlow")
    room = await kestrel.open_room("Open door")
    await kestrel.post(room, "Anyone may read this.")
    window = await windows.open(marlow)
    page = window.page
    await window.go("/rooms")
    await page.get_by_label("Find a room").fill("no such room")
    await expect(page.get_by_text("No room of yours matches")).to_be_visible()
    await page.get_by_label("Find a room").fill("open door")
    await page.get_by_role("main").get_by_role("link", name="Open door").click()

    await expect(window.message("Anyone may read this.")).to_be_visible()
    await expect(window.composer).to_have_count(0)
    await page.get_by_role("button", name="Join to write").click()
    await window.write("I have joined.")
    await expect(window.message("I have joined.")).to_be_visible()
    await expect(window.rail_entry("Open door")).to_be_visible()

    await page.get_by_role("tab", name="About").click()
    await page.get_by_role("button", name="Leave room").click()
    await page.get_by_role("dialog").get_by_role("button", name="Leave room").click()
    await expect(page.get_by_role("heading", name="Rooms", exact=True)).to_be_visible()
    await expect(window.rail_entry("Open door")).to_have_count(0)


async def test_of_a_room_that_is_still_loading_nothing_is_said_that_is_not_known(
    staff: Staff, windows: Windows
) -> None:
    kestrel = await staff("kestrel")
    room = await kestrel.open_room("Slow ward")
    window = await windows.open(kestrel, is_fresh=True)
    await window.page.route_web_socket("**/ws*", lambda _: None)  # opens, and says nothing

    await window.go(f"/r/{room}")

    await expect(window.page.get_by_text("Loading messages…")).to_be_visible()
    await expect(window.composer).to_be_visible()
    await expect(window.page.get_by_role("button", name="Join to write")).to_have_count(0)
    await expect(window.page.get_by_text(room)).to_have_count(0)


async def test_who_is_added_to_a_private_room_sees_it_at_once_and_others_do_not(
    staff: Staff, windows: Windows
) -> None:
    kestrel, marlow, tamarack = (
        await staff("kestrel"),
        await staff("marlow"),
        await staff("tamarack"),
    )
    added = await (await windows.open(marlow)).go("/rooms")
    stranger = await windows.open(tamarack)
    for window in (added, await stranger.go("/rooms")):
        await expect(window.rail_entry("Cardiology")).to_be_visible()

    room = await kestrel.open_room("Complaint review", marlow, private=True)

    await expect(added.rail_entry("Complaint review")).to_be_visible()
    await expect(stranger.page.get_by_text("Complaint review")).to_have_count(0)
    await stranger.go(f"/r/{room}")
    await expect(
        stranger.page.get_by_role("heading", name="This room is not open to you")
    ).to_be_visible()


async def test_an_empty_page_of_nothing_is_a_room_that_does_not_exist(
    staff: Staff, windows: Windows
) -> None:
    window = await (await windows.open(await staff("marlow"))).go("/r/no-such-room")

    await expect(
        window.page.get_by_role("heading", name="This room is not open to you")
    ).to_be_visible()
    await window.page.get_by_role("link", name="See your rooms").click()
    await expect(window.page.get_by_role("heading", name="Rooms", exact=True)).to_be_visible()
