"""Rights in a cluster: who loses one by one node is shown nothing more by any other, Redis or not."""

import asyncio

import pytest

from tests.engines import Valkey
from tests.faults.sites import HEALED, ROOMS, Site
from tests.waiting import until
from tests.web.command_lines import ok, run
from tests.web.talkers import talking

pytestmark = [pytest.mark.faults, pytest.mark.postgresql, pytest.mark.redis]

REDIS = pytest.mark.parametrize("redis", ["well", "held"])


@REDIS
async def test_who_leaves_by_one_node_is_shown_nothing_more_by_the_other(
    site: Site, valkey: Valkey, redis: str
) -> None:
    two_devices = site._replace(people=[*site.people, site.people[1]])
    settings = site.settings(valkey.url)
    async with two_devices.busy(settings, settings) as (workload, _):
        if redis == "held":
            valkey.hold()
        leaver, left = workload.posters[6], workload.posters[1]
        await leaver.write("member.leave", ROOMS[0])
        await until(lambda: ROOMS[0] not in left.places, HEALED)
        await workload.more(30)
        valkey.let_go()
    found = await two_devices.find(workload, HEALED)

    assert found.violations == []
    assert left.rooms == leaver.rooms == [ROOMS[1]]


@REDIS
async def test_who_is_signed_out_elsewhere_is_shown_nothing_after_two_seconds(
    site: Site, valkey: Valkey, redis: str
) -> None:
    settings = site.settings(valkey.url)
    async with site.busy(settings, settings) as (workload, _):
        if redis == "held":
            valkey.hold()
        signed_out = workload.posters[1]
        signing_out = ("person", "sign-out", "nurse-1", "--tokens")
        ok(await asyncio.to_thread(run, site.data, *signing_out, DATABASE_URL=site.database))
        signed_out.note_revoked()
        await until(lambda: signed_out.is_signed_out)
        await workload.more(30)
        valkey.let_go()
    found = await site.find(workload, HEALED)

    assert found.violations == []
    assert workload.codes()[4204] == 1


async def test_what_one_node_removed_is_shown_by_no_other_to_who_comes_after(
    site: Site, valkey: Valkey
) -> None:
    settings = site.settings(valkey.url)
    async with (
        site.serving(settings, settings) as [first, second],
        talking(first.socket_url, site.people[0]) as ana,
        talking(second.socket_url, site.people[1]) as ben,
        talking(second.socket_url, site.people[1]) as late,
    ):
        began = await ben.enter(ROOMS[0])
        post = {"room": ROOMS[0], "cid": "cid-000001", "text": "Name and date of birth."}
        posted = (await ana.ask("message.post", post))["ok"]
        await ben.event(posted["seq"])
        valkey.hold()
        removal = {"room": ROOMS[0], "cid": "cid-000002", "id": posted["id"]}
        await ana.ask("message.remove", removal)

        await late.enter(ROOMS[0], epoch=began["epoch"], seq=began["head"])
        shown = await late.event(posted["seq"])

        valkey.let_go()
    assert shown["data"] == {"id": posted["id"], "voided": True}
