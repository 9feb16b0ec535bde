"""Paces: how many frames of one client are served, in one turn of the loop and in the long run."""

# In one turn: twice as many as there may be commands in flight, so that only a flood is cut. It takes
# some 0.2 ms of pings; all the pings that come in one read of 256 KiB would hold the loop for 90.
FRAMES_A_TURN = 64


class Pace:
    """Allows ``burst`` frames at once and ``per_second`` in the long run: a bucket in one float.

    The float is when the last frame would have been due, had all come evenly (the generic cell rate
    algorithm). Whoever counts keeps it, since there are 10,000 of them.
    """

    __slots__ = ("_each", "ahead")

    def __init__(self, burst: float, per_second: float) -> None:
        self._each = 1.0 / per_second
        self.ahead = burst / per_second
        """Seconds by which the float may be ahead of the clock."""

    def due(self, before: float, frames: int, now: float) -> float:
        """Return the float after ``frames`` more; ``before`` is what it was."""
        return (before if before > now else now) + frames * self._each
