"""Metrics: what the node counts, for Prometheus.

What is counted elsewhere is read when somebody looks. No label names a room or a person: there are
too many of them, and who talks with whom is nobody's business.
"""

import asyncio
import math
from collections.abc import Awaitable, Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Literal

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    ProcessCollector,
    generate_latest,
)
from prometheus_client.core import CounterMetricFamily
from prometheus_client.registry import Collector
from starlette.requests import Request
from starlette.responses import Response

from chat.errors import Close, NotFound
from chat.redis_bus import RedisBus
from rooms.permissions import may_see_metrics
from web.auth import identify
from web.settings import is_loopback

if TYPE_CHECKING:
    from web.curbside import Curbside

WATCH_EVERY = 1.0  # seconds; often enough to meet a stall, too seldom to make one
# Around 0.7 ms, which one post takes (bench/README.md), and 2 s, by which what waits is refused.
SECONDS = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.0, 5.0)


class Metrics:
    """One node's figures, in a registry of their own."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self._commands = Histogram(
            "curbside_command_seconds", "Time from a command to its answer.",
            ("command", "outcome"), registry=self.registry, buckets=SECONDS,
        )  # fmt: skip
        self._batches = Histogram(
            "curbside_batch_commands", "Commands committed at once.",
            registry=self.registry, buckets=(1, 2, 4, 8, 16, 32, 64, 128, 256),
        )  # fmt: skip
        self._events = Counter("curbside_events", "Events told.", registry=self.registry)
        self._database = Counter(
            "curbside_database_errors", "Calls that the database failed: unavailable, or unknown.",
            ("outcome",), registry=self.registry,
        )  # fmt: skip
        self._lag = Histogram(
            "curbside_loop_lag_seconds", "How late the event loop runs what is due.",
            registry=self.registry, buckets=SECONDS,
        )  # fmt: skip
        for outcome in ("unavailable", "unknown"):
            self._database.labels(outcome)  # so that the first of them is a rise from 0
        ProcessCollector(registry=self.registry)

    def command(self, name: str, outcome: str, seconds: float) -> None:
        """Count one command; ``outcome`` is ``ok`` or a refusal's code."""
        self._commands.labels(name, outcome).observe(seconds)

    def batch(self, commands: int, events: int) -> None:
        """Count one commit."""
        self._batches.observe(commands)
        self._events.inc(events)

    def database_failed(self, outcome: Literal["unavailable", "unknown"]) -> None:
        """Count one call that the database failed."""
        self._database.labels(outcome).inc()

    def lag(self, seconds: float) -> None:
        """Note how late the event loop was."""
        self._lag.observe(seconds)

    def gauge(self, name: str, what: str, read: Callable[[], float]) -> None:
        """Offer a figure that is read when somebody looks."""
        Gauge(f"curbside_{name}", what, registry=self.registry).set_function(read)

    def counter(self, name: str, what: str, read: Callable[[], float]) -> None:
        """Offer a count that is kept elsewhere."""
        self.registry.register(_Kept(name, what, (), lambda: {"": read()}))

    def counters(
        self, name: str, what: str, label: str, read: Callable[[], Mapping[str, float]]
    ) -> None:
        """Offer counts that are kept elsewhere, one for each value of a label; they are few."""
        self.registry.register(_Kept(name, what, (label,), read))


class _Kept(Collector):
    def __init__(
        self, name: str, what: str, labels: tuple[str, ...],
        read: Callable[[], Mapping[str, float]],
    ) -> None:  # fmt: skip
        self._name = f"curbside_{name}"
        self._what = what
        self._labels = labels
        self._read = read

    def collect(self) -> Iterator[CounterMetricFamily]:
        family = CounterMetricFamily(self._name, self._what, labels=self._labels)
        for value, count in self._read().items():
            family.add_metric([value] if self._labels else [], count)
        yield family


def offer_figures(metrics: Metrics, node: "Curbside") -> None:
    """Offer what a node and its parts keep count of."""
    connections, tally, closings = node.connections, node.hub.tally, node.connections.closings
    for name, what, read in (
        ("connections", "Connections open.", lambda: len(connections)),
        ("slow_readers", "Connections whose socket is full just now.", lambda: _slow(node)),
        ("people", "People in any room, by whichever node.", node.tracker.count),
        ("queue", "Commands that wait for the writer.", lambda: len(node.writer)),
        ("rooms_live", "Rooms somebody is in, or was lately.", lambda: node.hub.rooms_live),
        ("ring_bytes", "Event data kept for those who come back.", lambda: node.hub.ring_bytes),
    ):
        metrics.gauge(name, what, read)
    for name, what, read in (
        ("deliveries", "Events sent to those in step, each counting.", lambda: tally.delivered),
        ("replays", "Events sent to those who were behind.", lambda: tally.replayed),
        ("heals", "Holes that SQL was asked to fill.", lambda: tally.heals),
        ("healed_events", "Events delivered from SQL.", lambda: tally.healed),
        ("pauses", "How often a client's socket was full.", lambda: connections.pauses),
    ):
        metrics.counter(name, what, read)
    metrics.counters(
        "closings", "Connections that the server closed, by code.", "code",
        lambda: {str(int(code)): closings[code] for code in Close},
    )  # fmt: skip
    if isinstance(node.bus, RedisBus):
        _offer_bus(metrics, node.bus)


def _offer_bus(metrics: Metrics, bus: RedisBus) -> None:
    counts = bus.counts
    for name, what, read in (
        ("bus_published", "Messages that Redis took.", lambda: counts.published),
        ("bus_dropped", "Messages dropped for want of a link.", lambda: counts.dropped),
        ("bus_received", "Messages of other nodes.", lambda: counts.received),
        ("bus_reconnects", "Links to Redis made anew.", lambda: counts.reconnects),
    ):
        metrics.counter(name, what, read)
    lag = "From here through Redis and back, as last proven."
    metrics.gauge("bus_lag_seconds", lag, lambda: math.nan if bus.is_degraded else counts.lag)
    degraded = "1 while other nodes may not be heard."
    metrics.gauge("bus_degraded", degraded, lambda: bus.is_degraded)


def _slow(node: "Curbside") -> int:
    return sum(connection.write_is_paused for connection in node.connections)


async def watch_loop(
    metrics: Metrics,
    loop_time: Callable[[], float],
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
) -> None:
    """Note how late the event loop is, until cancelled."""
    while True:
        due = loop_time() + WATCH_EVERY
        await sleep(WATCH_EVERY)
        metrics.lag(max(0.0, loop_time() - due))


async def show_metrics(request: Request) -> Response:
    """Answer the figures, to this machine and to administrators' tokens alone."""
    curbside: Curbside = request.app.state.curbside
    if not await _may_see(request, curbside):
        raise NotFound("There is nothing here.")
    body = generate_latest(curbside.metrics.registry)
    return Response(body, media_type="text/plain; version=0.0.4; charset=utf-8")


async def _may_see(request: Request, curbside: "Curbside") -> bool:
    is_proxied = "x-forwarded-for" in request.headers or "forwarded" in request.headers
    if request.client is not None and is_loopback(request.client.host) and not is_proxied:
        return True
    identity = await identify(request, curbside)
    return identity is not None and not identity.by_cookie and may_see_metrics(identity.actor)
