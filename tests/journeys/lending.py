"""Lending: windows are used again by other tests, since a new one costs a second of processor."""

from collections import defaultdict

from playwright.async_api import Browser, ViewportSize

from tests.journeys.physicians import Physician
from tests.journeys.windows import DESKTOP, WATCH, Window

Key = tuple[str, bool, str]


class Lender:
    """The windows of one browser, by who is signed in, what they are held in and what they look at."""

    def __init__(self, browser: Browser) -> None:
        self._browser = browser
        self._idle: defaultdict[Key, list[Window]] = defaultdict(list)

    async def lend(self, physician: Physician, size: ViewportSize, origin: str) -> Window:
        """Return one that nobody has, and that has forgotten what was done in it."""
        idle = self._idle[physician.handle, _is_phone(size), origin]
        if not idle:
            return await self.make(physician, size, origin)
        window = idle.pop()
        await window.page.set_viewport_size(size)
        return window

    async def make(self, physician: Physician | None, size: ViewportSize, origin: str) -> Window:
        """Return a new one, in which somebody is signed in or nobody."""
        context = await self._browser.new_context(
            viewport=size, has_touch=_is_phone(size), is_mobile=_is_phone(size),
            color_scheme="light", reduced_motion="reduce",
        )  # fmt: skip
        await context.add_init_script(WATCH)
        if physician is not None:
            await context.add_cookies(
                [{"name": name, "value": value, "url": origin} for name, value in physician.cookies]
            )
        return Window(context, await context.new_page(), origin)

    async def take_back(self, window: Window, physician: Physician, size: ViewportSize) -> None:
        """Keep one for whoever wants it next."""
        await window.leave()
        self._idle[physician.handle, _is_phone(size), window.origin].append(window)


class Windows:
    """All windows of a test."""

    def __init__(self, lender: Lender, origin: str) -> None:
        self._lender = lender
        self._origin = origin
        self._lent: list[tuple[Window, Physician, ViewportSize]] = []
        self._own: list[Window] = []

    async def open(
        self, physician: Physician | None = None, *, size: ViewportSize = DESKTOP,
        origin: str = "", is_fresh: bool = False,
    ) -> Window:  # fmt: skip
        """Open one for somebody who is signed in, or for nobody. Nothing is loaded yet.

        A fresh one is the test's alone, to be treated as others could not be used after.
        """
        origin = origin or self._origin
        if physician is None or is_fresh:
            window = await self._lender.make(physician, size, origin)
            self._own.append(window)
        else:
            window = await self._lender.lend(physician, size, origin)
            self._lent.append((window, physician, size))
        return window

    async def tab(self, beside: Window) -> Window:
        """Open another tab of the same browser."""
        window = Window(beside.context, await beside.context.new_page(), beside.origin)
        self._own.append(window)
        return window

    async def close(self) -> list[str]:
        """Close or give back all, and return what should not have happened in them."""
        lent = [window for window, _, _ in self._lent]
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
