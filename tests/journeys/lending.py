"""Lending: windows are used again by other tests, since a new one costs a second of processor."""

from collections import defaultdict

from playwright.async_api import Browser, ViewportSize

from tests.journeys.physicians import Physician
from tests.journeys.windows import DESKTOP, WATCH, Window


class Lender:
    """The windows of one browser, those of phones apart from those of desks."""

    def __init__(self, browser: Browser) -> None:
        self._browser = browser
        self._idle: defaultdict[bool, list[Window]] = defaultdict(list)

    async def lend(self, size: ViewportSize) -> Window:
        """Return one that nobody has and in which nobody is signed in."""
        idle = self._idle[_is_phone(size)]
        if not idle:
            return await self.make(size)
        window = idle.pop()
        await window.page.set_viewport_size(size)
        return window

    async def make(self, size: ViewportSize) -> Window:
        """Return a new one."""
        context = await self._browser.new_context(
            viewport=size, has_touch=_is_phone(size), is_mobile=_is_phone(size),
            color_scheme="light", reduced_motion="reduce",
        )  # fmt: skip
        await context.add_init_script(WATCH)
        return Window(context, await context.new_page())

    async def take_back(self, window: Window, size: ViewportSize) -> None:
        """Keep one for whoever wants it next."""
        await window.leave()
        self._idle[_is_phone(size)].append(window)


class Windows:
    """All windows of a test."""

    def __init__(self, lender: Lender, origin: str) -> None:
        self._lender = lender
        self._origin = origin
        self._lent: list[tuple[Window, ViewportSize]] = []
        self._own: list[Window] = []

    async def open(
        self, physician: Physician | None = None, *, size: ViewportSize = DESKTOP,
        origin: str = "", is_fresh: bool = False,
    ) -> Window:  # fmt: skip
        """Open one for somebody who is signed in, or for nobody. Nothing is loaded yet.

        A fresh one is the test's alone, to be treated as others could not be used after.
        """
        if is_fresh:
            window = await self._lender.make(size)
            self._own.append(window)
        else:
            window = await self._lender.lend(size)
            self._lent.append((window, size))
        window.origin = origin or self._origin
        if physician is not None:
            await window.sign_in(physician)
        return window

    async def tab(self, beside: Window) -> Window:
        """Open another tab of the same browser."""
        window = Window(beside.context, await beside.context.new_page(), beside.origin)
        self._own.append(window)
        return window

    async def close(self) -> list[str]:
        """Close or give back all, and return what should not have happened in them."""
        lent = [window for window, _ in self._lent]
        for window in self._own:
            shares = any(window.context is other.context for other in lent)
            await (window.page.close() if shares else window.context.close())
        for given in self._lent:
            await self._lender.take_back(*given)
        complaints = [each for window in self._own + lent for each in window.complaints]
        for window in lent:
            window.complaints.clear()
        return complaints


def _is_phone(size: ViewportSize) -> bool:
    return size["width"] < DESKTOP["width"]
