"""The demo rooms: what `curbside seed` writes must hang together and identify nobody."""

import json
import re
from pathlib import Path
from typing import Any

DEMO: dict[str, Any] = json.loads(
    (Path(__file__).parents[2] / "web" / "demo.json").read_text(encoding="utf-8")
)
PEOPLE: dict[str, Any] = {person["handle"]: person for person in DEMO["people"]}
ROOMS: dict[str, Any] = {room["room"]: room for room in DEMO["rooms"]}
CONVERSATION: list[dict[str, Any]] = DEMO["conversation"]
POSTS = [entry for entry in CONVERSATION if "text" in entry and "edit" not in entry]

ABOUT_A_MESSAGE = ("edit", "react", "pin", "remove")
WORDS = ("agree", "useful", "seen", "evidence")
TEXT_LIMIT = 10_000  # characters, the server's

IDENTIFIERS = {
    "record number": re.compile(
        r"\b(MRN|NHS|NPI|SSN|(hospital|record) (no|number))\b", re.IGNORECASE
    ),
    "date": re.compile(r"\b\d{1,2}[/.-]\d{1,2}[/.-](\d{4}|\d{2})\b|\b\d{4}-\d{2}-\d{2}\b"),
    "phone or long number": re.compile(r"\+\d{2}|\d(?:[ -]?\d){6,}"),
    "e-mail": re.compile(r"\S@\w+\.\w"),
    "titled name": re.compile(r"\b(Mr|Mrs|Ms|Miss|Dr|Prof)\b\.? [A-Z]"),
    "birth date": re.compile(r"\b(DOB|date of birth|born on)\b", re.IGNORECASE),
}


def written() -> list[str]:
    """Everything in the demo that a reader can read."""
    said = [
        entry[key] for entry in CONVERSATION for key in ("text", "note", "reason") if key in entry
    ]
    return said + [room[key] for room in ROOMS.values() for key in ("title", "topic")]


def authors() -> dict[str, str]:
    return {post["ref"]: post["by"] for post in POSTS if "ref" in post}


def test_handles_and_rooms_are_named_once() -> None:
    assert len(PEOPLE) == len(DEMO["people"])
    assert len(ROOMS) == len(DEMO["rooms"])


def test_room_slugs_are_ones_the_server_accepts() -> None:
    assert [slug for slug in ROOMS if not re.fullmatch(r"[a-z0-9-]{1,64}", slug)] == []


def test_there_are_two_moderators_one_admin_and_one_bot() -> None:
    roles = [person.get("role") for person in PEOPLE.values()]
    bots = [handle for handle, person in PEOPLE.items() if person.get("kind") == "bot"]

    assert (roles.count("moderator"), roles.count("admin"), bots) == (2, 1, ["safety-desk"])


def test_every_owner_and_member_is_somebody() -> None:
    for slug, room in ROOMS.items():
        assert room["owner"] in room["members"], slug
        assert len(set(room["members"])) == len(room["members"]), slug
        assert set(room["members"]) <= set(PEOPLE), slug


def test_everybody_speaks_only_in_rooms_they_are_in() -> None:
    strangers = [
        entry for entry in CONVERSATION if entry["by"] not in ROOMS[entry["room"]]["members"]
    ]

    assert strangers == []


def test_every_room_has_something_to_read() -> None:
    assert {post["room"] for post in POSTS} == set(ROOMS)


def test_time_runs_forward() -> None:
    times = [entry["ago"] for entry in CONVERSATION]

    assert [ago for ago in times if type(ago) is not int or ago <= 0] == []
    assert times == sorted(times, reverse=True)


def test_every_entry_does_one_thing() -> None:
    for entry in CONVERSATION:
        acts = [act for act in ABOUT_A_MESSAGE if act in entry]

        assert len(acts) == (0 if entry in POSTS else 1), entry


def test_what_is_referred_to_came_before_in_the_same_room() -> None:
    seen: dict[str, str] = {}
    for entry in CONVERSATION:
        for key in ("reply_to", *ABOUT_A_MESSAGE):
            assert key not in entry or seen.get(entry[key]) == entry["room"], entry
        if "ref" in entry:
            assert entry["ref"] not in seen, entry
            seen[entry["ref"]] = entry["room"]


def test_authors_edit_and_staff_pin_and_remove() -> None:
    by = authors()
    for entry in CONVERSATION:
        is_owner = entry["by"] == ROOMS[entry["room"]]["owner"]
        is_staff = is_owner or PEOPLE[entry["by"]].get("role") in ("moderator", "admin")

        assert "edit" not in entry or by[entry["edit"]] == entry["by"], entry
        assert is_staff or not {"pin", "remove"} & entry.keys(), entry


def test_nothing_happens_to_a_removed_message() -> None:
    removed: set[str] = set()
    for entry in CONVERSATION:
        assert not removed & {
            entry[key] for key in ("reply_to", *ABOUT_A_MESSAGE) if key in entry
        }, entry
        if "remove" in entry:
            removed.add(entry["remove"])

    assert len(removed) == 1


def test_reactions_are_given_once_and_never_to_oneself() -> None:
    by = authors()
    given = [
        (entry["by"], entry["react"], entry["emoji"]) for entry in CONVERSATION if "react" in entry
    ]

    assert len(set(given)) == len(given)
    for person, ref, emoji in given:
        assert by[ref] != person, ref
        assert emoji in WORDS or (len(emoji) == 1 and not emoji.isascii()), emoji


def test_texts_are_neither_blank_nor_too_long() -> None:
    for text in written():
        assert text.strip(), text
        assert len(text) <= TEXT_LIMIT, text


def test_mentions_are_of_members() -> None:
    for post in POSTS:
        mentioned = set(re.findall(r"@([a-z0-9-]+)", post["text"]))

        assert mentioned <= set(ROOMS[post["room"]]["members"]), post


def test_nothing_looks_like_an_identifier() -> None:
    found = [
        (what, text)
        for text in written()
        for what, pattern in IDENTIFIERS.items()
        if pattern.search(text)
    ]

    assert found == []


def test_the_patterns_would_find_an_identifier() -> None:
    samples = (
        "MRN 4471",
        "seen 03/04/2019",
        "ring 020 7946 0000",
        "ana@example.org",
        "Mrs Example",
        "DOB unknown",
    )

    for sample, (what, pattern) in zip(samples, IDENTIFIERS.items(), strict=True):
        assert pattern.search(sample), what


def test_the_bot_says_that_its_notices_are_invented() -> None:
    notices = [post["text"] for post in POSTS if post["by"] == "safety-desk"]

    assert notices != []
    assert [text for text in notices if "does not exist" not in text] == []
