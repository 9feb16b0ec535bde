"""Figures: rows of one Markdown table, each with the bound that it is held to, and the machine."""

import math
import os
import platform
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from statistics import median

HEAD = ("figure", "Curbside", "loop", "ratio", "bound", "held")


@dataclass(frozen=True)
class Figure:
    """One row. ``ratio`` is of Curbside to the loop, or to what ``loop`` names instead."""

    name: str
    curbside: str
    bound: str = "–"
    is_held: bool | None = None  # None: shown beside another row, and bound to nothing
    loop: str = "–"
    ratio: str = "–"

    def row(self) -> str:
        """Return it as a row of Markdown."""
        held = {True: "yes", False: "**no**", None: "–"}[self.is_held]
        cells = (self.name, self.curbside, self.loop, self.ratio, self.bound, held)
        return f"| {' | '.join(cells)} |"


def compared(
    name: str, ours: Sequence[float], theirs: Sequence[float], *, unit: str,
    at_most: float = math.inf, at_least: float = -math.inf, ratio_at_most: float = math.inf,
    ratio_at_least: float = -math.inf, other: str = "the loop",
) -> Figure:  # fmt: skip
    """Return a row of two medians and their ratio. Bounds are on our median and on the ratio."""
    middle = median(ours)
    ratio = middle / median(theirs) if median(theirs) else math.inf
    bounds = [f"≤ {at_most:,g} {unit}"] if at_most < math.inf else []
    bounds += [f"≥ {at_least:,g} {unit}"] if at_least > -math.inf else []
    bounds += [f"≤ {ratio_at_most:g} of {other}"] if ratio_at_most < math.inf else []
    bounds += [f"≥ {ratio_at_least:g} of {other}"] if ratio_at_least > -math.inf else []
    beside = "" if other == "the loop" else f" {other}"
    return Figure(
        name, spread(ours, unit), loop=spread(theirs, unit) + beside, ratio=f"{ratio:.2f}",
        bound=" and ".join(bounds) or "–",
        is_held=at_least <= middle <= at_most and ratio_at_least <= ratio <= ratio_at_most
        if bounds else None,
    )  # fmt: skip


def bounded(
    name: str, ours: Sequence[float], *, unit: str,
    at_most: float = math.inf, at_least: float = -math.inf,
) -> Figure:  # fmt: skip
    """Return a row of a median with nothing beside it, held to one bound."""
    bound = f"≤ {at_most:,g} {unit}" if at_most < math.inf else f"≥ {at_least:,g} {unit}"
    return Figure(name, spread(ours, unit), bound, at_least <= median(ours) <= at_most)


def spread(values: Sequence[float], unit: str) -> str:
    """Return the median, and between which values it lies where there are several."""
    middle = f"{number(median(values))} {unit}"
    if len(values) < 2:
        return middle
    return f"{middle} ({number(min(values))}–{number(max(values))})"


def number(value: float) -> str:
    """Return three significant digits, and never an exponent."""
    if not value:
        return "0"
    value = value if abs(value) >= 1_000 else float(f"{value:.3g}")
    digits = max(0, 2 - math.floor(math.log10(abs(value))))
    return f"{value:,.{digits}f}"


def percentile(values: Iterable[float], part: float) -> float:
    """Return the value below which ``part`` of all lie (nearest rank)."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, math.ceil(part * len(ordered)) - 1)]


def table(figures: Iterable[Figure]) -> str:
    """Return all rows, and below them where they come from."""
    rows = [f"| {' | '.join(HEAD)} |", "|---|---|---|---|---|---|"]
    return "\n".join([*rows, *(figure.row() for figure in figures), "", machine()])


def machine() -> str:
    """Return a line that names the machine, its load and the versions that were run."""
    info = Path("/proc/cpuinfo").read_text().splitlines()
    model = next((line.partition(": ")[2] for line in info if line.startswith("model name")), "?")
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    used = ("starlette", "uvicorn", "uvloop", "websockets", "aiosqlite", "asyncpg")
    return (
        f"{datetime.now(UTC):%Y-%m-%d}, {os.cpu_count()} cores of {model.strip()},"
        f" {memory:.0f} GiB, Linux {platform.release()}, Python {platform.python_version()},"
        f" {', '.join(f'{name} {version(name)}' for name in used)};"
        f" load average at the end {os.getloadavg()[0]:.2f}. Medians, with the range of the runs."
    )
