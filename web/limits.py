"""Limits: how often somebody may do something, as token buckets in memory."""

import math
from collections import OrderedDict
from collections.abc import Hashable
from contextlib import suppress
from ipaddress import ip_address, ip_network

from chat.commands import Command, Rate
from chat.errors import RateLimited
from rooms.permissions import Actor

KEPT = 20_000  # buckets; the ones longest unused go first, when they have long been full again


def network_of(address: str) -> str:
    """Return what one who comes by an address cannot easily leave: with IPv6, a /64."""
    try:
        parsed = ip_address(address)
    except ValueError:
        return address
    if parsed.version == 6 and parsed.ipv4_mapped:  # else all of IPv4 would be one network
        parsed = parsed.ipv4_mapped
    if parsed.version == 4:
        return str(parsed)
    return str(ip_network((parsed, 64), strict=False))


class Bucket:
    """Allows ``capacity`` at once and ``per_second`` in the long run."""

    __slots__ = ("_at", "_capacity", "_level", "_per_second")

    def __init__(self, capacity: float, per_second: float) -> None:
        self._capacity = self._level = capacity
        self._per_second = per_second
        self._at = -math.inf

    def wait(self, now: float) -> float:
        """Return how many seconds until one can be taken."""
        refilled = self._level + (now - self._at) * self._per_second
        self._level, self._at = min(self._capacity, refilled), now
        return max(0.0, (1.0 - self._level) / self._per_second)

    def take(self, now: float) -> float:
        """Return 0.0 and take one, or how many seconds to wait for it."""
        wait = self.wait(now)
        if not wait:
            self._level -= 1.0
        return wait

    def give_back(self) -> None:
        """Return one that was taken."""
        self._level = min(self._capacity, self._level + 1.0)


class Limit:
    """One bucket for each who does something."""

    def __init__(self, capacity: float, per_second: float, what: str) -> None:
        self._capacity = capacity
        self._per_second = per_second
        self._what = what
        self._buckets: OrderedDict[Hashable, Bucket] = OrderedDict()

    def require(self, who: Hashable, now: float) -> None:
        """Count once. Raises RateLimited with the seconds to wait."""
        self._refuse(self._bucket(who).take(now))

    def require_left(self, who: Hashable, now: float) -> None:
        """Count nothing. Raises RateLimited where the next one would be too much."""
        if who in self._buckets:
            self._refuse(self._bucket(who).wait(now))

    def give_back(self, who: Hashable) -> None:
        """Count one less."""
        if who in self._buckets:
            self._buckets[who].give_back()

    def _bucket(self, who: Hashable) -> Bucket:
        bucket = self._buckets.get(who)
        if bucket is None:
            bucket = self._buckets[who] = Bucket(self._capacity, self._per_second)
            if len(self._buckets) > KEPT:
                self._buckets.popitem(last=False)
        self._buckets.move_to_end(who)
        return bucket

    def _refuse(self, wait: float) -> None:
        if wait > 0.0:
            after = math.ceil(wait * 10) / 10
            raise RateLimited(f"{self._what} Try again in {after:g} s.", after=after)


class CommandLimits:
    """The rates of docs/protocol.md, Limits: posts, and everything else but entering and pinging."""

    def __init__(self, *, is_limited: bool) -> None:
        self.is_limited = is_limited
        self._posts = Limit(10, 1.0, "Going a bit fast.")
        self._bot_posts = Limit(50, 50.0, "Going a bit fast.")
        self._others = Limit(120, 2.0, "Too many commands.")
        self._failed_handshakes = Limit(50, 50 / 60, "Too many failed connections.")

    def require(self, command: Command, actor: Actor, now: float) -> None:
        """Count one command of an actor. Raises RateLimited."""
        if not self.is_limited or command.rate is Rate.NONE:
            return
        limit = self._others
        if command.rate is Rate.POSTS:
            limit = self._bot_posts if actor.kind == "bot" else self._posts
        limit.require(actor.id, now)

    def require_handshake(self, address: str, now: float) -> None:
        """Raise RateLimited for an address that has failed too often."""
        if self.is_limited:
            self._failed_handshakes.require_left(address, now)

    def count_failed_handshake(self, address: str, now: float) -> None:
        """Count one more failure."""
        with suppress(RateLimited):
            self._failed_handshakes.require(address, now)
