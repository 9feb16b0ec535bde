"""What is said on a socket and answered, through every door alike."""

from functools import partial
from typing import Any

from chat.codecs import Codec
from tests.web.dialling import EACH_CODEC, POST, bearer, cookie, talk
from tests.web.doors import Door


@EACH_CODEC
async def test_a_post_is_answered_and_reaches_who_is_there(door: Door, codec: Codec) -> None:
    ana_headers, ben_headers = await bearer(door, "ana"), await cookie(door, "ben")
    async with talk(door, ana_headers, codec) as ana, talk(door, ben_headers, codec) as ben:
        entered = await ben.enter("cardiology")
        await ana.enter("cardiology")

        answer = await ana.ask("message.post", POST)

        assert answer["ok"].keys() == {"room", "seq", "id", "at"}
        assert answer["ok"]["seq"] == entered["head"] + 1
        for talker in (ana, ben):
            event = await talker.event(answer["ok"]["seq"])
            assert event == {
                "room": "cardiology", "seq": answer["ok"]["seq"], "event": "message.posted",
                "at": answer["ok"]["at"], "by": door.ward.id("ana"),
                "data": {
                    "id": answer["ok"]["id"], "cid": POST["cid"], "kind": "text",
                    "text": POST["text"],
                },
            }  # fmt: skip


@EACH_CODEC
async def test_who_comes_back_gets_what_they_missed_and_then_what_comes(
    door: Door, codec: Codec
) -> None:
    headers = await bearer(door, "ben")
    async with talk(door, headers, codec) as ben:
        entered = await ben.enter("cardiology")
        seen = (await door.do(lambda: door.ward.post("cardiology", "ECG", "ana")))["seq"]
        await ben.event(seen)
    for text in ("Echo", "MRI"):
        await door.do(partial(door.ward.post, "cardiology", text, "ana"))

    async with talk(door, headers, codec) as ben:
        again = await ben.enter("cardiology", epoch=entered["epoch"], seq=seen)
        last = (await door.do(lambda: door.ward.post("cardiology", "Cath", "ana")))["seq"]
        await ben.event(last)

    assert again == {
        "room": "cardiology", "epoch": entered["epoch"], "head": seen + 2, "resumed": True
    }  # fmt: skip
    told = [(f["seq"], f["data"]["text"]) for f in ben.frames if "event" in f]
    assert told == [(seen + 1, "Echo"), (seen + 2, "MRI"), (seen + 3, "Cath")]


@EACH_CODEC
async def test_who_has_no_position_or_a_strange_one_gets_the_room_afresh(
    door: Door, codec: Codec
) -> None:
    posted = await door.do(lambda: door.ward.post("cardiology", "ECG", "ana"))
    async with talk(door, await bearer(door, "ben"), codec) as ben:
        first = await ben.enter("cardiology")
        epoch, head = first["epoch"], first["head"]
        strange: list[dict[str, Any]] = [
            {}, {"seq": head}, {"epoch": epoch}, {"epoch": "0" * 16, "seq": head},
            {"epoch": epoch, "seq": head + 1},
        ]  # fmt: skip
        for position in strange:
            entered = await ben.enter("cardiology", **position)
            assert (entered["resumed"], entered["head"]) == (False, head), position
            assert [m["id"] for m in entered["snapshot"]["messages"]] == [posted["id"]]

        resumed = await ben.enter("cardiology", epoch=epoch, seq=head)

    assert resumed["resumed"] is True
    assert "snapshot" not in resumed


@EACH_CODEC
async def test_a_post_said_twice_is_stored_and_told_once(door: Door, codec: Codec) -> None:
    async with talk(door, await bearer(door, "ana"), codec) as ana:
        await ana.enter("cardiology")
        first = await ana.ask("message.post", POST)

        again = await ana.ask("message.post", POST)
        other = await ana.ask("message.post", {**POST, "text": "Something else"})
        last = await ana.ask("message.post", {**POST, "cid": "c-00000002"})
        await ana.event(last["ok"]["seq"])

    assert again["ok"] == {**first["ok"], "duplicate": True}
    assert other["refused"]["code"] == "cid_reused"
    assert last["ok"]["seq"] == first["ok"]["seq"] + 1
    assert [f["seq"] for f in ana.frames if "event" in f] == [
        first["ok"]["seq"], last["ok"]["seq"]
    ]  # fmt: skip


async def test_whoever_is_connected_may_ask_who_they_are(door: Door) -> None:
    async with talk(door, await cookie(door, "ana")) as talker:
        answer = await talker.ask("session.show", {})

    assert answer["ok"]["person"]["handle"] == "ana"


async def test_a_token_does_no_more_than_it_was_given_for(door: Door) -> None:
    async with talk(door, await bearer(door, "ana", "read")) as reader:
        assert (await reader.enter("cardiology"))["room"] == "cardiology"
        refused = await reader.ask("message.post", POST)
    async with talk(door, await bearer(door, "ana", "read", "post")) as writer:
        posted = await writer.ask("message.post", POST)

    assert refused["refused"]["code"] == "forbidden"
    assert "ok" in posted


async def test_a_ping_is_answered_with_the_time(door: Door) -> None:
    async with talk(door, await bearer(door, "ana")) as talker:
        answer = await talker.ask("connection.ping", {})

    assert answer["ok"].keys() == {"now"}
