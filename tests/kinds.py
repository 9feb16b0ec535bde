"""Kinds of test: counts those that ran, and fails the run when a required kind ran none.

A pytest plugin, loaded by `addopts`. CURBSIDE_REQUIRE names the required kinds, so that in CI a
missing browser is a failure and not a silence.
"""

import os
import shutil
from collections import Counter

import pytest

from bin.machine import find_browser, has_node

KINDS = ("browser", "conformance", "faults")

_NO_BROWSER = (
    "NO BROWSER: {} browser tests did not run. Install chromium (apt-get install chromium), or set"
    " CURBSIDE_CHROMIUM to one, then run bin/test again."
)


def pytest_configure(config: pytest.Config) -> None:
    """Choose the browser; the tests, and xdist's workers, read CURBSIDE_CHROMIUM."""
    if browser := find_browser():
        os.environ["CURBSIDE_CHROMIUM"] = browser
    # The Node that Playwright brings wants libatomic, which a bare Debian lacks; ours does not.
    if has_node() and (node := shutil.which("node")):
        os.environ.setdefault("PLAYWRIGHT_NODEJS_PATH", node)
    if not hasattr(config, "workerinput"):  # the workers only run; the controller hears of all
        config.pluginmanager.register(_Census(), "kinds-census")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Note each test's kinds in its report, and skip what needs the browser that is not there."""
    for item in items:
        # Not the report's keywords: those hold the names of folders too, and tests/faults is one.
        kinds = [kind for kind in KINDS if item.get_closest_marker(kind)]
        item.user_properties += [("kind", kind) for kind in kinds]
        if "browser" in kinds and "CURBSIDE_CHROMIUM" not in os.environ:
            item.add_marker(pytest.mark.skip(reason="no browser"))


class _Census:
    def __init__(self) -> None:
        self._ran: Counter[str] = Counter()
        self._skipped: Counter[str] = Counter()

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        kinds = [str(kind) for name, kind in report.user_properties if name == "kind"]
        if report.skipped:
            self._skipped.update(kinds)
        elif report.when == "call":
            self._ran.update(kinds)

    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        if self._missing() and not session.config.option.collectonly:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        counts = ", ".join(f"{self._ran[kind]} {kind}" for kind in KINDS)
        terminalreporter.write_line(f"Kinds of test that ran: {counts}.")
        if self._skipped["browser"] and "CURBSIDE_CHROMIUM" not in os.environ:
            terminalreporter.write_line(
                _NO_BROWSER.format(self._skipped["browser"]), red=True, bold=True
            )
        if missing := self._missing():
            terminalreporter.write_line(
                f"REQUIRED, but not one ran: {', '.join(missing)}.", red=True, bold=True
            )

    def _missing(self) -> list[str]:
        required = os.environ.get("CURBSIDE_REQUIRE", "").replace(",", " ").split()
        return [kind for kind in required if not self._ran[kind]]
