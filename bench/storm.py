"""A storm: everybody comes back at once, each 200 events behind, with the sockets already open.

Once on a server that has just started, which reads from SQL, and once on one that was there when the
events happened. Every member must get every event; those of some are looked at one by one.
"""

import time
from collections.abc import Sequence
from typing import NamedTuple

from bench.figures import Figure, compared
from bench.load import Load
from bench.options import Options
from bench.posts import IN_FLIGHT, Poster, press
from bench.servers import Running, Server, curbside, loop
from bench.wire import Lost, Member, Watched

CLIENTS = 1_000
BEHIND = 200  # events
WATCHED = 10  # clients whose events are looked at
LIMIT = 2.0  # seconds
ROOM = "cardiology"


class Storm(NamedTuple):
    """Seconds from the first ``room.enter`` to the last event, and of the server's CPU."""

    wall: float
    cpu: float


def figures(options: Options) -> list[Figure]:
    """Return the rows of both storms."""
    clients = options.size(CLIENTS)
    storms: dict[str, list[tuple[Storm, Storm]]] = {}
    with options.directory() as path:
        servers = loop(path / "loop", clients), curbside(path / "curbside", clients, [ROOM])
        for server in servers:
            with server.running() as running, Load(running.port) as load:
                _post(load, load.open(server.tokens[:1], Watched)[0])
        for _ in range(options.runs):
            for server in servers:
                storms.setdefault(server.name, []).append(_run(server))
    rows = []
    for place, name in ((1, "storm"), (0, "storm after a restart")):
        walls, cpus = (
            [[storm[place][part] for storm in storms[who]] for who in ("curbside", "loop")]
            for part in (0, 1)
        )
        title = f"{name}, {clients:,} clients {BEHIND} events behind"
        rows += [
            compared(title, *walls, unit="s", at_most=LIMIT),
            compared("… CPU of the server", *cpus, unit="s"),
        ]
    return rows


def _run(server: Server) -> tuple[Storm, Storm]:
    with server.running() as running, Load(running.port, sweep=0.005) as load:
        watched = load.open(server.tokens[:WATCHED], Watched)
        members = [*watched, *load.open(server.tokens[WATCHED:], Member)]
        [author] = load.open(server.tokens[:1], Watched)
        cold = _storm(running, load, members, _position(load, author))
        for member in members:
            member.ask(0, "room.leave", room=ROOM)
        load.rest(1.0)
        _post(load, author)
        return cold, _storm(running, load, members, _position(load, author))


def _position(load: Load, member: Watched) -> tuple[str, int]:
    """Return the room's epoch and the number that lies BEHIND events back."""
    entered = load.call(member, "room.enter", room=ROOM, messages=0, signals=False)
    load.call(member, "room.leave", room=ROOM)
    return entered["epoch"], entered["head"] - BEHIND


def _post(load: Load, author: Watched) -> None:
    press(load, [Poster(author, ROOM)], IN_FLIGHT, seconds=60.0, most=BEHIND)


def _storm(
    running: Running, load: Load, members: Sequence[Member], position: tuple[str, int]
) -> Storm:
    epoch, seq = position
    for member in members:
        member.events = member.others = 0
        if isinstance(member, Watched):
            member.seen.clear()
    cpu, start = running.cpu(), time.perf_counter()
    for index, member in enumerate(members):
        member.ask(1, "room.enter", room=ROOM, epoch=epoch, seq=seq, signals=False)
        if index % 50 == 0:
            load.turn(0)
    # An answer and the events: the answer may be long enough to count as one.
    load.until(lambda: all(member.events + member.others > BEHIND for member in members))
    took, cpu = time.perf_counter() - start, running.cpu() - cpu
    _look(members, seq)
    return Storm(took, cpu)


def _look(members: Sequence[Member], seq: int) -> None:
    """Refuse a storm after which a watched client does not hold each event once, in order."""
    for member in members:
        if not isinstance(member, Watched):
            continue
        frames = [seen.frame for seen in member.seen]
        resumed = [frame["ok"]["resumed"] for frame in frames if frame.get("re") == 1]
        found = [frame["seq"] for frame in frames if "event" in frame]
        if resumed != [True] or found != list(range(seq + 1, seq + BEHIND + 1)):
            raise Lost(f"resumed {resumed}, with {len(found)} events of {BEHIND}")
