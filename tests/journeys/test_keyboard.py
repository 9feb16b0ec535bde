"""The keyboard alone: everything is reached, the focus is seen, and comes back to where it was."""

from typing import Any

import pytest
from playwright.async_api import expect

from tests.journeys.lending import Windows
from tests.journeys.physicians import Staff
from tests.journeys.servers import DemoServer
from tests.journeys.windows import Window

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

HERE = """() => {
  const it = document.activeElement
  const style = getComputedStyle(it)
  const around = getComputedStyle(it.closest(".composer__box, .palette form") ?? it)
  const ring = (of) => (of.outlineStyle !== "none" && parseFloat(of.outlineWidth) > 0)
    || of.boxShadow !== "none"
  const box = it.getBoundingClientRect()
  return {
    is: `${it.tagName} ${it.getAttribute("aria-label") ?? it.textContent.trim().slice(0, 30)}`,
    body: it === document.body,
    seen: ring(style) || ring(around),
    big: box.width > 0 && box.height > 0,
  }
}"""


async def test_signing_in_finding_a_room_posting_and_editing_need_no_mouse(
    server: DemoServer, staff: Staff, windows: Windows
) -> None:
    saltmarsh = await staff("saltmarsh")
    room = await saltmarsh.open_room("Keyboard ward", await staff("kestrel"))
    await (await staff("kestrel")).post_many(room, 3)
    window = await (await windows.open()).go("/")
    page, press = window.page, window.page.keyboard.press
    await expect(page.get_by_role("heading", name="Sign in")).to_be_visible()

    await _tab_to(window, "INPUT")
    await page.keyboard.type("saltmarsh")
    await press("Tab")
    await page.keyboard.type(server.password("saltmarsh"))
    await press("Enter")
    await expect(page.get_by_role("heading", name="Rooms", exact=True)).to_be_visible()

    await press("Control+k")
    await page.keyboard.type("keyboard w")
    await expect(page.get_by_role("option").first).to_contain_text("Keyboard ward")
    await press("Enter")
    await window.settled()
    await expect(window.composer).to_be_focused()
    await page.keyboard.type("j is a letter here? ek.")
    await expect(window.composer).to_have_value("j is a letter here? ek.")
    await press("Enter")
    await window.sent()

    await press("ArrowUp")
    editing = page.get_by_role("textbox", name="Edit message")
    await expect(editing).to_be_focused()
    await press("Escape")
    await expect(editing).to_have_count(0)
    await expect(window.composer).to_be_focused()
    await press("ArrowUp")
    await press("Control+a")
    await page.keyboard.type("It is a letter.")
    await press("Enter")
    await expect(window.message("It is a letter.").get_by_text("edited")).to_be_visible()
    await expect(window.composer).to_be_focused()


async def test_messages_are_walked_reacted_to_and_answered_by_single_keys(
    staff: Staff, windows: Windows
) -> None:
    kestrel, saltmarsh = await staff("kestrel"), await staff("saltmarsh")
    room = await saltmarsh.open_room("Single keys", kestrel)
    await kestrel.post_many(room, 3)
    await saltmarsh.post(room, "It is a letter.")
    window = await (await windows.open(saltmarsh)).enter(room)
    page, press = window.page, window.page.keyboard.press
    await expect(window.composer).to_be_focused()

    await press("Escape")
    await expect(window.stream).to_be_focused()
    await press("k")
    await expect(window.message("It is a letter.").get_by_role("article")).to_be_focused()
    await press("k")
    third = window.message("Ward round note 3")
    await expect(third.get_by_role("article")).to_be_focused()
    await press("j")
    await press("k")
    await expect(third.get_by_role("article")).to_be_focused()

    await press("e")
    await expect(page.get_by_role("menu", name="React")).to_be_visible()
    await expect(page.get_by_role("menuitemcheckbox", name="Agree")).to_be_focused()
    await press("ArrowDown")
    await press("Enter")
    await expect(third.get_by_role("button", name="Useful")).to_have_text("Useful 1")
    await expect(third.locator(":focus")).to_have_count(1)

    await press(".")
    await expect(page.get_by_role("menu")).to_be_visible()
    await press("Escape")
    await expect(page.get_by_role("menu")).to_have_count(0)
    await expect(third.locator(":focus")).to_have_count(1)

    await press("?")
    sheet = page.get_by_role("dialog", name="Keyboard shortcuts")
    await expect(sheet).to_be_visible()
    await expect(sheet.get_by_role("heading", name="Keyboard shortcuts")).to_be_focused()
    await press("Escape")
    await expect(sheet).to_have_count(0)
    await expect(third.locator(":focus")).to_have_count(1)

    for key, title in (("p", "Pin to room"), ("Delete", "Remove message")):
        await press(key)
        await expect(page.get_by_role("dialog", name=title)).to_be_visible()
        await press("Escape")
        await expect(third.locator(":focus")).to_have_count(1)

    await press("r")
    await expect(window.composer).to_be_focused()
    await page.keyboard.type("Replying to three.")
    await press("Enter")
    reply = window.message("Replying to three.")
    await expect(reply.locator(".quote")).to_contain_text("Ward round note 3")


async def test_enter_and_shift_enter_are_swapped_on_the_page_you(
    staff: Staff, windows: Windows
) -> None:
    tamarack = await staff("tamarack")
    room = await tamarack.open_room("Two lines")
    window = await (await windows.open(tamarack)).go("/you")
    await window.page.get_by_role("radio", name="Shift Enter sends").check()

    await window.enter(room)
    await expect(window.page.locator(".composer")).to_contain_text("Shift Enter send")
    await expect(window.composer).to_be_focused()
    await window.page.keyboard.type("Aspirin 75 mg")
    await window.page.keyboard.press("Enter")
    await window.page.keyboard.type("Bisoprolol 2.5 mg")
    await window.page.keyboard.press("Shift+Enter")

    await window.sent()
    assert [shown["text"] for shown in await window.shown()] == ["Aspirin 75 mg\nBisoprolol 2.5 mg"]


async def test_ones_last_message_is_edited_in_view_wherever_one_was_reading(
    staff: Staff, windows: Windows
) -> None:
    tamarack = await staff("tamarack")
    room = await tamarack.open_room("Second edition")
    await tamarack.post_many(room, 45)
    window = await (await windows.open(tamarack)).enter(room)
    await window.stream.evaluate("(box) => (box.scrollTop = 0)")
    await expect(window.jump_bar).to_be_visible()

    await window.composer.press("ArrowUp")

    await expect(window.page.get_by_role("textbox", name="Edit message")).to_be_focused()
    await expect(window.page.locator(".edit")).to_be_in_viewport(ratio=1)


async def test_the_switcher_finds_rooms_by_a_few_letters_with_unread_ones_first(
    staff: Staff, windows: Windows
) -> None:
    kestrel, tamarack = await staff("kestrel"), await staff("tamarack")
    await kestrel.open_room("Theatre alpha", tamarack)
    unread = await kestrel.open_room("Theatre beta", tamarack)
    await kestrel.post(unread, "Theatre 2 is free.")
    window = await (await windows.open(tamarack)).go("/rooms")
    await expect(window.rail_entry("Theatre beta")).to_contain_text("1 unread")

    await window.page.keyboard.press("Control+k")
    await window.page.keyboard.type("theatre")
    options = window.page.get_by_role("option")
    await expect(options.nth(0)).to_contain_text("Theatre beta")
    await expect(options.nth(1)).to_contain_text("Theatre alpha")
    await window.page.keyboard.press("ArrowDown")
    await expect(options.nth(1)).to_have_attribute("aria-selected", "true")
    await window.page.keyboard.press("Escape")
    await expect(options).to_have_count(0)

    await window.page.keyboard.press("Alt+Shift+ArrowDown")
    title = window.page.locator(".room-head__title")
    await expect(title).to_be_visible()
    await window.rail_entry("Theatre beta").click()
    await expect(title).to_have_text("Theatre beta")
    await window.page.keyboard.press("Alt+ArrowUp")
    await expect(title).to_have_text("Theatre alpha")


async def test_f6_goes_round_the_regions_and_the_skip_link_leads_to_the_content(
    staff: Staff, windows: Windows
) -> None:
    tamarack = await staff("tamarack")
    room = await tamarack.open_room("Round trip")
    await tamarack.post_many(room, 3)
    window = await (await windows.open(tamarack)).enter(room)
    page = window.page

    stops = []
    for _ in range(5):
        await page.keyboard.press("F6")
        here = await page.evaluate(HERE)
        assert here["seen"], here
        stops.append(here["is"])
    assert len(set(stops[:4])) == 4
    assert stops[4] == stops[0]
    assert any("Messages in Round trip" in stop for stop in stops)

    await page.goto(f"{window.origin}/rooms")
    await expect(page.get_by_role("heading", name="Rooms", exact=True)).to_be_visible()
    await page.keyboard.press("Tab")
    await expect(page.get_by_role("link", name="Skip to content")).to_be_focused()
    await expect(page.get_by_role("link", name="Skip to content")).to_be_in_viewport()
    await page.keyboard.press("Enter")
    await expect(page.locator("main")).to_be_focused()


async def test_tab_goes_through_the_page_and_out_again_and_the_focus_is_always_seen(
    staff: Staff, windows: Windows
) -> None:
    saltmarsh = await staff("saltmarsh")
    room = await saltmarsh.open_room("Tab stops")
    posted = await saltmarsh.post_many(room, 3)
    await saltmarsh.write("message.pin", room=room, id=posted[0]["id"])
    window = await (await windows.open(saltmarsh)).enter(room)
    await window.page.evaluate("document.activeElement.blur()")

    stops: list[dict[str, Any]] = []
    for _ in range(120):
        await window.page.keyboard.press("Tab")
        here = await window.page.evaluate(HERE)
        if here["body"] or (stops and here["is"] == stops[0]["is"]):
            break
        stops.append(here)
    else:
        pytest.fail("Tab never came round")
    assert [stop["is"] for stop in stops if not (stop["seen"] and stop["big"])] == []
    # The list of messages is one stop, whichever message it is at.
    assert sum("ARTICLE" in stop["is"] for stop in stops) <= 1


async def test_new_messages_are_read_out_once_and_history_never(
    staff: Staff, windows: Windows
) -> None:
    kestrel, tamarack = await staff("kestrel"), await staff("tamarack")
    room = await kestrel.open_room("Aloud", tamarack)
    await kestrel.post_many(room, 3)
    window = await (await windows.open(tamarack)).enter(room)
    log = window.page.get_by_role("log")
    await expect(log).to_have_text("")

    await kestrel.post(room, "Crash call, bed 7.")
    await expect(log).to_have_text("Kestrel: Crash call, bed 7.")
    for number in (1, 2, 3):
        await kestrel.post(room, f"On my way {number}")
    await expect(log.get_by_text("3 new messages")).to_have_count(1)
    assert await window.page.locator("[role=log]").count() == 1
    assert await window.stream.evaluate("(box) => box.querySelector('[role=log]')") is None


async def _tab_to(window: Window, tag: str) -> None:
    for _ in range(10):
        await window.page.keyboard.press("Tab")
        if await window.page.evaluate("document.activeElement.tagName") == tag:
            return
    pytest.fail(f"Tab leads to no {tag}")
