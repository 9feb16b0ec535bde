"""What those in a room are sent: everything, once, in order, and nothing that had to go."""

import asyncio
from typing import Any

import msgspec
import pytest

from chat.codecs import JSON, MSGPACK, Codec
from chat.events import Envelope
from tests.builders import Ward
from tests.clients import Client
from tests.databases import EVERY_ENGINE

ENGINES = EVERY_ENGINE


async def test_a_post_reaches_everybody_in_the_room_in_their_own_codec(ward: Ward) -> None:
    json, packed = Client(ward, "ana", JSON), Client(ward, "ben", MSGPACK)
    await json.enter("cardiology")
    await packed.enter("cardiology")

    posted = await ward.post("cardiology", "Troponin is back", "linden")

    first, second = await json.event(posted["seq"]), await packed.event(posted["seq"])
    assert first == second
    assert first["data"]["text"] == "Troponin is back"
    assert first["by"] == ward.id("linden")


async def test_the_author_gets_the_event_as_everybody_does(ward: Ward) -> None:
    client = Client(ward, "ana")
    await client.enter("cardiology")

    payload = {"room": "cardiology", "cid": "b1f0c2d4e5", "text": "ECG attached."}
    answer = await client.ask("message.post", payload)

    event = await client.event(answer["ok"]["seq"])
    assert event["data"] == {
        "id": answer["ok"]["id"], "cid": "b1f0c2d4e5", "kind": "text", "text": "ECG attached.",
    }  # fmt: skip


async def test_one_who_was_away_resumes_with_all_that_was_missed(ward: Ward) -> None:
    away = Client(ward, "ana")
    entered = await away.enter("cardiology")
    away.leave()
    seqs = [(await ward.post("cardiology", f"Note {n}", "ben"))["seq"] for n in range(5)]
    back = Client(ward, "ana")

    resumed = await back.enter("cardiology", epoch=entered["epoch"], seq=entered["head"])

    await back.event(seqs[-1])
    assert resumed["resumed"] is True
    assert resumed["head"] == seqs[-1]
    assert [seq for seq, _ in back.events("cardiology")] == seqs


@pytest.mark.parametrize("missed", [0, 1, 499, 500])
async def test_up_to_500_missed_events_are_replayed_from_sql(ward: Ward, missed: int) -> None:
    first = await ward.post("cardiology", "The first", "ben")
    await _post_many(ward, missed)
    entered = await Client(ward, "linden").enter("cardiology")
    live = ward.curbside.hub.find("cardiology")
    assert live is not None
    live.ring.clear()
    back = Client(ward, "ana")

    resumed = await back.enter("cardiology", epoch=entered["epoch"], seq=first["seq"])

    if missed:
        await back.event(first["seq"] + missed)
    assert resumed["resumed"] is True
    expected = [first["seq"] + n for n in range(1, missed + 1)]
    assert [seq for seq, _ in back.events("cardiology")] == expected


async def test_more_than_500_missed_events_give_a_fresh_snapshot(ward: Ward) -> None:
    first = await ward.post("cardiology", "The first", "ben")
    await _post_many(ward, 501)
    entered = await Client(ward, "linden").enter("cardiology")

    again = await Client(ward, "ana").enter("cardiology", epoch=entered["epoch"], seq=first["seq"])

    assert again["resumed"] is False
    assert len(again["snapshot"]["messages"]) == 50
    assert again["snapshot"]["more"] is True


@pytest.mark.parametrize("position", [{"epoch": "another", "seq": 1}, {"seq": 1}, {"seq": 999}])
async def test_a_position_that_proves_nothing_gives_a_fresh_snapshot(
    ward: Ward, position: dict[str, Any]
) -> None:
    client = Client(ward, "ana")
    if position["seq"] == 999:
        position["epoch"] = (await client.enter("cardiology"))["epoch"]

    entered = await client.enter("cardiology", **position)

    assert entered["resumed"] is False


async def test_a_removed_text_is_in_no_replay_ring_snapshot_or_history(ward: Ward) -> None:
    secret = "a name that must go"
    first = Client(ward, "ana")
    entered = await first.enter("cardiology")
    posted = await ward.post("cardiology", secret, "ben")
    edit = {"room": "cardiology", "id": posted["id"], "text": f"{secret}, edited"}
    await ward.run("message.edit", edit, "ben")
    await ward.run("message.pin", {"room": "cardiology", "id": posted["id"]}, "linden")
    await first.event(posted["seq"] + 2)

    await ward.run("message.remove", {"room": "cardiology", "id": posted["id"]}, "linden")

    replayed, fresh, read = Client(ward, "ana"), Client(ward, "ana"), Client(ward, "ana")
    await replayed.enter("cardiology", epoch=entered["epoch"], seq=entered["head"])
    await replayed.event(posted["seq"] + 3)
    live = ward.curbside.hub.find("cardiology")
    assert live is not None
    live.ring.clear()
    await read.enter("cardiology", epoch=entered["epoch"], seq=entered["head"])
    await read.event(posted["seq"] + 3)
    await fresh.enter("cardiology")
    history = await ward.run("message.history", {"room": "cardiology"}, "ana")
    assert secret in str(first.read())
    assert secret not in str([replayed.read(), read.read(), fresh.read(), history])
    [posting] = [f for f in replayed.frames if f.get("event") == "message.posted"]
    assert posting["data"] == {"id": posted["id"], "voided": True}
    assert posting["by"] == ward.id("ben")


async def test_a_text_removed_in_the_batch_that_posted_it_is_never_sent(ward: Ward) -> None:
    watcher, author = Client(ward, "ana"), Client(ward, "ben")
    await watcher.enter("cardiology")
    posted = await ward.post("cardiology", "seen by all", "ben")

    edit = {"room": "cardiology", "id": posted["id"], "text": "seen by none"}
    author.tell("message.edit", edit)
    await author.ask("message.remove", {"room": "cardiology", "id": posted["id"]})

    await watcher.event(posted["seq"] + 2)
    assert "seen by none" not in str(watcher.read())


async def test_an_event_out_of_order_waits_until_sql_has_filled_the_hole(ward: Ward) -> None:
    client = Client(ward, "ana")
    head = (await client.enter("cardiology"))["head"]
    hub = ward.curbside.hub
    live = hub.find("cardiology")
    assert live is not None
    position = live.position
    await ward.post("cardiology", "one", "ben")
    await ward.post("cardiology", "two", "ben")
    await client.event(head + 2)
    rows = await ward.curbside._after("cardiology", position)
    live.position = live.flushed = position  # as if neither had come by the bus

    hub.deliver([rows[1]])

    client.frames.clear()
    await client.event(head + 2)
    assert client.events("cardiology") == [
        (head + 1, "message.posted"), (head + 2, "message.posted"),
    ]  # fmt: skip


async def test_an_event_that_was_delivered_is_not_delivered_again(ward: Ward) -> None:
    client = Client(ward, "ana")
    head = (await client.enter("cardiology"))["head"]
    await ward.post("cardiology", "once", "ben")
    await client.event(head + 1)
    [row] = await ward.curbside._after("cardiology", head)

    ward.curbside.hub.deliver([row])

    await ward.post("cardiology", "then another", "ben")
    await client.event(head + 2)
    assert [seq for seq, _ in client.events("cardiology")] == [head + 1, head + 2]


async def test_a_slow_reader_gets_nothing_while_full_and_all_of_it_after(ward: Ward) -> None:
    slow, quick = Client(ward, "ana"), Client(ward, "ben")
    await slow.enter("cardiology")
    head = (await quick.enter("cardiology"))["head"]
    slow.connection.write_paused()
    for n in range(5):
        await ward.post("cardiology", f"Note {n}", "linden")
    await quick.event(head + 5)
    assert slow.events("cardiology") == []

    slow.connection.write_resumed()

    await slow.event(head + 5)
    await ward.post("cardiology", "and live again", "linden")
    await slow.event(head + 6)
    assert [seq for seq, _ in slow.events("cardiology")] == [head + n for n in range(1, 7)]


async def test_a_sweep_in_slices_keeps_every_seats_order(
    ward: Ward, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("chat.sweeps.SLICE", 2)
    clients = [Client(ward, "ana") for _ in range(7)]
    for client in clients:
        head = (await client.enter("cardiology"))["head"]
    for n in range(6):
        await ward.post("cardiology", f"Note {n}", "ben")
        if n == 2:
            clients[5].connection.write_paused()
        if n == 4:
            clients[5].connection.write_resumed()

    for client in clients:
        await client.event(head + 6)
        seqs = [seq for seq, _ in client.events("cardiology")]
        assert seqs == [head + n for n in range(1, 7)]


async def test_entering_in_the_midst_of_a_storm_leaves_no_gap(ward: Ward) -> None:
    async def storm() -> None:
        await asyncio.gather(*(ward.post("cardiology", f"Note {n}", "ben") for n in range(300)))

    storming = asyncio.create_task(storm())
    clients = []
    for _ in range(20):
        client = Client(ward, "ana")
        clients.append((client, await client.enter("cardiology")))
    await storming
    last = (await ward.post("cardiology", "The last", "ben"))["seq"]

    for client, entered in clients:
        await client.event(last)
        seqs = [seq for seq, _ in client.events("cardiology")]
        assert seqs == list(range(entered["head"] + 1, last + 1))


@pytest.mark.parametrize("codec", [JSON, MSGPACK])
async def test_frames_of_a_room_come_only_after_the_answer(ward: Ward, codec: Codec) -> None:
    head = (await Client(ward, "ben").enter("cardiology"))["head"]
    client = Client(ward, "ana", codec)

    client.tell("room.enter", {"room": "cardiology"})
    await ward.post("cardiology", "while entering", "ben")

    await client.until(lambda f: "re" in f)
    frames = [f for f in client.frames if "re" in f or f.get("room") == "cardiology"]
    assert "re" in frames[0]
    if frames[0]["ok"]["head"] == head:
        await client.event(head + 1)


async def _post_many(ward: Ward, count: int) -> None:
    await asyncio.gather(*(ward.post("cardiology", f"Note {n}", "ben") for n in range(count)))


def test_envelopes_are_plain_values() -> None:
    envelope = Envelope("cardiology", 1, "message.posted", 1.0, None, b"\x80")

    assert msgspec.msgpack.decode(msgspec.msgpack.encode(envelope), type=Envelope) == envelope
