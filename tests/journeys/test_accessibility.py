"""axe looks at every place of the client, in both themes."""

from typing import Any, Literal

import pytest
from axe_playwright_python.base import AXE_SCRIPT  # type: ignore[import-untyped]
from playwright.async_api import expect

from tests.journeys.lending import Windows
from tests.journeys.physicians import Physician, Staff
from tests.journeys.windows import PHONE, Window

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

Theme = Literal["dark", "light"]

ALL_RULES = {"resultTypes": ["violations"]}
OF_COLOURS = {**ALL_RULES, "runOnly": ["color-contrast", "link-in-text-block"]}
# A theme is nothing but other colours. The light one is last, which a window is opened in.
THEMES: tuple[tuple[Theme, dict[str, Any]], ...] = (("dark", OF_COLOURS), ("light", ALL_RULES))


async def test_axe_finds_no_serious_fault_before_signing_in(windows: Windows) -> None:
    window = await (await windows.open()).go("/")
    await window.page.get_by_label("Handle").fill("tamarack")
    await window.page.get_by_label("Password").fill("not the password")
    await window.page.get_by_role("button", name="Sign in").click()
    await expect(window.page.locator("#sign-in-problem")).to_be_visible()

    assert await faults(window) == []


async def test_axe_finds_no_serious_fault_in_rooms_and_their_dialogs(
    staff: Staff, windows: Windows
) -> None:
    saltmarsh = await staff("saltmarsh")
    room = await _furnish(saltmarsh, await staff("kestrel"))
    window = await windows.open(saltmarsh)
    page = window.page

    await window.go("/rooms")
    await expect(page.get_by_role("heading", name="Open to you")).to_be_visible()
    found = {"rooms": await faults(window)}

    await window.enter(room)
    last = window.message("Any interaction with clarithromycin?")
    await last.hover()
    found["room"] = await faults(window)

    await last.get_by_role("button", name="React").click()
    await expect(page.get_by_role("menu")).to_be_visible()
    found["picker"] = await faults(window, "[role=menu]")
    await page.keyboard.press("Escape")

    await window.choose(last, "Pin to room")
    await expect(page.get_by_role("dialog")).to_be_visible()
    found["dialog"] = await faults(window, "dialog")
    await page.keyboard.press("Escape")

    await page.keyboard.press("Control+k")
    await expect(page.get_by_role("combobox")).to_be_focused()
    found["switcher"] = await faults(window, "dialog")
    await page.keyboard.press("Escape")

    for tab in ("About", "Pins"):
        await page.get_by_role("tab", name=tab).click()
        found[tab] = await faults(window, ".panel")

    await window.go("/you")
    await expect(page.get_by_role("heading", name="You", exact=True)).to_be_visible()
    found["you"] = await faults(window)
    assert {place: what for place, what in found.items() if what} == {}


async def test_axe_finds_no_serious_fault_on_a_phone(staff: Staff, windows: Windows) -> None:
    saltmarsh = await staff("saltmarsh")
    room = await _furnish(saltmarsh, await staff("kestrel"))
    window = await windows.open(saltmarsh, size=PHONE)

    await window.go("/rooms")
    await expect(window.page.get_by_role("heading", name="Open to you")).to_be_visible()
    found = {"rooms": await faults(window)}
    await window.enter(room)
    found["room"] = await faults(window)
    await window.page.get_by_role("button", name="Room details").click()
    found["details"] = await faults(window)
    assert {place: what for place, what in found.items() if what} == {}


async def test_axe_finds_no_serious_fault_while_rooms_and_messages_load(
    staff: Staff, windows: Windows
) -> None:
    tamarack = await staff("tamarack")
    window = await windows.open(tamarack, is_fresh=True)
    await window.page.route_web_socket("**/ws", lambda _: None)

    await window.go("/r/cardiology")
    await expect(window.stream.locator(".skeleton")).to_contain_text("Loading messages…")
    await expect(window.stream.locator(".skeleton")).to_be_visible()
    still = "(bone) => getComputedStyle(bone).animationName"
    assert await window.stream.locator(".skeleton b").first.evaluate(still) == "none"
    assert await faults(window) == []


async def faults(window: Window, within: str = "html") -> list[str]:
    """Return axe's serious and critical violations in both themes, each with its places."""
    if not await window.page.evaluate("'axe' in window"):
        await window.page.evaluate(AXE_SCRIPT)
    found = []
    for theme, options in THEMES:
        await window.page.emulate_media(color_scheme=theme)
        results: dict[str, Any] = await window.page.evaluate(
            "([within, options]) => axe.run(within, options)", [within, options]
        )
        found += [
            f"{theme}: {violation['id']}: {[node['html'][:160] for node in violation['nodes']]}"
            for violation in results["violations"]
            if violation["impact"] in ("serious", "critical")
        ]
    return found


async def _furnish(owner: Physician, other: Physician) -> str:
    """Open a room with one of each thing that a message can be or have."""
    room = await owner.open_room("Drug queries", other)
    asked = await other.post(room, "Is apixaban safe at a creatinine clearance of 20?")
    await owner.post(room, "Half the dose, see https://example.org/apixaban", reply_to=asked["id"])
    await owner.write("message.react", room=room, id=asked["id"], emoji="useful", on=True)
    await other.write("message.react", room=room, id=asked["id"], emoji="👍", on=True)
    await owner.write("message.pin", room=room, id=asked["id"], note="Apixaban in CKD")
    gone = await other.post(room, "Wrong room, sorry.")
    await owner.write("message.remove", room=room, id=gone["id"], reason="off topic")
    changed = await owner.post(room, "Check the weight to.")
    await owner.write("message.edit", room=room, id=changed["id"], text="Check the weight too.")
    await other.post(room, "Any interaction with clarithromycin?")
    return room
