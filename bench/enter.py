"""Entering: what ``room.enter`` with its snapshot takes, and that the room's size is nothing to it.

Round trips on an otherwise idle server, by one who wrote nothing there: more than the server's own
time, never less. Small and large rooms alternate within each run.
"""

import time
from statistics import median

from bench.figures import Figure, compared, percentile, spread
from bench.load import Load
from bench.options import Options
from bench.posts import IN_FLIGHT, Poster, press
from bench.servers import Running, Server, curbside
from bench.wire import Lost, Watched

LARGE, SMALL = 100_000, 1_000  # messages
POSTERS = 8
ENTERS = 100  # of each room in a run
LIMIT = 10.0  # milliseconds
FLAT = 1.25  # guessed: the ratio that noise alone may make
FILLING = 300.0  # seconds at most
ROOMS = ("large", "small")


def figures(options: Options) -> list[Figure]:
    """Return the rows of both sizes."""
    sizes = [options.size(size) for size in (LARGE, SMALL)]
    waits: dict[str, list[float]] = {"large": [], "small": []}
    costs: dict[str, list[float]] = {"large": [], "small": []}
    slow, first = [], []
    with options.directory() as path:
        server = curbside(path / "curbside", POSTERS + 1, ROOMS)
        _fill(server, sizes)
        for _ in range(options.runs):
            with server.running() as running, Load(running.port) as load:
                [reader] = load.open(server.tokens[-1:], Watched)
                first.append(_enter(load, reader, "large") * 1e3)
                for room in ROOMS:
                    _enters(running, load, reader, room, 10)
                for room in ROOMS:
                    taken, cpu = _enters(running, load, reader, room, ENTERS)
                    waits[room].append(median(taken) * 1e3)
                    costs[room].append(cpu * 1e3)
                    if room == "large":
                        slow.append(percentile(taken, 0.99) * 1e3)
    large, small = (f"{size:,}" for size in sizes)
    return [
        compared(f"room.enter, {large} messages", waits["large"], waits["small"],
                 unit="ms", at_most=LIMIT, ratio_at_most=FLAT, other=f"that at {small}"),
        compared("… CPU of the server, leaving included", costs["large"], costs["small"],
                 unit="ms", other=f"that at {small}"),
        Figure("… its p99", spread(slow, "ms")),
        Figure("… the first after a start", spread(first, "ms")),
    ]  # fmt: skip


def _fill(server: Server, sizes: list[int]) -> None:
    with server.running() as running, Load(running.port) as load:
        members = load.open(server.tokens[:POSTERS], Watched)
        for room, size in zip(ROOMS, sizes, strict=True):
            posters = [Poster(member, room) for member in members]
            if press(load, posters, IN_FLIGHT, seconds=FILLING, most=size) < size:
                raise Lost(f"{size} messages took more than {FILLING:g} s")


def _enters(
    running: Running, load: Load, reader: Watched, room: str, count: int
) -> tuple[list[float], float]:
    """Return the seconds of each entering, and of the server's CPU for one."""
    cpu = running.cpu()
    taken = [_enter(load, reader, room) for _ in range(count)]
    return taken, (running.cpu() - cpu) / count


def _enter(load: Load, reader: Watched, room: str) -> float:
    """Enter as the web client does, leave again; return the seconds until the answer."""
    start = time.perf_counter()
    entered = load.call(reader, "room.enter", room=room)
    taken = time.perf_counter() - start
    if len(entered["snapshot"]["messages"]) != 50:
        raise Lost(f"{len(entered['snapshot']['messages'])} messages in the snapshot, not 50")
    load.call(reader, "room.leave", room=room)
    return taken
