"""Those with the most unread are dropped where all together leave more than a node keeps."""

import pytest

from chat import shedding
from chat.errors import Close
from chat.shedding import UNREAD_LIMIT, shed
from tests.builders import Ward
from tests.clients import Client
from tests.waiting import until

MIB = 1024 * 1024


def stuck(ward: Ward, unread: int) -> Client:
    client = Client(ward, "ana")
    client.connection.write_paused()
    client.link.unread = unread
    return client


def dropped(*clients: Client) -> list[bool]:
    return [client.link.is_dropped for client in clients]


async def test_nobody_is_dropped_for_what_a_node_can_keep(ward: Ward) -> None:
    clients = [stuck(ward, MIB) for _ in range(UNREAD_LIMIT // MIB)]

    shed([client.connection for client in clients], UNREAD_LIMIT)

    assert not any(dropped(*clients))


async def test_the_fewest_go_that_will_do_and_they_are_those_with_the_most(ward: Ward) -> None:
    most, little, much, least = (stuck(ward, size * MIB) for size in (9, 2, 8, 1))

    shed([each.connection for each in (most, little, much, least)], 5 * MIB)

    assert dropped(most, little, much, least) == [True, False, True, False]
    assert most.link.code == Close.SHEDDING
    assert little.link.code is None


async def test_who_reads_is_no_part_of_it(ward: Ward) -> None:
    reader, other = Client(ward, "ana"), stuck(ward, 2 * MIB)
    reader.link.unread = 9 * MIB

    shed([reader.connection, other.connection], 1 * MIB)

    assert dropped(reader, other) == [False, True]


async def test_a_node_looks_for_itself(ward: Ward, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shedding, "UNREAD_LIMIT", MIB)
    monkeypatch.setattr(shedding, "EVERY", 0.01)
    await ward.curbside.watches.stop()
    client = stuck(ward, 2 * MIB)

    ward.curbside.watches.start()

    await until(lambda: client.link.is_dropped)
