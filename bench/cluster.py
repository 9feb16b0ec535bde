"""Two nodes on PostgreSQL and Valkey: what it costs a delivery to cross from one to the other.

Both nodes run on the server's core, the engines on the client's. What is timed is from sending
a post to its event, commit included, on the node that was asked and on the other.
"""

from typing import NamedTuple

from bench.figures import Figure, compared, percentile, spread
from bench.load import Load
from bench.options import Options
from bench.posts import Poster, keep_pace
from bench.servers import Server, curbside
from bench.wire import Lost, Watched
from tests.engines import postgresql, valkey

ROOM = "cardiology"
WATCHING = 25  # members on each node
RATE = 500.0  # posts a second
SECONDS = 10.0
WARM = 1.0  # seconds


class Crossing(NamedTuple):
    """The p99 of a delivery within a node and across, milliseconds, and what was used meanwhile."""

    within: float
    across: float
    cpu: float
    """Seconds of both nodes a second."""


def figures(options: Options) -> list[Figure]:
    """Return the rows of both nodes."""
    runs = []
    for _ in range(options.runs):
        with postgresql() as database, valkey() as redis, options.directory() as path:
            server = curbside(
                path / "curbside", 2 * WATCHING + 1, [ROOM],
                DATABASE_URL=f"{database.url}/postgres", REDIS_URL=redis.url,
            )  # fmt: skip
            runs.append(_run(server, options))
    return [
        compared(
            f"p99 of a delivery across nodes, {RATE:g}/s", [run.across for run in runs],
            [run.within for run in runs], unit="ms", ratio_at_most=2.0, other="that within",
        ),
        Figure("… CPU of both nodes", spread([run.cpu for run in runs], "s a second")),
    ]  # fmt: skip


def _run(server: Server, options: Options) -> Crossing:
    with server.running() as here, server.running() as there, Load(here.port) as load:
        author, *others = server.tokens
        near = load.open(others[:WATCHING], Watched)
        far = load.open(others[WATCHING:], Watched, there.port)
        load.enter([*near, *far], ROOM)
        poster = Poster(load.open([author], Watched)[0], ROOM)
        keep_pace(load, [poster], rate=RATE, seconds=options.seconds(WARM))
        _heard(load, poster, [*near, *far])
        before = here.cpu() + there.cpu()
        posts = keep_pace(load, [poster], rate=RATE, seconds=options.seconds(SECONDS))
        within, across = (_heard(load, poster, members, posts) for members in (near, far))
        cpu = (here.cpu() + there.cpu() - before) / (posts / RATE)
        return Crossing(percentile(within, 0.99) * 1e3, percentile(across, 0.99) * 1e3, cpu)


def _heard(load: Load, poster: Poster, members: list[Watched], posts: int = 0) -> list[float]:
    """Return the seconds of each delivery, once all have come. Raises Lost where one does not."""
    load.rest(0.5)
    delays = [delay for member in members for delay in poster.delays(member)]
    if posts and len(delays) != posts * len(members):
        raise Lost(f"{len(delays)} deliveries of {posts * len(members)}")
    return delays
