"""Durable posts: how many a second, and how long one waits, when each answer means fsync.

Nobody is seated in the room. The bare commit beside the single post is of the same row, copied from
Curbside's own table into an equal one on the same disk, with WAL and synchronous=FULL. PostgreSQL runs
with the settings that it comes with, on the client's core.
"""

import asyncio
import sqlite3
import time
from contextlib import closing
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

import asyncpg

from bench.figures import Figure, bounded, compared, percentile, spread
from bench.load import Load
from bench.options import Options
from bench.posts import IN_FLIGHT, Poster, press
from bench.servers import Server, curbside, loop
from bench.wire import Lost, Watched
from tests.engines import postgresql

OUTSTANDING = 256  # posts
POSTERS = OUTSTANDING // IN_FLIGHT
SECONDS = 5.0
SINGLES = 300  # posts, and as many bare commits
BLOCKS = 3  # of posts and of commits, alternating: the disk's mood changes
ROOM = "cardiology"
COUNT = "SELECT count(*) FROM messages"


def figures(options: Options) -> list[Figure]:
    """Return the rows of many outstanding and of one."""
    rates: dict[str, list[float]] = {}
    single: list[float] = []
    bare: list[float] = []
    slow: list[float] = []
    on_postgresql: list[float] = []
    with options.directory() as path:
        servers = loop(path / "loop", POSTERS), curbside(path / "curbside", POSTERS, [ROOM])
        for _ in range(options.runs):
            for server in servers:
                rates.setdefault(server.name, []).append(rate(server, options))
            on_postgresql.append(_rate_on_postgresql(path, options))
            waits, commits = _singles(servers[1], path / "bare.db", options)
            single.append(median(waits) * 1e3)
            slow.append(percentile(waits, 0.99) * 1e3)
            bare.append(median(commits) * 1e3)
    return [
        compared(
            f"durable posts, {OUTSTANDING} outstanding", rates["curbside"], rates["loop"],
            unit="/s", at_least=5_000,
        ),
        bounded(
            f"durable posts on PostgreSQL, {OUTSTANDING} outstanding", on_postgresql,
            unit="/s", at_least=5_000,
        ),
        compared(
            "answer to 1 outstanding, beside a bare commit", single, bare,
            unit="ms", ratio_at_most=2.0, other="the commit",
        ),
        Figure("… its p99", spread(slow, "ms")),
    ]  # fmt: skip


def _rate_on_postgresql(path: Path, options: Options) -> float:
    with postgresql() as engine, TemporaryDirectory(dir=path) as folder:
        url = f"{engine.url}/postgres"
        return rate(curbside(Path(folder) / "data", POSTERS, [ROOM], DATABASE_URL=url), options)


def rate(server: Server, options: Options) -> float:
    """Return how many posts a second were answered; each is then looked for in the database."""
    with server.running() as running, Load(running.port) as load:
        posters = [Poster(each, ROOM) for each in load.open(server.tokens, server.kinds.watched)]
        before = stored(server)
        warm = press(load, posters, IN_FLIGHT, seconds=0.5)
        start = time.perf_counter()
        posts = press(load, posters, IN_FLIGHT, seconds=options.seconds(SECONDS))
        took = time.perf_counter() - start
        if (found := stored(server) - before) != warm + posts:
            raise Lost(f"{found} messages stored of {warm + posts} answered")
    return posts / took


def _singles(server: Server, beside: Path, options: Options) -> tuple[list[float], list[float]]:
    """Return the seconds of each answer and of each bare commit."""
    waits, commits = [], []
    count = options.size(SINGLES)
    with server.running() as running, Load(running.port) as load:
        poster = Poster(load.open(server.tokens[:1], Watched)[0], ROOM)
        press(load, [poster], 1, seconds=options.seconds(2.0), most=count)
        for _ in range(BLOCKS):
            poster.waits.clear()
            press(load, [poster], 1, seconds=30.0, most=count // BLOCKS, nap=0.0)
            waits += poster.waits
            commits += _bare_commits(server.database, beside, count // BLOCKS)
    return waits, commits


def _bare_commits(source: Path, beside: Path, count: int) -> list[float]:
    """Copy the newest message into an equal table as often as asked; return the seconds of each."""
    with closing(sqlite3.connect(f"file:{source}?mode=ro", uri=True)) as database:
        [schema] = database.execute("SELECT sql FROM sqlite_master WHERE name = 'messages'")
        newest = database.execute("SELECT * FROM messages ORDER BY seq DESC LIMIT 1")
        row = dict(
            zip([column[0] for column in newest.description], newest.fetchone(), strict=True)
        )
    beside.unlink(missing_ok=True)
    taken = []
    with closing(sqlite3.connect(beside, isolation_level=None)) as database:
        database.execute("PRAGMA journal_mode = WAL")
        database.execute("PRAGMA synchronous = FULL")
        database.execute(schema[0])
        insert = f"INSERT INTO messages VALUES ({', '.join('?' * len(row))})"
        for index in range(count + 10):
            row |= {"seq": index, "id": f"{row['id'][:-8]}{index:08}"}
            start = time.perf_counter()
            database.execute("BEGIN IMMEDIATE")
            database.execute(insert, tuple(row.values()))
            database.execute("COMMIT")
            taken.append(time.perf_counter() - start)
    return taken[10:]  # the first ones grow the file


def stored(server: Server) -> int:
    """Return how many messages its database holds, as any other program would see them."""
    if url := server.environment.get("DATABASE_URL"):
        return asyncio.run(_stored_in_postgresql(url))
    with closing(sqlite3.connect(f"file:{server.database}?mode=ro", uri=True)) as database:
        [[count]] = database.execute(COUNT)
        return int(count)


async def _stored_in_postgresql(url: str) -> int:
    connection = await asyncpg.connect(url)
    try:
        return int(await connection.fetchval(COUNT))
    finally:
        await connection.close()
