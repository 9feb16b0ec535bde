"""Two browsers hold a conversation; one goes away and comes back."""

import asyncio

import pytest
from playwright.async_api import expect

from tests.journeys.lending import Windows
from tests.journeys.physicians import Staff
from tests.journeys.servers import DemoServer
from tests.journeys.windows import Window
from tests.journeys.wires import Wire

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]


async def test_what_one_writes_edits_reacts_to_pins_and_removes_the_other_sees(
    staff: Staff, windows: Windows
) -> None:
    saltmarsh, kestrel = await staff("saltmarsh"), await staff("kestrel")
    room = await saltmarsh.open_room("Chest pain clinic", kestrel)
    hers = await (await windows.open(saltmarsh)).enter(room)
    his = await (await windows.open(kestrel)).enter(room)

    await his.write("Second troponin is flat. Home with rapid access?")
    asked = hers.message("Second troponin is flat. Home with rapid access?")
    await expect(asked).to_be_visible()
    await hers.act(asked, "React")
    await hers.page.get_by_role("menuitemcheckbox", name="Agree").click()
    agreed = his.rows.get_by_role("button", name="Agree")
    await expect(agreed).to_have_text("Agree 1")
    await agreed.click()
    await expect(hers.rows.get_by_role("button", name="Agree")).to_have_text("Agree 2")

    await hers.write("Yes, with HEART 3.")
    await hers.edit(hers.message("Yes, with HEART 3."), "Yes, with a HEART score of 3.")
    edited = his.message("Yes, with a HEART score of 3.")
    await expect(edited.get_by_text("edited")).to_be_visible()

    await hers.choose(hers.message("Yes, with a HEART score of 3."), "Pin to room")
    await hers.page.get_by_label("Note").fill("HEART 3 goes home")
    await hers.page.get_by_role("button", name="Pin message").click()
    await expect(his.page.locator(".strip--pinned")).to_contain_text("HEART 3 goes home")
    await expect(edited.get_by_text("pinned")).to_be_visible()

    new = his.page.get_by_role("button", name="New: 1 pin")
    await new.click()
    await expect(his.page.locator(".pin")).to_contain_text("by Saltmarsh")
    await expect(new).to_have_count(0)
    await hers.choose(hers.message("Yes, with a HEART score of 3."), "Unpin from room")
    await expect(his.page.locator(".strip--pinned")).to_have_count(0)
    await hers.page.get_by_role("button", name="Undo").click()
    await expect(his.page.locator(".strip--pinned")).to_contain_text("HEART 3 goes home")

    await his.choose(his.message("Second troponin is flat. Home with rapid access?"), "Remove")
    await his.page.get_by_role("button", name="Remove for everyone").click()
    await expect(hers.page.get_by_text("Removed by its author.")).to_be_visible()
    await expect(asked).to_have_count(0)
    assert [row["text"] for row in await his.shown()] == [
        "You removed this message.", "Yes, with a HEART score of 3."
    ]  # fmt: skip


async def test_who_was_away_for_200_messages_edits_removals_and_a_pin_sees_what_a_fresh_load_shows(
    staff: Staff, windows: Windows, wire: Wire
) -> None:
    saltmarsh, tamarack = await staff("saltmarsh"), await staff("tamarack")
    room = await saltmarsh.open_room("Transfer desk", tamarack)
    hers = await (await windows.open(saltmarsh)).enter(room)
    his = await (await windows.open(tamarack, origin=wire.origin)).enter(room)
    for number in range(1, 4):
        await hers.write(f"Bed {number} is free.")
        await expect(his.message(f"Bed {number} is free.")).to_be_visible()
        await his.write(f"Bed {number} is taken.")
        await expect(hers.message(f"Bed {number} is taken.")).to_be_visible()
    await his.sent()

    await wire.cut()
    await his.write("Is bed 4 ready?")
    await his.write("It is urgent.")
    accepted = [f"Transfer {number} accepted." for number in range(1, 191)]
    await asyncio.gather(*(saltmarsh.post(room, text) for text in accepted))
    for number in range(191, 201):
        await hers.write(f"Transfer {number} accepted.")
    await hers.sent()
    await hers.edit(hers.message("Transfer 200 accepted."), "Transfer 200 declined.")
    await hers.edit(hers.message("Transfer 199 accepted."), "Transfer 199 declined.")
    await hers.edit(hers.message("Bed 3 is free."), "Bed 3 is closed.")
    for text in ("Transfer 198 accepted.", "Bed 2 is taken."):
        await hers.choose(hers.message(text), "Remove")
        await hers.page.get_by_role("button", name="Remove for everyone").click()
        await expect(hers.message(text)).to_have_count(0)
    await hers.choose(hers.message("Transfer 197 accepted."), "Pin to room")
    await hers.page.get_by_role("button", name="Pin message").click()
    await expect(hers.page.locator(".strip--pinned")).to_be_visible()
    await expect(his.strip).to_contain_text("Reconnecting")
    await expect(his.message("Transfer 1 accepted.")).to_have_count(0)

    await wire.mend()
    await his.try_now()
    await expect(his.strip).to_contain_text("Back. 2 messages sent, 200 new ones loaded")
    await expect(his.strip).to_contain_text("nothing missed")
    shown = await his.shown()
    assert len(shown) == 208
    assert [row["text"] for row in shown[-3:]] == [
        "Transfer 200 declined.", "Is bed 4 ready?", "It is urgent."
    ]  # fmt: skip
    assert [row["text"] for row in shown if row["edited"]] == [
        "Bed 3 is closed.", "Transfer 199 declined.", "Transfer 200 declined."
    ]  # fmt: skip
    assert [row["removed"] for row in shown].count(True) == 2

    await tamarack.do("room.mark_read", room=room, seq=shown[-1]["seq"])  # it opens at the present
    fresh = await (await windows.open(tamarack)).enter(room)
    await _unroll(fresh, 208)
    assert await fresh.shown() == shown
    assert await fresh.pins() == await his.pins()


async def test_a_killed_server_comes_back_and_nothing_is_lost_or_doubled(
    server: DemoServer, staff: Staff, windows: Windows
) -> None:
    kestrel, tamarack = await staff("kestrel"), await staff("tamarack")
    room = await kestrel.open_room("Night handover", tamarack)
    hers = await (await windows.open(kestrel)).enter(room)
    his = await (await windows.open(tamarack)).enter(room)
    texts = [f"Handover item {number}" for number in range(1, 13)]

    for text in texts[:6]:
        await hers.write(text)
    await server.kill()
    for text in texts[6:]:
        await hers.write(text)
    await server.start()

    for window in (hers, his):
        await expect(window.rows).to_have_count(12, timeout=30_000)
        await window.sent()
        assert [row["text"] for row in await window.shown()] == texts
        assert await window.page.get_by_role("heading", name="Sign in").count() == 0


async def _unroll(window: Window, rows: int) -> None:
    """Scroll up until so many rows are held."""
    while await window.rows.count() < rows:
        held = await window.rows.count()
        await window.stream.evaluate("(box) => (box.scrollTop = 0)")
        await expect(window.rows).not_to_have_count(held)
