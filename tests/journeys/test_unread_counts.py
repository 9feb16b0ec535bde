"""What is unread: the rail's counts, the line "New", and how reading moves both."""

import pytest
from playwright.async_api import expect

from tests.journeys.lending import Windows
from tests.journeys.physicians import Staff
from tests.journeys.windows import Window

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

NOTE_CHANGES = """(title) => {
  const entry = () => [...document.querySelectorAll(".rail .nav-item")]
    .find((item) => item.querySelector(".nav-item__name").textContent === title)
  const count = () => entry()?.querySelector(".count > [aria-hidden]")?.textContent ?? ""
  window.counted = { [count()]: Date.now() }
  new MutationObserver(() => (window.counted[count()] ??= Date.now()))
    .observe(document.body, { subtree: true, childList: true, characterData: true })
}"""

# Observers are told in the order of their making: the page's own has heard of this row before.
UNTIL_IN_VIEW = """(row) => new Promise((done) => new IntersectionObserver((entries, observer) => {
  if (!entries.some((entry) => entry.isIntersecting)) return
  observer.disconnect()
  done()
}).observe(row))"""


async def test_two_devices_agree_on_what_is_unread_within_a_second(
    staff: Staff, windows: Windows
) -> None:
    kestrel, tamarack = await staff("kestrel"), await staff("tamarack")
    room = await kestrel.open_room("Device count", tamarack)
    ward = await (await windows.open(tamarack)).go("/rooms")
    clinic = await (await windows.open(tamarack)).go("/you")
    for device in (ward, clinic):
        await expect(device.rail_entry("Device count")).to_be_visible()

    await kestrel.post_many(room, 3)
    for device in (ward, clinic):
        await expect(device.rail_entry("Device count")).to_contain_text("3 unread")
        await expect(device.page).to_have_title("• " + await _bare_title(device))
        await expect(device.icon).to_have_attribute("href", "/mark-unread.svg")
        await device.page.evaluate(NOTE_CHANGES, "Device count")

    await ward.rail_entry("Device count").click()
    for device in (ward, clinic):
        await expect(device.rail_entry("Device count")).not_to_contain_text("unread")
    read = [await device.page.evaluate("counted['']") for device in (ward, clinic)]
    assert abs(read[1] - read[0]) <= 1_000


async def test_ones_own_and_removed_messages_are_not_unread(staff: Staff, windows: Windows) -> None:
    kestrel, tamarack = await staff("kestrel"), await staff("tamarack")
    room = await kestrel.open_room("Own words", tamarack)
    window = await (await windows.open(tamarack)).go("/rooms")
    await expect(window.rail_entry("Own words")).to_be_visible()
    await kestrel.post_many(room, 3)
    await tamarack.post(room, "Mine")
    wrong = await kestrel.post(room, "Wrong patient")
    await expect(window.rail_entry("Own words")).to_contain_text("4 unread")

    await kestrel.write("message.remove", room=room, id=wrong["id"])

    await expect(window.rail_entry("Own words")).to_contain_text("3 unread")


async def test_a_removed_message_that_was_unread_before_one_came_is_unread_no_longer(
    staff: Staff, windows: Windows
) -> None:
    kestrel, tamarack = await staff("kestrel"), await staff("tamarack")
    room = await kestrel.open_room("Early words", tamarack)
    await kestrel.post_many(room, 3)
    wrong = await kestrel.post(room, "Wrong patient")
    window = await (await windows.open(tamarack)).go("/rooms")
    await expect(window.rail_entry("Early words")).to_contain_text("4 unread")

    await kestrel.write("message.remove", room=room, id=wrong["id"])

    await expect(window.rail_entry("Early words")).to_contain_text("3 unread")


async def test_the_new_line_is_where_one_lands_and_stays_until_one_leaves(
    staff: Staff, windows: Windows
) -> None:
    kestrel, tamarack = await staff("kestrel"), await staff("tamarack")
    room = await kestrel.open_room("New line", tamarack)
    known = await kestrel.post_many(room, 40, "Read note")
    await tamarack.do("room.mark_read", room=room, seq=known[-1]["seq"])
    await kestrel.post_many(room, 40, "New note")
    window = await (await windows.open(tamarack)).enter(room)

    await expect(window.divider).to_contain_text("40 messages")
    lead = await window.divider.evaluate(
        "(line) => line.getBoundingClientRect().top"
        " - line.closest('.stream').getBoundingClientRect().top"
    )
    assert lead == pytest.approx(96, abs=1)

    await window.stream.evaluate("(box) => (box.scrollTop = box.scrollHeight)")
    await expect(window.rail_entry("New line")).not_to_contain_text("unread")
    await kestrel.post(room, "Newer still")
    await expect(window.message("Newer still")).to_be_visible()
    await expect(window.divider).to_have_count(1)
    await expect(window.rail_entry("New line")).to_contain_text("1 unread")
    await expect(window.rail_entry("New line")).not_to_contain_text("unread")

    await window.page.get_by_role("link", name="All rooms").click()
    await window.rail_entry("New line").click()
    await expect(window.message("Newer still")).to_be_visible()
    await expect(window.divider).to_have_count(0)


async def test_a_window_without_the_focus_reads_nothing(staff: Staff, windows: Windows) -> None:
    kestrel, tamarack = await staff("kestrel"), await staff("tamarack")
    room = await kestrel.open_room("Back of the desk", tamarack)
    window = await windows.open(tamarack, is_fresh=True)
    await window.page.clock.install()
    await window.enter(room)
    await _focus(window, has=False)

    posted = await kestrel.post(room, "Anybody there?")
    await window.row(posted["seq"]).evaluate(UNTIL_IN_VIEW)
    # Three times the second that makes a message read, and the one that a marker may wait.
    await window.page.clock.run_for(4_000)
    await expect(window.rail_entry("Back of the desk")).to_contain_text("1 unread")

    await _focus(window, has=True)
    await window.page.clock.run_for(1_500)
    await expect(window.rail_entry("Back of the desk")).not_to_contain_text("unread")


async def test_shift_escape_marks_a_room_read_and_undo_takes_it_back(
    staff: Staff, windows: Windows
) -> None:
    kestrel, tamarack = await staff("kestrel"), await staff("tamarack")
    room = await kestrel.open_room("Long list", tamarack)
    await kestrel.post_many(room, 60)
    window = await (await windows.open(tamarack)).enter(room)
    await expect(window.rail_entry("Long list")).to_contain_text("unread")

    await window.page.keyboard.press("Shift+Escape")
    await expect(window.rail_entry("Long list")).not_to_contain_text("unread")
    await window.page.get_by_role("button", name="Undo").click()
    await expect(window.rail_entry("Long list")).to_contain_text("unread")


async def _focus(window: Window, *, has: bool) -> None:
    """Give the window the focus or take it: Playwright gives it to all.

    Another page takes it from a window; a Chromium without windows has to be told that it has none.
    """
    devtools = await window.context.new_cdp_session(window.page)
    await devtools.send("Emulation.setFocusEmulationEnabled", {"enabled": has})
    if not has:
        await (await window.context.new_page()).bring_to_front()
    found = await devtools.send("Browser.getWindowForTarget")
    bounds = {"windowState": "normal" if has else "minimized"}
    await devtools.send(
        "Browser.setWindowBounds", {"windowId": found["windowId"], "bounds": bounds}
    )
    await window.page.wait_for_function("(has) => document.hasFocus() === has", arg=has)


async def _bare_title(window: Window) -> str:
    return (await window.page.title()).removeprefix("• ")
