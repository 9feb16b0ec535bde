"""Phones: one pane at a time, nothing sideways, everything within a thumb's reach."""

from typing import Any

import pytest
from playwright.async_api import ViewportSize, expect

from tests.journeys.lending import Windows
from tests.journeys.physicians import Staff
from tests.journeys.windows import SMALL_PHONE, Window

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

NARROW = ViewportSize(width=320, height=568)  # also what 1280 px at 400 % is; WCAG 1.4.10

WIDER = """() => {
  const wide = document.documentElement.clientWidth
  const scrolls = document.scrollingElement.scrollWidth > wide
  const out = [...document.querySelectorAll("body *")].filter((one) => {
    const box = one.getBoundingClientRect()
    const hidden = one.closest(".visually-hidden, .skip-link, svg, dialog:not([open])")
    return box.width && !hidden && (box.right > wide + 1 || box.left < -1)
      && getComputedStyle(one).position !== "fixed"
  })
  return [scrolls ? ["the page"] : [], out.map((one) => `${one.tagName}.${one.className}`)].flat()
}"""

SMALL = """(least) => [...document.querySelectorAll("button, a[href], input, textarea")]
  .filter((one) => one.checkVisibility() && !one.closest(".prose, .visually-hidden"))
  .filter((one) => !one.matches(".skip-link, .link, .msg__time, .page a:not([class])"))
  .map((one) => [one, (one.closest("label") ?? one).getBoundingClientRect()])
  .filter(([, box]) => box.width && (box.height < least || box.width < least))
  .map(([one, box]) => `${one.getAttribute("aria-label") ?? one.textContent.trim()}`
    + ` ${Math.round(box.width)}×${Math.round(box.height)}`)"""


async def test_nothing_goes_sideways_and_targets_are_large_enough(
    staff: Staff, windows: Windows
) -> None:
    saltmarsh = await staff("saltmarsh")
    room = await saltmarsh.open_room("Anaesthetics and perioperative medicine on call")
    posted = await saltmarsh.post(room, "https://example.org/" + "guideline" * 30)
    await saltmarsh.post(room, "Dihydropyridine" * 12)
    await saltmarsh.write("message.pin", room=room, id=posted["id"], note="A long note " * 20)
    await saltmarsh.write("message.react", room=room, id=posted["id"], emoji="agree", on=True)

    found: dict[str, Any] = {}
    stranger = await (await windows.open(size=SMALL_PHONE)).go("/")
    await expect(stranger.page.get_by_role("heading", name="Sign in")).to_be_visible()
    found["sign-in"] = await _sideways(stranger)
    window = await windows.open(saltmarsh, size=SMALL_PHONE)
    for path, heading in (("/rooms", "Rooms"), ("/you", "You")):
        await window.go(path)
        await expect(window.page.get_by_role("heading", name=heading, exact=True)).to_be_visible()
        found[path] = await _sideways(window)
    await window.enter(room)
    found["room"] = await _sideways(window)
    await expect(window.composer).to_be_in_viewport()
    await window.page.get_by_role("button", name="Room details").click()
    await expect(window.page.get_by_role("tablist")).to_be_visible()
    found["details"] = await _sideways(window)
    assert {place: what for place, what in found.items() if what} == {}


async def test_a_phone_has_a_tab_bar_below_and_a_room_has_a_way_back(
    staff: Staff, windows: Windows
) -> None:
    kestrel, tamarack = await staff("kestrel"), await staff("tamarack")
    room = await kestrel.open_room("Pocket room", tamarack)
    await kestrel.post_many(room, 30)
    window = await (await windows.open(tamarack, size=SMALL_PHONE)).go("/rooms")
    page = window.page
    bar = page.get_by_role("navigation", name="Main, compact")

    await expect(bar).to_be_in_viewport()
    box = await bar.bounding_box()
    assert box is not None
    assert box["y"] + box["height"] == SMALL_PHONE["height"]
    await expect(page.get_by_role("navigation", name="Main", exact=True)).to_be_hidden()
    await bar.get_by_role("link", name="You").tap()
    await expect(page.get_by_role("heading", name="You", exact=True)).to_be_visible()
    await bar.get_by_role("link", name="Rooms").tap()

    await page.get_by_role("main").get_by_role("link", name="Pocket room").tap()
    await window.settled()
    await expect(bar).to_be_hidden()
    await window.composer.fill("From my phone")
    await page.get_by_role("button", name="Send").tap()
    await expect(window.message("From my phone")).to_be_in_viewport()
    await expect(window.composer).to_be_in_viewport()

    await page.get_by_role("button", name="Room details").tap()
    await expect(page.get_by_role("complementary", name="Room details")).to_be_visible()
    await page.get_by_role("button", name="Close room details").tap()
    await expect(page.get_by_role("complementary", name="Room details")).to_have_count(0)

    await page.get_by_role("link", name="Back to rooms").tap()
    await expect(page.get_by_role("heading", name="Rooms", exact=True)).to_be_visible()
    await page.go_back()
    await expect(window.composer).to_be_visible()


async def test_a_phones_message_menu_is_a_sheet_within_the_screen(
    staff: Staff, windows: Windows
) -> None:
    saltmarsh = await staff("saltmarsh")
    room = await saltmarsh.open_room("Sheet")
    await saltmarsh.post_many(room, 30)
    window = await (await windows.open(saltmarsh, size=SMALL_PHONE)).enter(room)

    last = window.message("Ward round note 30")
    menu = window.page.get_by_role("menu")
    await last.tap()
    await expect(last.get_by_role("toolbar")).to_be_in_viewport(ratio=1)
    await expect(menu).to_have_count(0)  # nothing comes under the finger that it did not mean
    await last.get_by_role("button", name="More actions").tap()
    await expect(menu.get_by_role("menuitem", name="Remove message")).to_be_in_viewport(ratio=1)
    box = await menu.bounding_box()
    assert box is not None
    assert (round(box["x"]), round(box["width"])) == (0, SMALL_PHONE["width"])


async def _sideways(window: Window) -> list[str]:
    """Return what is wider than a phone's screen or too small for a finger."""
    found = []
    for size in (NARROW, SMALL_PHONE):
        await window.page.set_viewport_size(size)
        found += await window.page.evaluate(WIDER)
        # 24 px are WCAG 2.5.8's and the design's least; the main controls have 44.
        found += await window.page.evaluate(SMALL, 24)
    return found
