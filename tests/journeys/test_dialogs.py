"""Dialogs: they take the focus, give it back, and one that closes takes no other with it."""

import pytest
from playwright.async_api import expect

from tests.journeys.lending import Windows
from tests.journeys.physicians import Staff

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

# Both in one task, as a busy browser has it: that a dialog was closed is told in a task of its own.
CLOSE_AND_DELETE = """async () => {
  document.querySelector("dialog[open]").close()
  const press = { key: "Delete", bubbles: true, cancelable: true }
  document.activeElement.dispatchEvent(new KeyboardEvent("keydown", press))
  await new Promise((resolve) => setTimeout(resolve))
}"""


@pytest.mark.parametrize("opening", ["Pin to room", "Remove message"])
async def test_a_dialog_takes_the_focus_keeps_it_and_gives_it_back(
    opening: str, staff: Staff, windows: Windows
) -> None:
    saltmarsh = await staff("saltmarsh")
    room = await saltmarsh.open_room("Dialogs")
    await saltmarsh.post_many(room, 2)
    window = await (await windows.open(saltmarsh)).enter(room)
    row = window.message("Ward round note 2")

    await window.choose(row, opening)
    dialog = window.page.get_by_role("dialog")
    await expect(dialog.get_by_role("heading")).to_be_focused()
    for _ in range(8):
        await window.page.keyboard.press("Tab")
        assert await window.page.evaluate(
            "document.activeElement === document.body"
            " || document.querySelector('dialog').contains(document.activeElement)"
        )
    await window.page.keyboard.press("Escape")
    await expect(dialog).to_have_count(0)
    await expect(row.locator(":focus")).to_have_count(1)


async def test_a_dialog_that_the_browser_closes_late_takes_no_other_with_it(
    staff: Staff, windows: Windows
) -> None:
    saltmarsh = await staff("saltmarsh")
    room = await saltmarsh.open_room("Two dialogs")
    await saltmarsh.post_many(room, 1)
    window = await (await windows.open(saltmarsh)).enter(room)
    page = window.page
    await page.keyboard.press("Escape")
    await page.keyboard.press("k")
    await page.keyboard.press("p")
    await expect(page.get_by_role("dialog", name="Pin to room")).to_be_visible()

    await page.evaluate(CLOSE_AND_DELETE)

    await expect(page.get_by_role("dialog", name="Remove message")).to_be_visible()
    await expect(page.get_by_role("dialog")).to_have_count(1)
