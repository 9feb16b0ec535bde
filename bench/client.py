"""The web client in a real Chromium: what it loads, when the first message is there, how posting feels.

Times are the page's own: from the start of its navigation, or from the Enter key, to the frame after
which a message's text was painted. Each load has an empty cache and a session that is signed in.
"""

import gzip
import re
import time

from playwright.sync_api import Browser, Locator, Page, sync_playwright

from bench.figures import Figure, bounded
from bench.load import Load
from bench.options import Options
from bench.posts import IN_FLIGHT, TEXT, Poster, press
from bench.servers import ROOT, Running, Server, all_cores, curbside
from bench.wire import Lost, Watched
from bin.machine import find_browser

STATIC = ROOT / "web/static"
HISTORY = 200  # messages in the room before anybody looks
POSTS = 20  # in each run, one after the other
SEEN_WITHIN = 10.0  # seconds
PAUSE = 0.2  # seconds between posts
PASSWORD = "a bench is no secret place"
ROOM = "cardiology"
COMPOSER = "textarea:visible, [contenteditable=true]:visible"
KILOBYTES, VISIBLE, SHOWN = 90.0, 1_000.0, 50.0  # kB; milliseconds

# Looks after every change of the document for a text outside of what is being written.
WATCH = """
const COMPOSER = "textarea, [contenteditable]";
window.bench = { marker: MARKER, seen: null, sent: 0 };
addEventListener("keydown", (event) => {
  if (event.key === "Enter") bench.sent = performance.now();
}, { capture: true });
const isThere = () => {
  const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (texts.nextNode()) {
    const { data, parentElement } = texts.currentNode;
    if (data.includes(bench.marker) && !parentElement.closest(COMPOSER)) return true;
  }
  return false;
};
new MutationObserver(() => {
  if (!bench.marker || !document.body || !isThere()) return;
  bench.marker = "";
  requestAnimationFrame(() => setTimeout(() => { bench.seen = performance.now(); }));
}).observe(document, { subtree: true, childList: true, characterData: true });
"""


def figures(options: Options) -> list[Figure]:
    """Return the rows of size, of loading and of posting."""
    initial = [_gzipped(name) for name in _initial_scripts()]
    visible: list[float] = []
    shown: list[float] = []
    with options.directory() as path, all_cores():
        server = curbside(path / "curbside", 2, [ROOM], password=PASSWORD)
        with (
            server.running() as running,
            sync_playwright() as playwright,
            playwright.chromium.launch(executable_path=_browser()) as browser,
        ):
            for run in range(options.runs + 1):
                _write_history(running, server)  # else what was posted last time pushed it out
                load, shows, loaded = _run(browser, running)
                if run:  # the first one starts the browser's own processes
                    visible.append(load)
                    shown += shows
    return [
        bounded("initial JavaScript, gzipped", [sum(initial)], unit="kB", at_most=KILOBYTES),
        Figure("… fetched until the first message", f"{sum(map(_gzipped, loaded)):.1f} kB"),
        bounded("first message visible", visible, unit="ms", at_most=VISIBLE),
        bounded("a post shows to its author", shown, unit="ms", at_most=SHOWN),
    ]


def _initial_scripts() -> set[str]:
    """Return the paths that index.html itself makes the browser fetch as JavaScript."""
    page = STATIC / "index.html"
    if not page.exists():
        raise Lost("the web client is not built: run bin/setup")
    tags = re.findall(r"<(?:script|link)\b[^>]*>", page.read_text())
    wanted = [tag for tag in tags if tag.startswith("<script") or "modulepreload" in tag]
    found = (re.search(r'(?:src|href)="([^"]+)"', tag) for tag in wanted)
    return {match[1] for match in found if match}


def _gzipped(path: str) -> float:
    """Return the size of a file under web/static in kB, gzipped."""
    return len(gzip.compress((STATIC / path.lstrip("/")).read_bytes())) / 1e3


def _browser() -> str:
    found = find_browser()
    if not found:
        raise Lost("there is no Chromium on PATH, nor in CURBSIDE_CHROMIUM")
    return found


def _write_history(running: Running, server: Server) -> None:
    with Load(running.port) as load:
        [author] = load.open(server.tokens[1:], Watched)
        press(load, [Poster(author, ROOM)], IN_FLIGHT, seconds=30.0, most=HISTORY)


def _run(browser: Browser, running: Running) -> tuple[float, list[float], set[str]]:
    """Return when the first message was visible, how long each post took, and the scripts fetched."""
    url = f"http://127.0.0.1:{running.port}"
    with browser.new_context() as context:
        answered = context.request.post(
            f"{url}/api/session.open", data={"handle": "p1", "password": PASSWORD}
        )
        if not answered.ok:
            raise Lost(f"not signed in: {answered.text()}")
        page = context.new_page()
        page.add_init_script(WATCH.replace("MARKER", repr(TEXT[:40])))
        page.goto(f"{url}/r/{ROOM}", wait_until="commit")
        visible = _seen(page)
        scripts = page.evaluate(
            "performance.getEntriesByType('resource').map(({name}) => new URL(name).pathname)"
        )
        time.sleep(1.0)
        composer = page.locator(COMPOSER).last
        shown = [_post(page, composer, f"Potassium is back, set {n}.") for n in range(POSTS)]
    return visible, shown, {script for script in scripts if script.endswith(".js")}


def _post(page: Page, composer: Locator, text: str) -> float:
    """Return the milliseconds from Enter to the painted message."""
    composer.fill(text)
    time.sleep(PAUSE)
    page.evaluate("text => Object.assign(bench, { marker: text, seen: null })", text)
    composer.press("Enter")
    seen = _seen(page)
    return seen - float(page.evaluate("bench.sent"))


def _seen(page: Page) -> float:
    """Wait for the message; return when it was painted, in milliseconds of the page."""
    end = time.perf_counter() + SEEN_WITHIN
    while time.perf_counter() < end:
        # Not page.wait_for_function: the page's CSP forbids the eval that its polling takes.
        if (seen := page.evaluate("bench.seen")) is not None:
            return float(seen)
        page.wait_for_timeout(20)
    raise Lost(f"the message is not in the page {page.url}: {page.inner_text('body')[:500]}")
