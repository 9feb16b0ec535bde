"""Windows: one browser of one physician, and what is to be seen in it."""

from typing import Any, Self

from playwright.async_api import (
    BrowserContext,
    ConsoleMessage,
    Dialog,
    Locator,
    Page,
    Request,
    ViewportSize,
    expect,
)

from tests.journeys.physicians import Physician

DESKTOP = ViewportSize(width=1440, height=900)
PHONE = ViewportSize(width=390, height=844)
SMALL_PHONE = ViewportSize(width=360, height=640)

WATCH = """
addEventListener("securitypolicyviolation", (event) => {
  window.violated = true
  console.error(`CSP: ${event.violatedDirective} ${event.blockedURI}`)
})
"""

SHOWN = """() => {
  const words = (node) => node?.textContent.replace(/\\s+/g, " ").trim() ?? null
  return [...document.querySelectorAll(".stream__list > [data-row]")].map((row) => {
    const notes = [...row.querySelectorAll(".msg__note")].map(words).join(" ")
    return {
      seq: Number(row.dataset.seq ?? 0),
      author: words(row.querySelector(".msg__name"))
        ?? words(row.querySelector("[id$='-by']")).replace(/, [^,]*$/, ""),
      text: row.querySelector(".prose")?.textContent.trim() ?? "",
      removed: row.querySelector(".msg--removed") !== null,
      edited: notes.includes("edited"),
      pinned: notes.includes("pinned"),
      reactions: [...row.querySelectorAll(".reaction")]
        .map((button) => `${words(button)} ${button.ariaPressed}`),
    }
  })
}"""

Shown = dict[str, Any]


class Window:
    """A page in a context of its own, as a separate device is."""

    def __init__(self, context: BrowserContext, page: Page, origin: str = "") -> None:
        self.context = context
        self.page = page
        self.origin = origin
        self.complaints: list[str] = []
        """What should never happen: errors in the console, policies violated, calls to strangers."""
        self.is_strict = False
        """Whether requests that fail are complained of as well."""
        page.on("console", self._said)
        page.on("pageerror", lambda error: self.complaints.append(f"error: {error}"))
        page.on("request", self._requested)
        page.on("dialog", self._asked)

    @property
    def stream(self) -> Locator:
        return self.page.locator("section.stream")

    @property
    def rows(self) -> Locator:
        return self.page.locator(".stream__list > [data-row]")

    @property
    def composer(self) -> Locator:
        return self.page.get_by_role("form", name="Write a message").get_by_role("textbox")

    @property
    def divider(self) -> Locator:
        return self.page.locator(".divider[data-new]")

    @property
    def jump_bar(self) -> Locator:
        return self.page.get_by_role("button", name="jump to present")

    @property
    def icon(self) -> Locator:
        """The tab's."""
        return self.page.locator("link[rel=icon]")

    @property
    def strip(self) -> Locator:
        """What is said of the connection."""
        return self.page.locator(".strip[data-says]")

    def message(self, text: str) -> Locator:
        """Return the row whose text is exactly this."""
        return self.rows.filter(has=self.page.get_by_text(text, exact=True))

    def row(self, seq: int) -> Locator:
        return self.page.locator(f".stream__list > [data-seq='{seq}']")

    def rail_entry(self, title: str) -> Locator:
        rail = self.page.get_by_role("navigation", name="Main", exact=True)
        return rail.get_by_role("link", name=title)

    async def sign_in(self, physician: Physician) -> None:
        """Have the cookie of somebody who signed in elsewhere."""
        await self.context.add_cookies(
            [{"name": name, "value": it, "url": self.origin} for name, it in physician.cookies]
        )

    async def leave(self) -> None:
        """Go nowhere, and leave nothing of this visit behind."""
        await self.page.goto(self.origin + "/healthz")  # a blank page would cost a new process
        await self.page.mouse.move(0, 0)
        await self.page.evaluate("localStorage.clear()")
        await self.context.clear_cookies()
        self.is_strict = False

    async def go(self, path: str) -> Self:
        """Load a page anew."""
        await self.page.goto(self.origin + path)
        return self

    async def enter(self, room: str, at: int | None = None) -> Self:
        """Load a room anew, and wait until its messages are there."""
        await self.go(f"/r/{room}" + ("" if at is None else f"/{at}"))
        await self.settled()
        return self

    async def try_now(self) -> None:
        """Connect without waiting for the next try, which may have come meanwhile."""
        await self.page.evaluate("document.querySelector('.strip[data-says] button')?.click()")

    async def sent(self) -> None:
        """Wait until nothing is on its way."""
        await expect(self.page.locator(".msg[data-state]")).to_have_count(0)

    async def settled(self) -> None:
        """Wait until the stream is loaded and stands where it is to stand."""
        await expect(self.stream).to_have_attribute("aria-busy", "false")
        await expect(self.page.locator(".stream__list[data-unplaced]")).to_have_count(0)

    async def write(self, text: str) -> None:
        """Post by keyboard."""
        await self.composer.fill(text)
        await self.composer.press("Enter")

    async def act(self, row: Locator, action: str) -> None:
        """Point at a message and press one of the tools that it shows."""
        await (
            row.scroll_into_view_if_needed()
        )  # first: the way to the present may go, and make room
        await row.hover()
        await row.get_by_role("button", name=action, exact=True).click()

    async def choose(self, row: Locator, action: str) -> None:
        """Choose from a message's menu."""
        await self.act(row, "More actions")
        await self.page.get_by_role("menuitem", name=action).click()

    async def edit(self, row: Locator, text: str) -> None:
        """Change a message, and wait until it is known to be changed."""
        await self.act(row, "Edit")
        box = self.page.get_by_role("textbox", name="Edit message")
        await box.fill(text)
        await box.press("Enter")
        await expect(self.message(text).get_by_text("edited")).to_be_visible()

    async def held(self) -> list[int]:
        """Return the numbers of the rows that are held."""
        numbers: list[int] = await self.rows.evaluate_all(
            "(rows) => rows.map((row) => Number(row.dataset.seq))"
        )
        return numbers

    async def shown(self, newest: int | None = None) -> list[Shown]:
        """Return what the newest rows say, oldest first."""
        rows: list[Shown] = await self.page.evaluate(SHOWN)
        return rows if newest is None else rows[-newest:]

    async def pins(self) -> list[str]:
        """Return the line at the top and the whole panel of pins, in words."""
        await self.page.locator(".strip--pinned").get_by_role("button").click()
        texts = await self.page.locator(".strip--pinned p, .pin").all_inner_texts()
        return [" ".join(text.split()) for text in texts]

    def _said(self, message: ConsoleMessage) -> None:
        if message.type not in ("error", "warning"):
            return
        # A refused or lost request is told of by the browser; what the page makes of it is tested.
        is_loss = message.text.startswith(("Failed to load resource", "WebSocket connection to"))
        if self.is_strict or not is_loss:
            self.complaints.append(f"{message.type}: {message.text}")

    async def _asked(self, dialog: Dialog) -> None:
        self.complaints.append(f"dialog: {dialog.message}")
        await dialog.dismiss()

    def _requested(self, request: Request) -> None:
        if not request.url.startswith((self.origin + "/", "data:")):
            self.complaints.append(f"request to {request.url}")
