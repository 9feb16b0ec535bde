"""A hot room: a thousand are in it and fifty posts a second; how long posts of another room wait.

The same server and the same posts of the other room, with nothing said in the hot one and then with all
of it, by turns. A wait counts from when the post was due.
"""

from collections.abc import Sequence

from bench.figures import Figure, compared, percentile
from bench.load import Load
from bench.options import Options
from bench.posts import Poster, keep_pace
from bench.servers import curbside
from bench.wire import Lost, Member, Watched

MEMBERS = 1_000
HOT, OTHER = "emergency", "cardiology"
HOT_RATE, OTHER_RATE = 50.0, 100.0  # posts a second
SECONDS, WARM = 10.0, 2.0
LIMIT = 2.0  # of the p99 without; a hot room may not double what others wait


def figures(options: Options) -> list[Figure]:
    """Return one row: the p99 in the other room beside the hot one, and without it."""
    beside, without = [], []
    with options.directory() as path:
        server = curbside(path / "curbside", options.size(MEMBERS), [HOT, OTHER])
        with server.running() as running, Load(running.port) as load:
            members = load.open(server.tokens, Member)
            load.enter(members, HOT)
            hot, other = (
                Poster(load.open(server.tokens[:1], Watched)[0], room) for room in (HOT, OTHER)
            )
            keep_pace(load, [other, other, hot], rate=HOT_RATE + OTHER_RATE, seconds=WARM)
            for _ in range(options.runs):
                seconds = options.seconds(SECONDS)
                without.append(_p99(load, [other], other, OTHER_RATE, seconds))
                heard = load.events
                beside.append(
                    _p99(load, [other, other, hot], other, HOT_RATE + OTHER_RATE, seconds)
                )
                _look(load, heard, len(members) * int(HOT_RATE * seconds))
    name = f"p99 of an answer beside a room of {MEMBERS:,} with {HOT_RATE:g} posts/s"
    row = compared(name, beside, without, unit="ms", ratio_at_most=LIMIT, other="that without")
    return [row]


def _p99(
    load: Load, posters: Sequence[Poster], other: Poster, rate: float, seconds: float
) -> float:
    """Return the 99th percentile of what posts of the other room wait, in milliseconds."""
    other.waits.clear()
    keep_pace(load, posters, rate=rate, seconds=seconds)
    return percentile(other.waits, 0.99) * 1e3


def _look(load: Load, before: int, deliveries: int) -> None:
    """Refuse a run in which the hot room's members did not hear all of it."""
    load.rest(1.0)
    if load.events - before < deliveries:
        raise Lost(f"{load.events - before} of {deliveries} deliveries came")
