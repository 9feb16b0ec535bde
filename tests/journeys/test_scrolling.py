"""Scrolling: nothing that one looks at moves, however long the room is and whatever happens in it."""

import pytest
import pytest_asyncio
from playwright.async_api import expect

from tests.journeys.lending import Windows
from tests.journeys.physicians import Staff
from tests.journeys.windows import Window

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

LONG = 360  # messages: more than the 300 rows that are held
MOST = 300  # rows

WATCH_ROW = """(box) => {
  const top = () => box.getBoundingClientRect().top
  const row = [...box.querySelectorAll("[data-row]")]
    .find((one) => one.getBoundingClientRect().top >= top())
  const place = () => row.getBoundingClientRect().top - top()
  const before = place()
  const watch = (window.watch = { moved: 0 })
  const look = () => {
    if (window.watch !== watch) return
    watch.moved = Math.max(watch.moved, row.isConnected ? Math.abs(place() - before) : Infinity)
    requestAnimationFrame(look)
  }
  requestAnimationFrame(look)
}"""

MOVED = """() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(() => {
  done(window.watch.moved)
  window.watch = null
})))"""

AT_END = """() => {
  const box = document.querySelector(".stream")
  return box.scrollHeight - box.scrollTop - box.clientHeight <= 1
}"""


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def long_room(staff: Staff) -> str:
    """Return a room with more messages than are ever held, all of them read by tamarack."""
    kestrel, tamarack = await staff("kestrel"), await staff("tamarack")
    room = await kestrel.open_room("Long corridor", tamarack, stays=True)
    posted = await kestrel.post_many(room, LONG)
    await tamarack.do("room.mark_read", room=room, seq=posted[-1]["seq"])
    return room


async def test_older_messages_come_without_moving_what_one_reads(
    long_room: str, staff: Staff, windows: Windows
) -> None:
    window = await (await windows.open(await staff("tamarack"))).enter(long_room)
    await expect(window.message(f"Ward round note {LONG}")).to_be_in_viewport()

    for _ in range(3):
        held = await window.held()
        # In one go, so that nothing is loaded between the scroll and the first look.
        await window.stream.evaluate(f"(box) => {{ box.scrollTop = 300; ({WATCH_ROW})(box) }}")
        await expect(window.rows.first).not_to_have_attribute("data-seq", str(held[0]))
        assert await window.page.evaluate(MOVED) <= 1


async def test_a_long_room_is_scrolled_to_its_beginning_and_back_with_300_rows_at_most(
    long_room: str, staff: Staff, windows: Windows
) -> None:
    window = await (await windows.open(await staff("tamarack"))).enter(long_room)
    seen = set(await window.held())
    newest = max(seen)

    await window.page.evaluate(
        """() => {
          window.most = 0
          const list = document.querySelector(".stream__list")
          const count = () => (window.most = Math.max(window.most,
            list.querySelectorAll(":scope > [data-row]").length))
          new MutationObserver(count).observe(list, { childList: true })
        }"""
    )
    beginning = window.page.get_by_text("The beginning of")
    while not await beginning.count():
        seen |= await _turn_page(window, "(box) => (box.scrollTop = 200)")
    assert len(seen) >= LONG  # others of this file post there too
    await expect(window.message("Ward round note 1")).to_have_count(1)
    await expect(window.message(f"Ward round note {LONG}")).to_have_count(0)
    await expect(window.jump_bar).to_contain_text("Newer messages")

    while newest not in await window.held():
        held = await _turn_page(
            window, "(box) => (box.scrollTop = box.scrollHeight - box.clientHeight - 200)"
        )
        assert sorted(held) == list(range(min(held), max(held) + 1))
    await window.stream.evaluate("(box) => (box.scrollTop = box.scrollHeight)")
    await expect(window.message(f"Ward round note {LONG}")).to_be_in_viewport()
    await expect(window.jump_bar).to_have_count(0)
    assert await window.page.evaluate("most") <= MOST


async def test_at_the_present_one_stays_there_and_above_it_nothing_moves_but_the_count(
    staff: Staff, windows: Windows
) -> None:
    kestrel, tamarack = await staff("kestrel"), await staff("tamarack")
    room = await kestrel.open_room("Busy corridor", tamarack)
    posted = await kestrel.post_many(room, 45)
    await tamarack.do("room.mark_read", room=room, seq=posted[-1]["seq"])
    window = await (await windows.open(tamarack)).enter(room)

    await kestrel.post(room, "At the end")
    await expect(window.message("At the end")).to_be_in_viewport()
    await window.stream.evaluate("(box) => (box.scrollTop -= 78)")
    await kestrel.post(room, "Near the end\n" * 5)
    await expect(window.rows.last).to_contain_text("Near the end")
    await _at_the_end(window)

    await window.stream.evaluate(f"(box) => {{ box.scrollTop -= 400; ({WATCH_ROW})(box) }}")
    for number in (1, 2, 3):
        await kestrel.post(room, f"Newer {number}")
    await expect(window.jump_bar).to_contain_text("newer messages")
    await expect(window.message("Newer 3")).to_have_count(1)
    assert await window.page.evaluate(MOVED) <= 1
    await expect(window.page.locator(".present")).to_contain_text("Reading Today")
    before = int((await window.jump_bar.inner_text()).split()[0])
    await kestrel.post(room, "Newer 4")
    await expect(window.jump_bar).to_contain_text(f"{before + 1} newer messages")

    await window.jump_bar.click()
    await expect(window.message("Newer 4")).to_be_in_viewport()
    await expect(window.jump_bar).to_have_count(0)


async def test_a_draft_that_grows_while_one_scrolls_leaves_one_at_the_present(
    staff: Staff, windows: Windows
) -> None:
    tamarack = await staff("tamarack")
    room = await tamarack.open_room("Long drafts")
    await tamarack.post_many(room, 45)
    window = await (await windows.open(tamarack)).enter(room)

    # In one go, so that the page hears of the scroll when the draft is already drawn.
    await window.composer.evaluate(
        """(composer) => {
          document.querySelector(".stream").scrollTop -= 2
          composer.value = "One more line\\n".repeat(9)
          composer.dispatchEvent(new Event("input", { bubbles: true }))
        }"""
    )

    await _at_the_end(window)


async def test_ones_own_post_leads_back_to_the_present(
    long_room: str, staff: Staff, windows: Windows
) -> None:
    window = await (await windows.open(await staff("tamarack"))).enter(long_room, at=60)
    await expect(window.message(f"Ward round note {LONG}")).to_have_count(0)

    await window.write("Back to work.")

    await expect(window.message("Back to work.").last).to_be_in_viewport()
    await window.sent()


async def test_edits_and_removals_above_move_nothing(staff: Staff, windows: Windows) -> None:
    kestrel, tamarack = await staff("kestrel"), await staff("tamarack")
    room = await kestrel.open_room("Second thoughts", tamarack)
    posted = await kestrel.post_many(room, 48)
    window = await (await windows.open(tamarack)).enter(room, at=posted[40]["seq"])
    top = await window.stream.evaluate(
        "(box) => Number([...box.querySelectorAll('[data-seq]')].find((row) =>"
        " row.getBoundingClientRect().top >= box.getBoundingClientRect().top).dataset.seq)"
    )
    above = [message for message in posted if message["seq"] < top]

    await window.stream.evaluate(WATCH_ROW)
    text = "Longer now.\n" * 12
    await kestrel.write("message.edit", room=room, id=above[-2]["id"], text=text)
    await kestrel.write("message.remove", room=room, id=above[-4]["id"])
    await kestrel.write("message.react", room=room, id=above[-6]["id"], emoji="agree", on=True)

    await expect(window.row(above[-2]["seq"])).to_contain_text("Longer now.")
    await expect(window.row(above[-6]["seq"])).to_contain_text("Agree")
    assert await window.page.evaluate(MOVED) <= 1


async def test_a_permalink_centres_its_message_and_marks_it_for_a_while(
    long_room: str, staff: Staff, windows: Windows
) -> None:
    window = await (await windows.open(await staff("tamarack"))).enter(long_room, at=210)

    marked = window.row(210).locator("article[data-target]")
    await expect(marked).to_be_in_viewport()
    off_centre = await window.row(210).evaluate(
        """(row) => {
          const [one, other] = [row, row.closest(".stream")].map((e) => e.getBoundingClientRect())
          return Math.abs(one.top + one.height / 2 - other.top - other.height / 2)
        }"""
    )
    assert off_centre <= 30
    await expect(window.jump_bar).to_be_visible()
    await expect(marked).to_have_count(0)
    assert window.page.url.endswith("/210")

    await window.jump_bar.click()
    await expect(window.message(f"Ward round note {LONG}")).to_be_in_viewport()


async def _at_the_end(window: Window) -> None:
    # A function: an expression is evaluated anew at each look, which the page's CSP allows but once.
    await window.page.wait_for_function(AT_END)


async def _turn_page(window: Window, scroll: str) -> set[int]:
    """Scroll near an end of what is held, and return what is held once that has changed."""
    held = await window.held()
    await window.stream.evaluate(scroll)
    await window.page.wait_for_function(
        """([first, last]) => {
          const rows = [...document.querySelectorAll(".stream__list > [data-seq]")]
          const [one, other] = [rows[0], rows.at(-1)].map((row) => Number(row.dataset.seq))
          return one !== first || other !== last
        }""",
        arg=[held[0], held[-1]],
    )
    return set(await window.held())
