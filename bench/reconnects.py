"""Reconnects: two thousand sockets are cut at once, and all come back, again and again.

Each opens a socket anew and resumes the room from its position, MISSED events behind. The time is from
the first handshake to the last event; a server that lost one of them gives no figure.
"""

import time

from bench.figures import Figure, bounded
from bench.load import Load
from bench.options import Options
from bench.posts import IN_FLIGHT, Poster, press
from bench.servers import Running, Server, curbside
from bench.wire import Member, Watched

CLIENTS = 2_000
MISSED = 50  # events
ROOM = "cardiology"
LIMIT = 30.0  # seconds


def figures(options: Options) -> list[Figure]:
    """Return the seconds of a storm, and of the server's CPU; each run is one more of them."""
    with options.directory() as path:
        server = curbside(path / "curbside", options.size(CLIENTS), [ROOM])
        with server.running() as running:
            storms = [_storm(server, running) for _ in range(options.runs)]
    walls, cpus = zip(*storms, strict=True)
    name = f"{CLIENTS:,} cut at once come back, {MISSED} events behind"
    return [
        bounded(name, walls, unit="s", at_most=LIMIT),
        bounded("… CPU of the server", cpus, unit="s", at_most=LIMIT),
    ]


def _storm(server: Server, running: Running) -> tuple[float, float]:
    """Cut everybody off, say something, and have all come back for it."""
    with Load(running.port) as load:
        load.enter(load.open(server.tokens, Member), ROOM)
        [author] = load.open(server.tokens[:1], Watched)
        entered = load.call(author, "room.enter", room=ROOM, messages=0, signals=False)
    with Load(running.port) as load:
        press(
            load, [Poster(load.open(server.tokens[:1], Watched)[0], ROOM)], IN_FLIGHT,
            seconds=60.0, most=MISSED,
        )  # fmt: skip
    cpu, start = running.cpu(), time.perf_counter()
    with Load(running.port, sweep=0.005) as load:
        members = load.open(server.tokens, Member)
        for member in members:
            member.events = member.others = 0
            member.ask(1, "room.enter", room=ROOM, epoch=entered["epoch"], seq=entered["head"])
            load.turn(0)
        # An answer and the events: the answer may be long enough to count as one.
        load.until(lambda: all(each.events + each.others > MISSED for each in members))
        return time.perf_counter() - start, running.cpu() - cpu
