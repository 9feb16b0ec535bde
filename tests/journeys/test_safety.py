"""Safety: what people write is only text, and the page speaks to its own server alone."""

import pytest
from playwright.async_api import expect

from tests.journeys.lending import Windows
from tests.journeys.physicians import Physician, Staff
from tests.journeys.servers import DemoServer

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

ATTACKS = (
    "<script>window.attacked = 1</script>",
    "<img src=x onerror='window.attacked = 1'>",
    "<svg/onload=window.attacked=1>",
    "\"><iframe srcdoc='<script>parent.attacked=1</script>'></iframe>",
    "javascript:window.attacked=1",
    "[here](javascript:window.attacked=1)",
    "{@html '<b onclick=attacked=1>'}",
    'https://example.org/"onmouseover="window.attacked=1',
    "<style>*{display:none}</style>",
    "dose \u202egm 5\u202c daily",
)
NAME = "<img src=x onerror=attacked=1>\u202e"


async def test_markup_in_messages_names_titles_and_notes_is_shown_and_does_nothing(
    server: DemoServer, staff: Staff, windows: Windows
) -> None:
    saltmarsh = await staff("saltmarsh")
    title = "<script>attacked=1</script>"
    room = await saltmarsh.write("room.create", room="markup", title=title, topic=ATTACKS[1])
    await server.add_person(handle="mallow", name=NAME, verified=True, password="quiet nights")
    await saltmarsh.write("member.add", room="markup", person="@mallow")
    mallow = await Physician(server, "mallow").sign_in("quiet nights")
    posted = [await mallow.post("markup", text) for text in ATTACKS]
    await saltmarsh.write("message.pin", room="markup", id=posted[0]["id"], note=ATTACKS[1])
    removal = {"room": "markup", "id": posted[-2]["id"], "reason": ATTACKS[2]}
    await saltmarsh.write("message.remove", **removal)
    window = await windows.open(saltmarsh)
    await window.go("/rooms")
    await expect(window.rail_entry(title)).to_be_visible()
    await window.enter(room["room"])

    shown = await window.shown()
    assert [row["text"] for row in shown if not row["removed"]] == [
        text for text in ATTACKS if text != ATTACKS[-2]
    ]
    assert {row["author"] for row in shown} == {NAME}
    turned = window.rows.filter(has_text="dose").locator(".turns")
    await expect(turned).to_have_count(1)
    await expect(turned).to_have_css("unicode-bidi", "isolate")
    for row in await window.rows.all():
        await row.hover()
    await window.act(window.message(ATTACKS[0]), "Reply")
    await window.write("Quoting you.")
    await window.pins()
    await window.page.get_by_role("tab", name="Here now").click()

    assert await window.page.evaluate("window.attacked") is None
    assert window.complaints == []  # a dialog of the browser's would be one
    links = await window.stream.get_by_role("link").evaluate_all(
        "(links) => links.map((link) => link.href)"
    )
    assert [link for link in links if "javascript" in link] == []
    inside = await window.stream.evaluate(
        "(box) => box.querySelectorAll('script, img, iframe, style, [onclick], [onerror]').length"
    )
    assert inside == 0
    await mallow.close()


async def test_a_whole_visit_breaks_no_policy_logs_no_error_and_calls_no_stranger(
    server: DemoServer, windows: Windows
) -> None:
    window = await (await windows.open()).go("/")
    page = window.page
    await page.get_by_label("Handle").fill("saltmarsh")
    await page.get_by_label("Password").fill(server.password("saltmarsh"))
    await page.get_by_role("button", name="Sign in").click()
    await expect(page.get_by_role("heading", name="Rooms", exact=True)).to_be_visible()
    window.is_strict = True

    await window.rail_entry("Cath lab review").click()
    await window.settled()
    await window.write("Any complication overnight?")
    await window.act(window.message("Any complication overnight?"), "React")
    await page.get_by_role("menuitemcheckbox", name="Thanks").click()
    await window.choose(window.message("Any complication overnight?"), "Copy text")
    await window.choose(window.message("Any complication overnight?"), "Pin to room")
    await page.get_by_role("button", name="Pin message").click()
    for tab in ("About", "Pins", "Here now"):
        await page.get_by_role("tab", name=tab).click()
    await page.get_by_role("button", name="Switch theme").click()
    await page.get_by_role("link", name="You", exact=True).click()
    await page.get_by_role("radio", name="Compact").check()
    await page.reload()
    await expect(page.get_by_role("heading", name="You", exact=True)).to_be_visible()
    await page.get_by_role("button", name="Sign out", exact=True).click()
    await expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
    assert window.complaints == []

    # What would have been seen: the policy is there, and the watch hears of it.
    await page.evaluate("() => { new Image().src = 'http://127.0.0.2/a.png' }")
    await page.wait_for_function("() => window.violated")
    assert any("img-src" in complaint for complaint in window.complaints)
    window.complaints.clear()
