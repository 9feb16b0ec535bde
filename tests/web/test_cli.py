"""The command line, beside a server that runs in a process of its own.

A command runs within this one where that makes no difference: what a process costs is to load it.
"""

import asyncio
import json
import sqlite3
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import httpx2
import pytest
from typer.testing import CliRunner

from chat.errors import Close
from tests.processes import Ended, Server, curbside, free_port, served
from tests.web.talkers import Talker, talking
from web.cli import app
from web.cli.locks import hold

PASSWORD = "three quiet night shifts"
TOLD_WITHIN = 4.0  # seconds: the head check is every two

Headers = dict[str, str]


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return tmp_path / "var"


def ok(ended: Ended) -> str:
    """Return what a command printed, which did what it was asked."""
    assert (ended.code, ended.err) == (0, "")
    return ended.out.strip()


def is_one_line(err: str) -> bool:
    """Return whether an error is one line of ours that says what is wrong."""
    return err.startswith("curbside: ") and err.count("\n") == 1 and len(err) > len("curbside: .\n")


def run(data: Path, *arguments: str, stdin: str = "") -> Ended:
    """Run a command within this process."""
    ended = CliRunner().invoke(app, arguments, input=stdin, env={"CURBSIDE_DATA": str(data)})
    assert isinstance(ended.exception, SystemExit | None), ended.exception
    return Ended(ended.exit_code, ended.stdout, ended.stderr)


def add(data: Path, handle: str) -> Headers:
    """Add somebody with a token, and return the headers that they sign in by."""
    ok(run(data, "person", "add", handle))
    token = ok(run(data, "token", "add", handle, "--scope", "read", "--scope", "post"))
    return {"Authorization": f"Bearer {token}"}


@asynccontextmanager
async def asking(server: Server) -> AsyncIterator[httpx2.AsyncClient]:
    async with httpx2.AsyncClient(base_url=server.origin, trust_env=False) as client:
        yield client


# Serving.


async def test_a_first_start_prints_one_line_whose_code_makes_one_administrator(
    data: Path,
) -> None:
    person = {"handle": "ana", "name": "Ana", "password": PASSWORD}
    async with served(data) as server:
        where, _, code = server.line.strip().rpartition(" ")
        assert where == (
            f"Curbside is at {server.origin} · the first administrator signs up with the code"
        )

        async with asking(server) as http:
            wrong = await http.post("/api/session.sign_up", json={**person, "code": code[::-1]})
            first = await http.post("/api/session.sign_up", json={**person, "code": code})
            again = await http.post(
                "/api/session.sign_up", json={**person, "handle": "ben", "code": code},
                headers={"Origin": server.origin, "X-Curbside": "1"},
            )  # fmt: skip
            shown = await http.post(
                "/api/session.show", headers={"Origin": server.origin, "X-Curbside": "1"}
            )

        assert [wrong.status_code, first.status_code, again.status_code] == [401, 200, 401]
        assert shown.json()["person"]["handle"] == "ana"
        assert shown.json()["person"]["role"] == "admin"
        assert await server.stop() == ""
        assert server.process.returncode == 0
        assert code not in server.log()

    async with served(data) as server:
        assert server.line == f"Curbside is at {server.origin}\n"


async def test_a_second_server_on_the_same_data_or_port_is_refused(
    data: Path, tmp_path: Path
) -> None:
    async with served(data) as server:
        second = await curbside(data, "serve", "--port", str(free_port()))
        taken = await curbside(tmp_path / "other", "serve", "--port", str(server.port))

    for ended in (second, taken):
        assert (ended.code, ended.out) == (1, "")
        assert is_one_line(ended.err), ended.err
    assert "already" in second.err
    assert "in use" in taken.err


async def test_whoever_is_connected_when_it_stops_is_sent_elsewhere(data: Path) -> None:
    ana = add(data, "ana")
    async with served(data) as server, talking(server.socket_url, ana) as talker:
        await talker.hear()

        stopping = asyncio.ensure_future(server.stop())

        assert (await talker.signal("connection.closing"))["data"]["after"] == 0
        assert await talker.close_code() == Close.DRAINED
        assert await stopping == ""
        assert server.process.returncode == 0


# Beside a running server.


async def test_what_is_added_beside_a_running_server_is_there_at_once(data: Path) -> None:
    async with served(data) as server:
        ana = add(data, "ana")
        async with talking(server.socket_url, ana) as talker:
            assert (await talker.enter("@me"))["head"] == 0
            room = ("room", "add", "tumour-board", "--title", "Tumour board", "--private")

            async with asyncio.timeout(60) as patience:
                ok(await curbside(data, *room, "--member", "ana"))
                patience.reschedule(asyncio.get_running_loop().time() + TOLD_WITHIN)
                told = await talker.event(1, room="@me")

            assert (told["event"], told["data"]) == ("member.added", {"room": "tumour-board"})
            entered = await talker.enter("tumour-board")
            assert entered["snapshot"]["role"] == "member"
            await _join_by_each_way(data, server, talker, entered["head"])


async def _join_by_each_way(data: Path, server: Server, talker: Talker, head: int) -> None:
    """Let somebody with a password, and one with a token, join those who are there."""
    with_password = ("person", "add", "ben", "--verified", "--password-stdin")
    person = run(data, *with_password, stdin=f"{PASSWORD}\n")
    bot = run(data, "bot", "add", "pager", "--scope", "read")
    token = run(data, "token", "add", "ana", "--scope", "post")
    async with asking(server) as http:
        ben = await http.post("/api/session.open", json={"handle": "ben", "password": PASSWORD})
        assert ben.json()["person"]["id"] == ok(person)
        posted = await http.post(
            "/api/message.post", json={"room": "tumour-board", "text": "MDT at four."},
            headers={"Authorization": f"Bearer {ok(token)}"},
        )  # fmt: skip
    assert (await talker.event(posted.json()["seq"], "tumour-board"))["seq"] == head + 1
    reads = {"Authorization": f"Bearer {ok(bot)}"}
    async with talking(server.socket_url, reads) as pager:
        refused = await pager.ask("message.post", {"room": "tumour-board", "text": "x"})
        assert (await pager.ask("room.list", {}))["ok"]["rooms"] == []
    assert refused["refused"]["code"] == "forbidden"


async def test_what_is_ended_beside_a_running_server_ends_its_sockets_and_no_others(
    data: Path,
) -> None:
    ana, ben = add(data, "ana"), add(data, "ben")
    ok(run(data, "person", "add", "rowan", "--password-stdin", stdin=f"{PASSWORD}\n"))
    [listed] = ok(run(data, "token", "list", "@ana")).splitlines()
    held = json.loads(listed)
    async with AsyncExitStack() as stack:
        server = await stack.enter_async_context(served(data))
        http = await stack.enter_async_context(asking(server))
        signing_in = {"handle": "rowan", "password": PASSWORD}
        signed_in = await http.post("/api/session.open", json=signing_in)
        rowan = {
            "Cookie": f"curbside={signed_in.cookies['curbside']}", "Origin": server.origin
        }  # fmt: skip
        by_token, by_session, other = [
            await stack.enter_async_context(talking(server.socket_url, headers))
            for headers in (ana, rowan, ben)
        ]
        assert (await by_token.ask("room.list", {}))["ok"] == {"rooms": []}
        assert (await by_session.ask("room.list", {}))["ok"] == {"rooms": []}

        ok(await curbside(data, "token", "revoke", held["id"]))
        async with asyncio.timeout(TOLD_WITHIN):
            assert await by_token.close_code() == Close.SIGNED_OUT
        assert (await by_session.ask("room.list", {}))["ok"] == {"rooms": []}
        told = ok(await curbside(data, "person", "sign-out", "rowan"))
        async with asyncio.timeout(TOLD_WITHIN):
            assert await by_session.close_code() == Close.SIGNED_OUT

        assert told == "rowan: 1 sessions and 0 tokens ended"
        assert (await other.ask("room.list", {}))["ok"] == {"rooms": []}
        for headers in (ana, rowan):
            assert (await http.post("/api/session.show", headers=headers)).status_code == 401
    assert (held["scopes"], held["expires"]) == (["post", "read"], None)
    assert ok(run(data, "token", "list", "ana")) == ""


def test_whoever_is_signed_out_loses_their_tokens_only_where_that_is_asked(data: Path) -> None:
    for handle in ("ana", "ben"):
        add(data, handle)

    kept = ok(run(data, "person", "sign-out", "ana"))
    ended = ok(run(data, "person", "sign-out", "@ana", "--tokens"))

    assert kept == "ana: 0 sessions and 0 tokens ended"
    assert ended == "@ana: 0 sessions and 1 tokens ended"
    assert rows(data, "SELECT handle FROM tokens JOIN people ON person = people.id") == [("ben",)]


async def test_a_thousand_people_are_added_from_lines(data: Path) -> None:
    people = [
        {"handle": f"nurse-{n}", "specialty": "Emergency", "verified": n % 2 == 0, "role": "member"}
        for n in range(999)
    ]  # fmt: skip
    lines = [json.dumps(person) for person in [*people, {"handle": "bot-1", "scopes": ["read"]}]]

    added = ok(await curbside(data, "person", "add", "-", stdin="\n".join(lines) + "\n"))

    answers = [json.loads(line) for line in added.splitlines()]
    assert [answer["handle"] for answer in answers] == [
        *(person["handle"] for person in people), "bot-1"
    ]  # fmt: skip
    assert len({answer["id"] for answer in answers}) == 1_000
    assert ["token" in answer for answer in answers] == [False] * 999 + [True]
    assert rows(data, "SELECT count(*), sum(verified) FROM people") == [(1_000, 500)]


def rows(data: Path, query: str) -> list[Any]:
    """Return what a query finds in the database."""
    connection = sqlite3.connect(data / "curbside.db")
    try:
        return connection.execute(query).fetchall()
    finally:
        connection.close()


# Care.


async def test_what_is_restored_is_whole_and_resumes_nobody(data: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy.db"
    ana = add(data, "ana")
    ok(run(data, "room", "add", "cardiology", "--title", "Cardiology", "--member", "ana"))
    async with served(data, CURBSIDE_LIMITS="off") as server:
        async with talking(server.socket_url, ana) as talker:
            entered = await talker.enter("cardiology")
            enough = asyncio.Event()
            posting = asyncio.ensure_future(post_until(talker, enough))

            saved = await curbside(data, "backup", str(copy))
            served_still = run(data, "restore", str(copy), "--force")
            enough.set()
            last = await posting
        await server.stop()
    kept = run(data, "restore", str(copy))
    restored = run(data, "restore", str(copy), "--force")

    assert "copy.db" in ok(saved)
    assert copy.stat().st_mode & 0o777 == 0o600
    for refused in (served_still, kept):
        assert refused.code == 1
        assert is_one_line(refused.err), refused.err
    assert "restored" in ok(restored)
    async with served(data) as server, talking(server.socket_url, ana) as talker:
        position = {"epoch": entered["epoch"], "seq": entered["head"]}
        again = await talker.enter("cardiology", **position)
        own = await talker.enter("@me")
        assert again["resumed"] is False
        assert again["epoch"] != entered["epoch"]
        assert entered["head"] <= again["head"] < last, (
            "the copy was made in the midst of the posts"
        )
        assert own["resumed"] is False
        posted = await talker.ask("message.post", post(10_000))
        assert posted["ok"]["seq"] == again["head"] + 1
    numbers = [seq for (seq,) in rows(data, "SELECT seq FROM events WHERE room = 'cardiology'")]
    assert sorted(numbers) == list(range(1, again["head"] + 2))


def post(number: int) -> dict[str, Any]:
    return {"room": "cardiology", "cid": f"cid-{number:06}", "text": f"Bed {number}: BP rechecked."}


async def post_until(talker: Talker, enough: asyncio.Event) -> int:
    """Post one message after another, and return the number of the last."""
    number, seq = 0, 0
    while not enough.is_set():
        number += 1
        seq = (await talker.ask("message.post", post(number)))["ok"]["seq"]
        talker.frames.clear()
    return seq


def test_the_doctor_says_whether_all_is_well(data: Path) -> None:
    before = run(data, "doctor")
    ok(run(data, "migrate"))
    with hold(data):
        beside = run(data, "doctor")
    after = run(data, "doctor")

    assert before.code == 1
    assert "NO  database: none at" in before.out
    assert beside.code == 0
    lines = beside.out.splitlines()
    assert all(line.startswith("ok  ") for line in lines)
    assert {line[4:].partition(":")[0] for line in lines} >= {
        "schema", "journal", "synchronous", "integrity", "disk", "server"
    }  # fmt: skip
    assert "ok  server: running" in lines
    assert "ok  server: not running" in after.out.splitlines()


# Errors.


@pytest.mark.parametrize(
    ("line", "stdin", "code"),
    [
        ("person add UPPER", "", None), ("person add a", "", None),
        ("person add ana --role king", "", None), ("person add ana --password-stdin", "short\n", None),
        ("person add linden", "", 1), ("person add -", '{"handle": 7}\n', None),
        ("person add -", "no JSON\n", None), ("person add -", '{"handle": "ana", "x": 1}\n', None),
        ("person add -", '{"handle": "linden"}\n', 1),
        ("bot add pager --scope everything", "", None), ("token add nobody --scope read", "", 1),
        ("token add linden --scope everything", "", None),
        ("token revoke nothing", "", 1), ("token list nobody", "", 1), ("token revoke", "", 2),
        ("person sign-out nobody", "", 1),
        ("room add UPPER --title Upper", "", None),
        ("room add ward --title Ward --member nobody", "", 1),
        ("room add cardiology --title Cardiology", "", 1), ("restore /nowhere/copy.db --force", "", 1),
        ("backup /nowhere/copy.db", "", 1), ("seed", "", 1), ("serve --port 99999", "", 2),
        ("serve --port many", "", 2), ("paint", "", 2), ("person add", "", 2),
        ("bot add pager", "", 2), ("room add ward", "", 2), ("serve --colour", "", 2),
    ],
)  # fmt: skip
def test_an_error_is_one_line_and_changes_nothing(
    data: Path, line: str, stdin: str, code: int | None
) -> None:
    for right in ("person add linden", "room add cardiology --title Cardiology --member linden"):
        ok(run(data, *right.split()))
    before = state(data)

    ended = run(data, *line.split(), stdin=stdin)

    assert ended.code == code or (code is None and ended.code in (1, 2))
    assert ended.out == ""
    assert is_one_line(ended.err), ended.err
    assert state(data) == before


def state(data: Path) -> list[Any]:
    """Return all that could have been added."""
    tables = ("people", "rooms", "members", "events", "tokens", "passwords")
    return [rows(data, f"SELECT * FROM {table} ORDER BY 1, 2") for table in tables]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("DATABASE_URL", "postgresql://db"), ("DATABASE_URL", "sqlite:////nowhere/at/all.db"),
        ("CURBSIDE_URL", "http://chat.example.org"), ("PORT", "many"), ("REDIS_URL", "redis://one"),
        ("CURBSIDE_SECRET", "short"),
    ],
)  # fmt: skip
def test_a_wrong_setting_is_one_line_too(
    data: Path, monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    ok(run(data, "migrate"))
    monkeypatch.setenv(name, value)

    ended = run(data, "migrate")

    assert ended.code in (1, 2)
    assert is_one_line(ended.err), ended.err


@pytest.mark.parametrize("line", ["migrate", "doctor", "person add ana", "restore copy.db --force"])
def test_a_file_that_is_no_database_is_told_of_and_left_alone(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, line: str
) -> None:
    monkeypatch.chdir(tmp_path)
    ok(run(data, "migrate"))
    junk = tmp_path / "copy.db"
    junk.write_text("a letter")
    good = (data / "curbside.db").read_bytes()
    if "restore" not in line:
        monkeypatch.setenv("DATABASE_URL", f"sqlite:///{junk}")

    ended = run(data, *line.split())

    assert ended.code == 1
    if line == "doctor":
        assert "NO  database: file is not a database" in ended.out
    else:
        assert is_one_line(ended.err), ended.err
    assert junk.read_text() == "a letter"
    assert (data / "curbside.db").read_bytes() == good
    assert not list(data.glob("*.part"))


def test_a_folder_that_is_none_is_told_of(tmp_path: Path) -> None:
    (tmp_path / "file").touch()

    ended = run(tmp_path / "file", "person", "add", "ana")

    assert ended.code in (1, 2)
    assert is_one_line(ended.err), ended.err


def test_the_version_is_printed(data: Path) -> None:
    assert ok(run(data, "--version"))


async def test_an_error_of_the_real_command_is_one_line(data: Path) -> None:
    ended = await curbside(data, "person", "add", "-", stdin="\ud800")

    assert ended.code in (1, 2)
    assert is_one_line(ended.err), ended.err
