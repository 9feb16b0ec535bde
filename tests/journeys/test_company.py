"""Company: who is here, and who is writing."""

import pytest
from playwright.async_api import expect

from tests.journeys.lending import Windows
from tests.journeys.physicians import Staff

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]


async def test_who_comes_is_shown_within_two_seconds_and_who_leaves_is_gone_within_seven(
    staff: Staff, windows: Windows
) -> None:
    kestrel, marlow = await staff("kestrel"), await staff("marlow")
    room = await kestrel.open_room("Coffee room", marlow)
    hers = await (await windows.open(kestrel)).enter(room)
    his = await (await windows.tab(await windows.open(marlow))).enter(room)
    shown = hers.page.get_by_role("tabpanel").get_by_text("Marlow")

    await expect(shown).to_be_visible(timeout=2_000)
    await expect(hers.page.get_by_role("tab", name="Here now · 2")).to_be_visible()
    await expect(hers.page.locator(".room-head")).to_contain_text("2 here now")

    await his.page.get_by_role("button", name="Marlow").click()
    await his.page.get_by_role("menuitemradio", name="On call").click()
    await expect(hers.page.get_by_role("tabpanel").get_by_text("On call")).to_be_visible()

    await his.page.reload()
    await his.settled()
    await expect(shown).to_be_visible()
    await his.page.close()
    await expect(shown).to_have_count(0, timeout=7_000)
    await expect(hers.page.get_by_role("tab", name="Here now · 1")).to_be_visible()


async def test_who_writes_is_named_until_they_post_or_stop(staff: Staff, windows: Windows) -> None:
    kestrel, marlow = await staff("kestrel"), await staff("marlow")
    room = await kestrel.open_room("Slow typists", marlow)
    hers = await (await windows.open(kestrel)).enter(room)
    his = await (await windows.open(marlow)).enter(room)
    says = hers.page.get_by_text("Marlow is typing")

    await his.composer.press_sequentially("Potassium is")
    await expect(says).to_be_visible()
    await expect(his.page.get_by_text("is typing")).to_have_count(0)
    await his.composer.press("Enter")
    await expect(says).to_have_count(0, timeout=1_500)

    await his.composer.press_sequentially("six")
    await expect(says).to_be_visible()
    await expect(says).to_have_count(0, timeout=8_000)
