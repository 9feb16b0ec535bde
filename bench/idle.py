"""Idle connections: what one keeps of the server's memory, at 10,000 of them.

The difference in proportional set size between a few connections, which warm the code, and all of
them, by their number. The kernel's socket buffers are not in it: they are the same for both.
"""

import math
from typing import NamedTuple

from bench.figures import Figure, compared
from bench.load import Load
from bench.options import Options
from bench.servers import Running, Server, curbside, loop

CONNECTIONS = 10_000
PEOPLE = 1_000  # ten connections each
WARM = 200  # connections
SETTLE = 3.0  # seconds, for what the last handshakes leave behind
ROOM = "cardiology"
LIMIT = 4.0  # KiB


class Cost(NamedTuple):
    """KiB a connection: open, and in a room besides; milliseconds of CPU to open one."""

    connected: float
    seated: float
    opening: float


def figures(options: Options) -> list[Figure]:
    """Return the rows of an open connection, of one in a room, and of opening one."""
    people = options.size(PEOPLE)
    costs: dict[str, list[Cost]] = {}
    with options.directory() as path:
        servers = loop(path / "loop", people), curbside(path / "curbside", people, [ROOM])
        for _ in range(options.runs):
            for server in servers:
                costs.setdefault(server.name, []).append(cost(server, options))
    at = f"at {options.size(CONNECTIONS):,}"
    return [
        _row(f"memory of an idle connection, {at}", costs, 0, "KiB", LIMIT),
        _row(f"… that is in a room, {at}", costs, 1, "KiB", LIMIT),
        _row("CPU to open a connection", costs, 2, "ms"),
    ]


def _row(
    name: str, costs: dict[str, list[Cost]], place: int, unit: str, limit: float = math.inf
) -> Figure:
    ours, theirs = ([cost[place] for cost in costs[who]] for who in ("curbside", "loop"))
    return compared(name, ours, theirs, unit=unit, at_most=limit)


def cost(server: Server, options: Options) -> Cost:
    """Return what each of CONNECTIONS costs, which all have come by turns from its people."""
    connections = options.size(CONNECTIONS)
    warm = options.size(WARM)
    tokens = [server.tokens[n % len(server.tokens)] for n in range(connections)]
    with server.running() as running, Load(running.port, sweep=0.01) as load:
        members = load.open(tokens[:warm], server.kinds.member)
        few, cpu = _settled(load, running), running.cpu()
        members += load.open(tokens[warm:], server.kinds.member)
        opening = running.cpu() - cpu
        many = _settled(load, running)
        load.enter(members, ROOM)
        seated = _settled(load, running)
    more = connections - warm
    connected = (many - few) / more
    return Cost(connected, connected + (seated - many) / connections, opening / more * 1e3)


def _settled(load: Load, running: Running) -> float:
    load.rest(SETTLE)
    return running.memory()
