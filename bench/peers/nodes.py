"""Two nodes and a Valkey between them: what a delivery costs, beside socket.io with its Redis adapter.

Half of the members on each node, one author. Both nodes run on the server's core, the engines on the
client's. Curbside commits each message in PostgreSQL before it shows it; socket.io keeps nothing.
"""

import asyncio
from collections.abc import Sequence
from typing import NamedTuple

import asyncpg
import redis

from bench import fanout
from bench.figures import Figure, compared, spread
from bench.load import Load
from bench.options import Options
from bench.peers import servers
from bench.servers import Running, Server, curbside
from tests.engines import postgresql, valkey

BOUND = 0.5  # of socket.io's CPU; issue 3, "Figures"
PATIENCE = 5.0  # seconds for an engine to say what it used


class Shared(NamedTuple):
    """Microseconds of CPU a delivery: of both nodes, of the client and of the engines; and the rate."""

    nodes: float
    client: float
    valkey: float
    postgresql: float
    rate: float  # deliveries a second


def figures(options: Options) -> list[Figure]:
    """Return the rows of both pairs of nodes."""
    servers.install()
    members = options.size(fanout.MEMBERS)
    ours, theirs = [], []
    with postgresql() as engine, valkey() as bus, options.directory() as path:
        url = f"{engine.url}/postgres"
        curbsides = curbside(
            path / "curbside", members, [fanout.ROOM], DATABASE_URL=url, REDIS_URL=bus.url
        )
        settings = {"REDIS_URL": bus.url, "BENCH_DATABASE": ""}
        peers = servers.socket_io(path / "socket.io", members, **settings)
        for _ in range(options.runs):
            theirs.append(_run(peers, bus.url, None, options))
            ours.append(_run(curbsides, bus.url, url, options))
    name = f"CPU a delivery over two nodes, {fanout.OUTSTANDING} outstanding, {members:,} members"
    return _rows(name, ours, theirs)


def _rows(name: str, ours: Sequence[Shared], theirs: Sequence[Shared]) -> list[Figure]:
    def pair(place: int) -> list[list[float]]:
        return [[run[place] for run in runs] for runs in (ours, theirs)]

    return [
        compared(
            f"{name}, beside socket.io and its Redis adapter", *pair(0), unit="µs",
            ratio_at_most=BOUND, other="socket.io",
        ),
        compared("… of the load client", *pair(1), unit="µs", other="socket.io"),
        compared("… of Valkey", *pair(2), unit="µs", other="socket.io"),
        Figure("… of PostgreSQL", spread(pair(3)[0], "µs")),
        compared("… deliveries a second", *pair(4), unit="/s", other="socket.io"),
    ]  # fmt: skip


def _run(server: Server, bus: str, database: str | None, options: Options) -> Shared:
    half = len(server.tokens) // 2
    with server.running() as here, server.running() as there, Load(here.port) as load:
        tokens = {here.port: server.tokens[:half], there.port: server.tokens[half:]}
        poster, watched = fanout.seat(load, server.kinds, tokens)
        seating = fanout.Seating(load, lambda: here.cpu() + there.cpu(), poster, watched)
        fanout.warm(seating, options)
        before = _used(bus, database)
        span = fanout.pressed(seating, options)
        valkeys, postgresqls = (
            (after - used) / span.deliveries * 1e6
            for after, used in zip(_used(bus, database), before, strict=True)
        )
    return Shared(span.server, span.client, valkeys, postgresqls, span.rate)


def _used(bus: str, database: str | None) -> tuple[float, float]:
    """Return the seconds of CPU that Valkey and PostgreSQL have used so far."""
    with redis.Redis.from_url(bus, socket_timeout=PATIENCE) as client:
        info = client.info("cpu")
    valkeys = info["used_cpu_user"] + info["used_cpu_sys"]
    return valkeys, asyncio.run(_used_by_postgresql(database)) if database else 0.0


async def _used_by_postgresql(url: str) -> float:
    """Return the seconds of all its processes that serve a connection or the whole."""
    connection = await asyncpg.connect(url)
    try:
        rows = await connection.fetch(
            "SELECT pid FROM pg_stat_activity WHERE pid <> pg_backend_pid()"
        )
    finally:
        await connection.close()
    return sum(Running(0, row["pid"]).cpu() for row in rows)
