"""Answers at a pace: how long a post waits for its commit at 1,000 a second, whatever is outstanding.

Many authors in several rooms, by turns; nobody is seated. A wait counts from when the post was due, and
each post is looked for in the database. PostgreSQL runs on the client's core, with the settings it
comes with.
"""

from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import NamedTuple

from bench.durable import stored
from bench.figures import Figure, bounded, percentile, spread
from bench.load import Load
from bench.options import Options
from bench.posts import Poster, keep_pace
from bench.servers import Server, curbside
from bench.wire import Lost, Watched
from tests.engines import postgresql

RATE = 1_000.0  # posts a second
SECONDS, WARM = 10.0, 2.0
AUTHORS = 40
ROOMS = [f"cardiology-{number}" for number in range(1, 9)]
LIMIT = 50.0  # milliseconds


class Waits(NamedTuple):
    """Milliseconds."""

    p50: float
    p99: float


def figures(options: Options) -> list[Figure]:
    """Return the rows of SQLite and of PostgreSQL."""
    on_sqlite, on_postgresql = [], []
    with options.directory() as path:
        server = curbside(path / "curbside", AUTHORS, ROOMS)
        for _ in range(options.runs):
            on_sqlite.append(_run(server, options))
            on_postgresql.append(_run_on_postgresql(path, options))
    return [*_rows("", on_sqlite), *_rows(" on PostgreSQL", on_postgresql)]


def _rows(where: str, runs: list[Waits]) -> list[Figure]:
    name = f"p99 of an answer{where}, {RATE:,g} posts/s"
    return [
        bounded(name, [run.p99 for run in runs], unit="ms", at_most=LIMIT),
        Figure("… its median", spread([run.p50 for run in runs], "ms")),
    ]


def _run_on_postgresql(path: Path, options: Options) -> Waits:
    with postgresql() as engine, TemporaryDirectory(dir=path) as folder:
        url = f"{engine.url}/postgres"
        return _run(curbside(Path(folder) / "data", AUTHORS, ROOMS, DATABASE_URL=url), options)


def _run(server: Server, options: Options) -> Waits:
    with server.running() as running, Load(running.port) as load:
        authors = load.open(server.tokens, Watched)
        posters = [
            Poster(author, ROOMS[index % len(ROOMS)]) for index, author in enumerate(authors)
        ]
        before = stored(server)
        warm = keep_pace(load, posters, rate=RATE, seconds=options.seconds(WARM))
        for poster in posters:
            poster.waits.clear()
        posts = keep_pace(load, posters, rate=RATE, seconds=options.seconds(SECONDS))
        waits = [wait * 1e3 for poster in posters for wait in poster.waits]
        found = stored(server) - before
        if found != warm + posts or len(waits) != posts:
            raise Lost(f"{found} messages stored and {len(waits)} answered of {warm} + {posts}")
    return Waits(median(waits), percentile(waits, 0.99))
