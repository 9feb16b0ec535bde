"""Clocks: the wall clock of a server, moved while it runs. What measures durations is left alone."""

from pathlib import Path

from bin.machine import find_clock


class Clock:
    """A clock that servers are started with, right until it is moved."""

    def __init__(self, folder: Path) -> None:
        self._file = folder / "clock"
        self.move("+0")

    @property
    def settings(self) -> dict[str, str]:
        """Return what a server that goes by it has in its environment."""
        return {
            "LD_PRELOAD": find_clock() or "",
            "FAKETIME_TIMESTAMP_FILE": str(self._file),
            "FAKETIME_NO_CACHE": "1",
            "FAKETIME_DONT_FAKE_MONOTONIC": "1",
            "FAKETIME_FORCE_MONOTONIC_FIX": "0",  # by which threads would wait for the GIL too long
        }

    def move(self, by: str) -> None:
        """Have it differ from the right time: by ``-1h``, say, or ``+1d``."""
        new = self._file.with_suffix(".new")
        new.write_text(f"{by}\n")
        new.replace(self._file)  # in one piece, for whoever reads it meanwhile
