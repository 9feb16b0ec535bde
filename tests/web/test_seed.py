"""Seed: the demo content as it lies in the database, and the sign-ins that go with it."""

import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import httpx2
import msgspec
import pytest
from typer.testing import CliRunner

from tests.processes import http_client, served
from web.cli import app
from web.seed import CONTENT

DEMO: dict[str, Any] = json.loads(CONTENT.read_text())
TALK: list[dict[str, Any]] = DEMO["conversation"]
POSTS = [entry for entry in TALK if "text" in entry and "edit" not in entry]
SLEEPERS = [person for person in DEMO["people"] if person.get("kind", "person") == "person"]


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder in which the demo content was planted: once, for it takes a few seconds."""
    data = tmp_path_factory.mktemp("seed") / "var"
    ended = CliRunner().invoke(app, ["seed"], env={"CURBSIDE_DATA": str(data)})
    assert (ended.exit_code, ended.stderr) == (0, "")
    assert ended.stdout == f"Demo sign-ins are in {data / 'demo.txt'}.\n"
    return data


@pytest.fixture
def database(data: Path) -> Iterator[sqlite3.Connection]:
    with closing(sqlite3.connect(data / "curbside.db")) as connection:
        yield connection


def count(database: sqlite3.Connection, what: str) -> int:
    return int(database.execute(f"SELECT count(*) FROM {what}").fetchone()[0])


def sign_ins(data: Path) -> dict[str, str]:
    """Return each handle's password."""
    lines = (data / "demo.txt").read_text().splitlines()
    assert lines[0].startswith("#")
    return dict(line.split()[:2] for line in lines[1:])


def test_everybody_and_every_room_is_there(database: sqlite3.Connection) -> None:
    handles = {handle for (handle,) in database.execute("SELECT handle FROM people")}
    titles = dict(database.execute("SELECT id, title FROM rooms WHERE id NOT LIKE '@%'"))
    members = {(room, who) for room, who in database.execute(
        "SELECT members.room, people.handle FROM members JOIN people ON people.id = members.person"
    )}  # fmt: skip

    assert handles == {person["handle"] for person in DEMO["people"]}
    assert titles == {room["room"]: room["title"] for room in DEMO["rooms"]}
    assert members == {
        (room["room"], who) for room in DEMO["rooms"] for who in (room["owner"], *room["members"])
    }  # fmt: skip


def test_everything_said_and_done_is_there(database: sqlite3.Connection) -> None:
    told = dict(database.execute("SELECT event, count(*) FROM events GROUP BY event"))
    by_kind = {
        "message.posted": len(POSTS),
        "message.edited": sum("edit" in entry for entry in TALK),
        "message.removed": sum("remove" in entry for entry in TALK),
        "message.reacted": sum("react" in entry for entry in TALK),
        "message.pinned": sum("pin" in entry for entry in TALK),
    }

    assert {name: told[name] for name in by_kind} == by_kind
    assert count(database, "messages") == len(POSTS)
    assert told["room.changed"] == len(DEMO["rooms"])


def test_the_numbers_of_each_room_have_no_holes(database: sqlite3.Connection) -> None:
    query = """SELECT rooms.id, rooms.head, count(seq), min(seq), max(seq) FROM rooms
               LEFT JOIN events ON events.room = rooms.id GROUP BY rooms.id"""
    found = database.execute(query).fetchall()

    assert len(found) == len(DEMO["rooms"]) + len(DEMO["people"])
    for room, head, numbered, least, most in found:
        assert (numbered, most or 0) == (head, head), room
        assert least in (1, None), room


def test_time_runs_forward_in_every_room(database: sqlite3.Connection) -> None:
    for (room,) in database.execute("SELECT id FROM rooms").fetchall():
        order = "SELECT at FROM events WHERE room = ? ORDER BY seq"
        times = [at for (at,) in database.execute(order, (room,))]
        # Markers are told when they are moved, which is now.
        assert room.startswith("@") or times == sorted(times)


def test_what_was_removed_is_nowhere(database: sqlite3.Connection) -> None:
    removed = {entry["remove"] for entry in TALK if "remove" in entry}
    texts = [entry["text"] for entry in POSTS if entry.get("ref") in removed]
    kept = next(entry["text"] for entry in reversed(POSTS) if entry.get("ref") not in removed)
    assert texts

    everything = dump(database)

    assert kept.encode() in everything
    for text in texts:
        assert text.encode() not in everything
        # Not even a good part of it.
        assert text[10:50].encode() not in everything


def dump(database: sqlite3.Connection, *but: str) -> bytes:
    """Return the content of every row of every table, ``but`` some."""
    tables = [name for (name,) in database.execute(
        "SELECT name FROM sqlite_schema WHERE type = 'table'"
    )]  # fmt: skip
    values = [
        value
        for table in tables
        if table not in but
        for row in database.execute(f"SELECT * FROM {table}")
        for value in row
    ]
    return b"\n".join(v if isinstance(v, bytes) else str(v).encode() for v in values)


def test_every_event_can_be_read(database: sqlite3.Connection) -> None:
    for event, data in database.execute("SELECT event, data FROM events"):
        assert isinstance(msgspec.msgpack.decode(data), dict), event


def test_some_have_something_left_to_read(database: sqlite3.Connection) -> None:
    behind = database.execute(
        """SELECT count(*), sum(reads.seq < rooms.head) FROM reads
           JOIN rooms ON rooms.id = reads.room"""
    ).fetchone()

    assert behind[0] > len(DEMO["people"])
    assert 0 < behind[1] <= behind[0]


def test_the_sign_ins_are_for_the_owner_alone(data: Path, database: sqlite3.Connection) -> None:
    passwords = sign_ins(data)

    assert (data / "demo.txt").stat().st_mode & 0o777 == 0o600
    assert data.stat().st_mode & 0o777 == 0o700
    assert passwords.keys() == {person["handle"] for person in SLEEPERS}
    assert len(set(passwords.values())) == len(passwords)
    assert count(database, "passwords") == len(passwords)
    everything = dump(database)
    assert not any(password.encode() in everything for password in passwords.values())


async def test_a_server_takes_the_passwords_and_does_not_plant_again(
    data: Path, database: sqlite3.Connection
) -> None:
    passwords = sign_ins(data)
    signing_in_adds = ("sessions", "audit", "audit_head")
    before = dump(database, *signing_in_adds)
    roles = {person["handle"]: person.get("role", "member") for person in SLEEPERS}
    ones = [next(h for h, role in roles.items() if role == which) for which in
            ("member", "moderator", "admin")]  # fmt: skip

    async with served(data, "--demo") as server:
        assert server.line == (
            f"Curbside is at {server.origin} · demo sign-ins are in {data / 'demo.txt'}"
        )
        answers = [await open_session(server.origin, one, passwords[one]) for one in ones]
        refused = await open_session(server.origin, ones[0], passwords[ones[1]])

    assert [answer.json()["person"]["role"] for answer in answers] == [
        "member",
        "moderator",
        "admin",
    ]
    assert refused.status_code == 401
    assert sign_ins(data) == passwords
    assert dump(database, *signing_in_adds) == before


async def open_session(origin: str, handle: str, password: str) -> httpx2.Response:
    async with http_client(origin) as client:
        return await client.post("/api/session.open", json={"handle": handle, "password": password})


def test_who_plants_where_somebody_is_gets_told(data: Path, database: sqlite3.Connection) -> None:
    before = dump(database)

    ended = CliRunner().invoke(app, ["seed"], env={"CURBSIDE_DATA": str(data)})

    assert ended.exit_code == 1
    assert ended.stdout == ""
    assert ended.stderr.count("\n") == 1
    assert dump(database) == before
