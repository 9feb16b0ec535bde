"""Columns: a delivery's CPU, an idle connection's memory, durable posts, for us and for each peer.

Each figure is measured by the bench that measures it for Curbside alone, with the same client. Within
a run all servers follow one another, figure by figure, each on a fresh process.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

from bench import durable, fanout, idle
from bench.figures import Figure, compared
from bench.load import Load
from bench.options import Options
from bench.peers import servers
from bench.servers import Server, curbside, loop

SOCKET_IO_SHARE = 0.25  # of socket.io's CPU for a delivery; issue 3, "Figures"


class Column(NamedTuple):
    """One figure, and how it is taken of a server."""

    name: str
    unit: str
    take: Callable[[Server, Options], float]
    more_is_better: bool = False


def figures(options: Options) -> list[Figure]:
    """Return a row for each figure and peer. Ours must be the first in every column."""
    servers.install()
    columns = _columns(options)
    taken: dict[tuple[str, str], list[float]] = {}
    with options.directory() as path:
        measured = _servers(path, options)
        for _ in range(options.runs):
            for column in columns:
                for server in measured:
                    value = column.take(server, options)
                    taken.setdefault((column.name, server.name), []).append(value)
    return [
        _row(column, taken[column.name, "curbside"], taken[column.name, peer.name], peer.name)
        for column in columns
        for peer in measured[1:]
    ]


def _columns(options: Options) -> list[Column]:
    outstanding, members = fanout.OUTSTANDING, options.size(fanout.MEMBERS)
    connections = options.size(idle.CONNECTIONS)
    return [
        Column(f"CPU a delivery, {outstanding} outstanding, {members:,} members", "µs", _fan_out),
        Column(f"memory of an idle connection, at {connections:,}", "KiB", _idle),
        Column(f"durable posts, {durable.OUTSTANDING} outstanding", "/s", _durable, True),
    ]


def _servers(path: Path, options: Options) -> list[Server]:
    people = options.size(fanout.MEMBERS)
    return [
        curbside(path / "curbside", people, [fanout.ROOM]),
        servers.socket_io(path / "socket.io", people),
        servers.python_socketio(path / "python-socketio", people),
        servers.websockets(path / "websockets", people),
        loop(path / "loop", people),
    ]


def _fan_out(server: Server, options: Options) -> float:
    """Return microseconds. socket.io keeps nothing meanwhile: that favours it."""
    server = _set(server, "socket.io", BENCH_DATABASE="")
    with server.running() as running, Load(running.port) as load:
        poster, watched = fanout.seat(load, server.kinds, {running.port: server.tokens})
        seating = fanout.Seating(load, running.cpu, poster, watched)
        fanout.warm(seating, options)
        return fanout.pressed(seating, options).server


def _idle(server: Server, options: Options) -> float:
    """Return KiB. socket.io is made to drop its garbage, which counts as its own until it does."""
    return idle.cost(_set(server, "socket.io", NODE_OPTIONS="--expose-gc"), options).connected


def _durable(server: Server, options: Options) -> float:
    return durable.rate(replace(server, tokens=server.tokens[: durable.POSTERS]), options)


def _set(server: Server, name: str, **settings: str) -> Server:
    """Return the server with settings, if it is the one of that name."""
    if server.name != name:
        return server
    return replace(server, environment={**server.environment, **settings})


def _row(column: Column, ours: Sequence[float], theirs: Sequence[float], peer: str) -> Figure:
    share = SOCKET_IO_SHARE if peer == "socket.io" and column.unit == "µs" else 1.0
    other = "the loop" if peer == "loop" else peer
    return compared(
        f"{column.name}, beside {other}", ours, theirs, unit=column.unit, other=other,
        ratio_at_least=1.0 if column.more_is_better else -math.inf,
        ratio_at_most=math.inf if column.more_is_better else share,
    )  # fmt: skip
