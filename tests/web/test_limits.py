"""Limits let through what they promise, and name the time to wait for the rest."""

import itertools
from collections.abc import Callable
from functools import partial

import pytest

from chat.commands import Rate
from chat.errors import RateLimited
from rooms.permissions import Actor
from web.curbside import all_commands
from web.limits import Bucket, CommandLimits, Limit, network_of
from web.visitors import Attempt, SignIns

COMMANDS = all_commands()
MANY = 1_000


def test_a_bucket_gives_its_capacity_at_once_and_then_its_rate() -> None:
    bucket = Bucket(10, 1.0)
    assert [bucket.take(0.0) for _ in range(10)] == [0.0] * 10

    assert bucket.take(0.0) == pytest.approx(1.0)
    assert bucket.take(0.75) == pytest.approx(0.25)
    assert bucket.take(1.0) == 0.0


def test_one_who_is_limited_is_told_for_how_long_and_others_are_not() -> None:
    limit = Limit(1, 0.5, "Going a bit fast.")
    limit.require("ana", 0.0)

    with pytest.raises(RateLimited) as caught:
        limit.require("ana", 0.0)
    limit.require("ben", 0.0)

    assert caught.value.fields == {"after": 2.0}


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("192.0.2.7", "192.0.2.7"), ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2:ffff::1", "2001:db8:1:2::/64"), ("testclient", "testclient"), ("", ""),
    ],
)  # fmt: skip
def test_ipv6_addresses_are_limited_by_the_network_that_one_house_has(
    address: str, network: str
) -> None:
    assert network_of(address) == network


@pytest.mark.parametrize(
    ("command", "kind", "passing"),
    [
        ("message.post", "person", [(0.0, 10), (5.0, 5), (5.75, 0), (100.0, 10)]),
        ("message.post", "bot", [(0.0, 50), (1.0, 50), (1.5, 25), (100.0, 50)]),
        ("message.react", "person", [(0.0, 120), (60.0, 120), (60.25, 0), (200.0, 120)]),
        ("message.react", "bot", [(0.0, 120), (30.0, 60)]),
    ],
)
def test_so_many_commands_pass_and_no_more(
    command: str, kind: str, passing: list[tuple[float, int]]
) -> None:
    limits, who = CommandLimits(is_limited=True), actor(kind)
    ask = partial(limits.require, COMMANDS.find(command), who)

    assert [(now, passed(ask, now)) for now, _ in passing] == passing


def test_posts_are_counted_apart_from_all_else_and_each_person_alone() -> None:
    limits = CommandLimits(is_limited=True)
    post, react = COMMANDS.find("message.post"), COMMANDS.find("message.react")
    ana, ben = actor("person", "ana"), actor("person", "ben")
    passed(partial(limits.require, post, ana), 0.0)

    assert passed(partial(limits.require, react, ana), 0.0) == 120
    assert passed(partial(limits.require, post, ben), 0.0) == 10


def test_entering_leaving_pinging_and_asking_who_one_is_are_not_counted() -> None:
    signed_in = [command for command in COMMANDS if not command.anonymous]
    free = {command.name: command for command in signed_in if command.rate is Rate.NONE}
    limits = CommandLimits(is_limited=True)

    assert set(free) == {"connection.ping", "room.enter", "room.leave", "session.show"}
    assert {c.name for c in signed_in if c.rate is Rate.POSTS} == {"message.post"}
    for command in free.values():
        assert passed(partial(limits.require, command, actor("person")), 0.0) == MANY


def test_an_address_may_fail_50_handshakes_a_minute() -> None:
    limits = CommandLimits(is_limited=True)

    def fail(now: float) -> None:
        limits.require_handshake("192.0.2.7", now)
        limits.count_failed_handshake("192.0.2.7", now)

    assert [passed(fail, now) for now in (0.0, 61.0, 92.0)] == [50, 50, 25]


def test_a_handle_may_be_tried_5_times_a_minute_from_a_network_and_20_from_all_over() -> None:
    sign_ins = SignIns(is_limited=True, key=b"a key for tests")
    home = partial(sign_ins.require, Attempt(address="192.0.2.7", handle="ben", device=None))
    networks = (f"2001:db8:0:{number:x}::" for number in itertools.count())

    def try_elsewhere(now: float) -> None:
        sign_ins.require(Attempt(address=next(networks), handle="ana", device=None), now)

    assert [passed(home, now) for now in (0.0, 61.0, 74.0)] == [5, 5, 1]
    assert [passed(try_elsewhere, now) for now in (0.0, 61.0, 121.0)] == [100, 20, 20]


def test_an_address_may_fail_to_sign_in_5_times_a_minute_whatever_the_handles() -> None:
    sign_ins = SignIns(is_limited=True, key=b"a key for tests")

    def fail(now: float) -> None:
        sign_ins.require_address("192.0.2.7", now)
        sign_ins.count_failure("192.0.2.7", now)

    assert [passed(fail, now) for now in (0.0, 61.0, 74.0)] == [5, 5, 1]


def actor(kind: str, handle: str = "ana") -> Actor:
    """Return one who asks."""
    return Actor(id=handle, handle=handle, kind=kind, role="member", verified=True)


def passed(ask: Callable[[float], None], now: float) -> int:
    """Return how often one may ask at a time; MANY where nothing ends it."""
    for number in range(MANY):
        try:
            ask(now)
        except RateLimited:
            return number
    return MANY
