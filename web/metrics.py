"""Metrics: what the node counts, for Prometheus."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from starlette.requests import Request
from starlette.responses import Response

from chat.errors import NotFound
from rooms.permissions import may_see_metrics
from web.auth import identify
from web.settings import is_loopback

if TYPE_CHECKING:
    from web.curbside import Curbside

WATCH_EVERY = 1.0  # seconds; often enough to meet a stall, too seldom to make one
SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0)


class Metrics:
    """One node's counters, in a registry of their own."""

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
        self._lag = Histogram(
            "curbside_loop_lag_seconds", "How late the event loop runs what is due.",
            registry=self.registry, buckets=SECONDS,
        )  # fmt: skip

    def command(self, name: str, outcome: str, seconds: float) -> None:
        """Count one command; ``outcome`` is ``ok`` or a refusal's code."""
        self._commands.labels(name, outcome).observe(seconds)

    def batch(self, commands: int, events: int) -> None:
        """Count one commit."""
        self._batches.observe(commands)
        self._events.inc(events)

    def lag(self, seconds: float) -> None:
        """Note how late the event loop was."""
        self._lag.observe(seconds)

    def gauge(self, name: str, what: str, read: Callable[[], float]) -> None:
        """Offer a figure that is read when somebody looks."""
        Gauge(f"curbside_{name}", what, registry=self.registry).set_function(read)


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
