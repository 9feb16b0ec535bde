"""Options: how large and how often. Every bench reads these and nothing else."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

QUICK = 20  # guessed: by how much --quick shrinks every size


@dataclass(frozen=True)
class Options:
    """``quick`` shows that the mechanics work; its numbers mean nothing."""

    runs: int = 5
    quick: bool = False
    data: Path | None = None
    """Where databases go, None for the system's temporary directory. It must be a real disk."""

    def size(self, full: int) -> int:
        """Return a count of members, messages or connections."""
        return full // QUICK if self.quick else full

    def seconds(self, full: float) -> float:
        """Return how long to measure, in seconds."""
        return min(full, 1.0) if self.quick else full

    @contextmanager
    def directory(self) -> Iterator[Path]:
        """Make a directory for one bench, and remove it with all that was written."""
        with TemporaryDirectory(prefix="curbside-bench-", dir=self.data) as name:
            yield Path(name)
