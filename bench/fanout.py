"""Fan-out: what one delivery costs, under pressure and at a calm pace, and how long it takes.

Servers alternate, each run on a fresh process. CPU is all of the server's, the commits included,
by the events that really arrived; a run that loses one is no run.
"""

import time
from collections.abc import Callable, Mapping, Sequence
from statistics import median
from typing import NamedTuple

from bench.figures import Figure, compared, percentile
from bench.load import Load
from bench.options import Options
from bench.posts import Poster, keep_pace, press
from bench.servers import Server, curbside, loop
from bench.wire import Kinds, Lost, Member, Watched

MEMBERS = 1_000
OUTSTANDING = 8  # posts
RATE = 20.0  # posts a second
PRESSED, PACED, WARM = 6.0, 12.0, 1.0  # seconds
WATCHED = 25  # members whose deliveries are timed, evenly spread over the order of entering
ROOM = "cardiology"


class Span(NamedTuple):
    """One stretch of deliveries. CPU is in microseconds a delivery."""

    server: float
    client: float
    rate: float  # deliveries a second
    p99: float  # milliseconds
    deliveries: int


class Seating(NamedTuple):
    """A full room: who posts, and whose deliveries are timed."""

    load: Load
    cpu: Callable[[], float]  # of all that serves the room, in seconds
    poster: Poster
    watched: list[Watched]


def figures(options: Options) -> list[Figure]:
    """Return the rows of both paces."""
    members = options.size(MEMBERS)
    spans: dict[str, list[tuple[Span, Span]]] = {}
    with options.directory() as path:
        servers = loop(path / "loop", members), curbside(path / "curbside", members, [ROOM])
        for _ in range(options.runs):
            for server in servers:
                spans.setdefault(server.name, []).append(_run(server, options))
    ours, theirs = spans["curbside"], spans["loop"]
    rows = []
    for pace, bound, name in ((0, 0.15, f"{OUTSTANDING} outstanding"), (1, 0.65, f"{RATE:g}/s")):
        rows += _rows(f"{name}, {members:,} members", bound, *(
            [run[pace] for run in runs] for runs in (ours, theirs)
        ))  # fmt: skip
    slow = [[run[1].p99 for run in runs] for runs in (ours, theirs)]
    return [*rows, compared(f"p99 of a delivery, {RATE:g}/s", *slow, unit="ms", ratio_at_most=1.2)]


def _rows(name: str, bound: float, ours: list[Span], theirs: list[Span]) -> list[Figure]:
    servers = [[span.server for span in spans] for spans in (ours, theirs)]
    clients = [[span.client for span in spans] for spans in (ours, theirs)]
    rates = [median(span.rate for span in spans) for spans in (ours, theirs)]
    cheaper = all(median(c) < median(s) for c, s in zip(clients, servers, strict=True))
    return [
        compared(f"CPU a delivery, {name}", *servers, unit="µs", ratio_at_most=bound),
        Figure(
            "… of the load client", f"{median(clients[0]):.2f} µs", "below the server's", cheaper,
            loop=f"{median(clients[1]):.2f} µs",
        ),
        Figure("… deliveries a second", f"{rates[0]:,.0f}", loop=f"{rates[1]:,.0f}"),
    ]  # fmt: skip


def _run(server: Server, options: Options) -> tuple[Span, Span]:
    with server.running() as running, Load(running.port) as load:
        poster, watched = seat(load, server.kinds, {running.port: server.tokens})
        seating = Seating(load, running.cpu, poster, watched)
        warm(seating, options)
        return (
            pressed(seating, options),
            _measure(seating, options.seconds(PACED), rate=RATE),
        )


def seat(
    load: Load, kinds: Kinds, tokens: Mapping[int, Sequence[str]]
) -> tuple[Poster, list[Watched]]:
    """Seat everybody, by the port that each comes to; the first port's last member posts.

    The last of each port enter last. They hear of a post when all others have, and it is outstanding
    until they do.
    """
    members: list[Member] = []
    for port, coming in tokens.items():
        every = max(1, len(coming) // WATCHED)
        for start in range(0, len(coming) - 1, every):
            watched, *counted = coming[start : min(start + every, len(coming) - 1)]
            members += load.open([watched], kinds.watched, port)
            members += load.open(counted, kinds.member, port)
    watching = [member for member in members if isinstance(member, Watched)]
    last = [load.open(coming[-1:], kinds.watched, port)[0] for port, coming in tokens.items()]
    load.enter([*members, *last], ROOM)
    return Poster(last[0], ROOM, last), watching


def warm(seating: Seating, options: Options) -> None:
    """Have everything run once, unmeasured."""
    press(seating.load, [seating.poster], OUTSTANDING, seconds=options.seconds(WARM))
    seating.load.rest(0.5)


def pressed(seating: Seating, options: Options) -> Span:
    """Return a stretch with OUTSTANDING posts. Raises Lost where not all heard all."""
    return _measure(seating, options.seconds(PRESSED), rate=None)


def _measure(seating: Seating, seconds: float, *, rate: float | None) -> Span:
    load, cpu_now, poster, watched = seating
    for member in watched:
        member.seen.clear()
    events, cpu, own = load.events, cpu_now(), time.process_time()
    start = time.perf_counter()
    if rate is None:
        posts = press(load, [poster], OUTSTANDING, seconds=seconds)
    else:
        posts = keep_pace(load, [poster], rate=rate, seconds=seconds)
    due = posts * load.size
    load.until(lambda: load.events - events >= due)
    took, cpu, own = time.perf_counter() - start, cpu_now() - cpu, time.process_time() - own
    delays = [delay for member in watched for delay in poster.delays(member)]
    if load.events - events != due or len(delays) != posts * len(watched):
        raise Lost(f"{load.events - events} deliveries of {due}")
    p99 = percentile(delays, 0.99) * 1e3
    return Span(cpu / due * 1e6, own / due * 1e6, due / took, p99, due)
