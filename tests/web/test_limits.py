"""Limits let through what they promise, and name the time to wait for the rest."""

import pytest

from chat.errors import RateLimited
from web.limits import Bucket, Limit, network_of


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
