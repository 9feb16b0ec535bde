"""Kinds of test: counts those that ran, and fails the run when a required kind ran none.

A pytest plugin, loaded by `addopts`. CURBSIDE_REQUIRE names the required kinds, so that in CI a
missing browser, engine or clock is a failure and not a silence.
"""

import os
import shutil
from collections import Counter

import pytest

from bin.machine import BROWSER_PACKAGE, find_browser, find_clock, has_node
from tests import engines

KINDS = ("browser", "clocks", "conformance", "faults", "postgresql", "redis")

_HELP = {
    "browser": f"Install Chromium (apt-get install {BROWSER_PACKAGE}), or set CURBSIDE_CHROMIUM to one",
    "clocks": "Install libfaketime (apt-get install libfaketime), or set CURBSIDE_FAKETIME to it",
    "postgresql": f"Run bin/setup, or set {engines.DATABASE_URL} to a server",
    "redis": f"Run bin/setup, or set {engines.REDIS_URL} to a server",
}
"""What to do where a kind cannot run, by the kinds that need more than Python."""


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
    """Note each test's kinds in its report, and skip what needs a program that is not there."""
    here = {
        "browser": "CURBSIDE_CHROMIUM" in os.environ,
        "clocks": find_clock() is not None,
        "postgresql": engines.has_postgresql(),
        "redis": engines.has_redis(),
    }
    for item in items:
        # Not the report's keywords: those hold the names of folders too, and tests/faults is one.
        kinds = [kind for kind in KINDS if item.get_closest_marker(kind)]
        item.user_properties += [("kind", kind) for kind in kinds]
        for kind in kinds:
            if not here.get(kind, True):
                item.add_marker(pytest.mark.skip(reason=f"no {kind}"))


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
        for kind, help_ in _HELP.items():
            if skipped := self._skipped[kind]:
                line = (
                    f"NO {kind.upper()}: {skipped} tests did not run. {help_}; then run bin/test."
                )
                terminalreporter.write_line(line, red=True, bold=True)
        if missing := self._missing():
            terminalreporter.write_line(
                f"REQUIRED, but not one ran: {', '.join(missing)}.", red=True, bold=True
            )

    def _missing(self) -> list[str]:
        required = os.environ.get("CURBSIDE_REQUIRE", "").replace(",", " ").split()
        return [kind for kind in required if not self._ran[kind]]
