"""Messages are posted, edited, removed and read back by those who may."""

import pytest

from chat.codecs import JSON, MSGPACK
from tests.builders import Ward
from tests.clients import Client
from tests.refusals import refused


async def test_a_retry_with_the_same_cid_gets_the_first_answer(ward: Ward) -> None:
    post = {"room": "cardiology", "cid": "b1f0c2d4e5", "text": "ECG attached."}
    first = await ward.run("message.post", post, "ana")

    again = await ward.run("message.post", post, "ana")

    assert again == {**first, "duplicate": True}
    history = await ward.run("message.history", {"room": "cardiology"}, "ana")
    assert len(history["messages"]) == 1


@pytest.mark.parametrize(
    "other", [{"text": "Another text"}, {"reply_to": "anything"}, {"kind": "text", "text": ""}]
)
async def test_a_cid_is_not_taken_for_other_content(ward: Ward, other: dict[str, str]) -> None:
    post = {"room": "cardiology", "cid": "b1f0c2d4e5", "text": "ECG attached."}
    await ward.run("message.post", post, "ana")

    with refused("cid_reused"):
        await ward.run("message.post", {**post, **other}, "ana")


async def test_the_same_cid_of_another_author_or_room_is_another_write(ward: Ward) -> None:
    await ward.open_room("neurology", "ana")
    post = {"room": "cardiology", "cid": "b1f0c2d4e5", "text": "ECG attached."}
    first = await ward.run("message.post", post, "ana")

    second = await ward.run("message.post", post, "ben")
    third = await ward.run("message.post", {**post, "room": "neurology"}, "ana")

    assert len({first["id"], second["id"], third["id"]}) == 3


async def test_a_post_without_a_cid_is_refused(ward: Ward) -> None:
    with refused("bad_request"):
        await ward.run("message.post", {"room": "cardiology", "text": "Hello"}, "ana")


@pytest.mark.parametrize("text", ["", " ", "\n\t ", "\u200b\u00a0", "\u2028"])
async def test_a_text_that_shows_nothing_is_refused(ward: Ward, text: str) -> None:
    with refused("bad_request"):
        await ward.post("cardiology", text, "ana")


async def test_a_text_is_refused_from_10001_characters_and_never_cut(ward: Ward) -> None:
    await ward.post("cardiology", "é" * 10_000, "ana")

    with refused("too_large"):
        await ward.post("cardiology", "é" * 10_001, "ana")


async def test_only_members_write_though_all_may_read_a_public_room(ward: Ward) -> None:
    await ward.post("cardiology", "Read by all", "ana")

    history = await ward.run("message.history", {"room": "cardiology"}, "stranger")

    assert [message["text"] for message in history["messages"]] == ["Read by all"]
    with refused("forbidden"):
        await ward.post("cardiology", "Not a member", "stranger")


async def test_nothing_tells_a_private_room_from_one_that_is_not(ward: Ward) -> None:
    room = await ward.open_room("any", "ana", private=True)
    answers = []
    for name in (room, "no-such-room"):
        for command in ("message.history", "room.join"):
            try:
                await ward.run(command, {"room": name}, "stranger")
            except Exception as refusal:
                answers.append(repr(refusal))

    assert len(answers) == 4
    assert set(answers) == {"NotFound('There is no such room.')"}


async def test_an_edit_shows_its_version_and_its_time(ward: Ward) -> None:
    posted = await ward.post("cardiology", "Troponin 40", "ana")

    edit = {"room": "cardiology", "id": posted["id"], "text": "Troponin 400"}
    await ward.run("message.edit", edit, "ana")

    [message] = (await ward.run("message.history", {"room": "cardiology"}, "ben"))["messages"]
    assert (message["text"], message["version"]) == ("Troponin 400", 2)
    assert message["edited_at"] >= message["at"]


async def test_only_the_author_edits(ward: Ward) -> None:
    posted = await ward.post("cardiology", "Troponin 40", "ana")

    for other in ("ben", "linden"):
        with refused("forbidden"):
            edit = {"room": "cardiology", "id": posted["id"], "text": "Not mine"}
            await ward.run("message.edit", edit, other)


async def test_editing_ends_after_ten_minutes(ward: Ward) -> None:
    posted = await ward.post("cardiology", "Troponin 40", "ana")
    edit = {"room": "cardiology", "id": posted["id"], "text": "Troponin 400"}
    ward.curbside.wall_time = lambda: posted["at"] + 601

    with refused("edit_window_closed"):
        await ward.run("message.edit", edit, "ana")


async def test_an_edit_to_the_same_text_makes_no_event(ward: Ward) -> None:
    posted = await ward.post("cardiology", "Troponin 40", "ana")
    edit = {"room": "cardiology", "id": posted["id"], "text": "Troponin 40"}

    answer = await ward.run("message.edit", edit, "ana")

    assert answer == {"room": "cardiology", "seq": posted["seq"], "unchanged": True}


@pytest.mark.parametrize(("who", "may"), [("ana", True), ("linden", True), ("ben", False)])
async def test_the_author_and_moderators_remove(ward: Ward, who: str, may: bool) -> None:
    posted = await ward.post("cardiology", "To be removed", "ana")
    remove = {"room": "cardiology", "id": posted["id"], "reason": "an identifier"}

    if not may:
        with refused("forbidden"):
            await ward.run("message.remove", remove, who)
        return
    await ward.run("message.remove", remove, who)

    [message] = (await ward.run("message.history", {"room": "cardiology"}, "ben"))["messages"]
    assert message["text"] == ""
    assert message["removed"]["by"] == ward.id(who)
    assert message["removed"]["reason"] == "an identifier"


async def test_what_was_removed_takes_no_edit_reaction_pin_or_reply(ward: Ward) -> None:
    posted = await ward.post("cardiology", "To be removed", "ana")
    at = {"room": "cardiology", "id": posted["id"]}
    await ward.run("message.remove", at, "ana")

    for command, more in (
        ("message.edit", {"text": "Back"}), ("message.react", {"emoji": "agree", "on": True}),
        ("message.pin", {}),
    ):  # fmt: skip
        with refused("not_found"):
            await ward.run(command, {**at, **more}, "linden" if "pin" in command else "ana")
    with refused("not_found"):
        await ward.post("cardiology", "A reply", "ben", reply_to=posted["id"])


async def test_a_message_of_another_room_is_not_found_in_this_one(ward: Ward) -> None:
    await ward.open_room("neurology", "ana")
    posted = await ward.post("neurology", "Elsewhere", "ana")

    with refused("not_found"):
        edit = {"room": "cardiology", "id": posted["id"], "text": "Here"}
        await ward.run("message.edit", edit, "ana")


async def test_history_pages_both_ways_without_overlap_or_hole(ward: Ward) -> None:
    seqs = [(await ward.post("cardiology", f"Note {n}", "ana"))["seq"] for n in range(25)]
    read = {"room": "cardiology", "limit": 10}

    newest = await ward.run("message.history", read, "ben")
    older = await ward.run("message.history", {**read, "before": seqs[15]}, "ben")
    newer = await ward.run("message.history", {**read, "after": seqs[14]}, "ben")
    around = await ward.run("message.history", {**read, "around": seqs[10]}, "ben")

    def numbers(page: dict[str, list[dict[str, int]]]) -> list[int]:
        return [message["seq"] for message in page["messages"]]

    assert numbers(newest) == numbers(newer) == seqs[15:]
    assert numbers(older) == seqs[5:15]
    assert seqs[10] in numbers(around)
    assert len(numbers(around)) == 10
    assert (newest["older"], newest["newer"], newest["as_of"]) == (True, False, seqs[-1])
    assert (older["older"], older["newer"], older["more"]) == (True, True, True)
    assert (newer["newer"], newer["more"]) == (False, False)


async def test_a_page_of_long_texts_stays_under_a_mebibyte(ward: Ward) -> None:
    for _ in range(30):
        await ward.post("cardiology", "\U0001f9e0" * 10_000, "ana")

    page = await ward.run("message.history", {"room": "cardiology", "limit": 100}, "ben")

    assert page["more"] is True
    assert 10 < len(page["messages"]) < 30


async def test_a_room_of_long_texts_and_pins_is_entered_in_one_frame(ward: Ward) -> None:
    for n in range(54):
        posted = await ward.post("cardiology", "漢" * 10_000, "ana")
        if n < 20:
            at = {"room": "cardiology", "id": posted["id"]}
            await ward.run("message.pin", at, "linden")

    for codec in (JSON, MSGPACK):
        client = Client(ward, "ana", codec)
        client.tell("room.enter", {"room": "cardiology"})
        await client.link.arrived.wait()
        [payload] = [payload for payload in client.link.sent if len(payload) > 10_000]
        snapshot = codec.decode(payload)["ok"]["snapshot"]
        assert len(payload) < 2**20
        assert (snapshot["more"], snapshot["more_pins"]) == (True, True)
        assert len(snapshot["pins"]) > 5
        assert len(snapshot["messages"]) > 15


@pytest.mark.parametrize("place", ["room", "cid"])
async def test_a_line_break_hides_at_the_end_of_no_name(ward: Ward, place: str) -> None:
    post = {"room": "cardiology", "cid": "b1f0c2d4e5", "text": "Hello"}

    with refused("bad_request"):
        await ward.run("message.post", {**post, place: post[place] + "\n"}, "ana")


async def test_before_the_first_number_there_is_nothing(ward: Ward) -> None:
    await ward.post("cardiology", "Hello", "ana")

    page = await ward.run("message.history", {"room": "cardiology", "before": 0}, "ana")

    assert page["messages"] == []
