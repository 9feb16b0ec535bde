"""Backups and restoring: one sealed file for either engine, made while a server runs."""

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from storage.archives import ROWS
from storage.engines import POSTGRESQL, open_database
from storage.seals import make_identity, opening, recipient_of, sealing
from storage.tables import metadata
from tests.databases import EVERY_ENGINE, Cluster
from tests.processes import PATIENCE, Ended, curbside, served
from tests.waiting import until
from tests.web.command_lines import add, is_one_line, ok, rows, run
from tests.web.talkers import Talker, talking

ENGINES = EVERY_ENGINE

Tables = dict[str, list[tuple[Any, ...]]]


@pytest.fixture
def url(engine: str, data: Path, request: pytest.FixtureRequest) -> str:
    """Return where a database is without any table."""
    if engine == POSTGRESQL:
        cluster: Cluster = request.getfixturevalue("postgresql")
        return cluster.new()
    return f"sqlite:///{data / 'curbside.db'}"


def all_rows(url: str) -> Tables:
    """Return every row of every table, in no order that an engine has of its own."""
    database = open_database(url)
    found = database.write(lambda sql: {
        table.name: sorted(map(tuple, sql.execute(select(table))), key=repr)
        for table in metadata.sorted_tables
    })  # fmt: skip
    database.close_writer()
    return found


async def test_what_is_restored_is_whole_and_resumes_nobody(
    data: Path, tmp_path: Path, url: str
) -> None:
    async def command(*arguments: str) -> Ended:
        return await curbside(data, *arguments, DATABASE_URL=url)

    file = tmp_path / "copy.age"
    ok(await command("room", "add", "cardiology", "--title", "Cardiology"))
    token = await command("bot", "add", "ana", "--scope", "read", "--scope", "post")
    ok(await command("room", "add", "ward", "--title", "Ward", "--member", "ana"))
    ana = {"Authorization": f"Bearer {ok(token)}"}
    async with served(data, CURBSIDE_LIMITS="off", DATABASE_URL=url) as server:
        async with talking(server.socket_url, ana) as talker:
            entered = await talker.enter("ward")
            enough, answered = asyncio.Event(), [0]
            posting = asyncio.ensure_future(post_until(talker, enough, answered))
            await until(lambda: len(answered) > 20, PATIENCE)
            before = answered[-1]

            saved = await command("backup", str(file))
            served_still = await command("restore", str(file), "--force")
            enough.set()
            await posting
        await server.stop()
    kept = await command("restore", str(file))
    restored = await command("restore", str(file), "--force")

    assert (saved.code, saved.out.startswith(f"{file}: ")) == (0, True)
    assert "keep a copy" in saved.err
    assert is_one_line(saved.err)
    assert file.stat().st_mode & 0o777 == 0o600
    assert (data / "backup.key").stat().st_mode & 0o777 == 0o600
    for refused, why in ((served_still, "server is running"), (kept, "--force")):
        assert (refused.code, refused.out) == (1, "")
        assert is_one_line(refused.err), refused.err
        assert why in refused.err
    assert "restored" in ok(restored)
    assert "whole" in ok(await command("audit", "verify"))
    async with served(data, DATABASE_URL=url) as server, talking(server.socket_url, ana) as talker:
        position = {"epoch": entered["epoch"], "seq": entered["head"]}
        again = await talker.enter("ward", **position)
        own = await talker.enter("@me")
        assert again["resumed"] is False
        assert again["epoch"] != entered["epoch"]
        assert before <= again["head"] < answered[-1], "it was made in the midst of the posts"
        assert own["resumed"] is False
        posted = await talker.ask("message.post", post(10_000))
        assert posted["ok"]["seq"] == again["head"] + 1
        await server.stop()
    assert "NO" not in ok(await command("doctor"))  # heads are as the logs have them


def post(number: int) -> dict[str, Any]:
    return {"room": "ward", "cid": f"cid-{number:06}", "text": f"Bed {number}: BP rechecked."}


async def post_until(talker: Talker, enough: asyncio.Event, answered: list[int]) -> None:
    """Post one message after another, noting the number of each that was answered."""
    number = 0
    while not enough.is_set():
        number += 1
        answered.append((await talker.ask("message.post", post(number)))["ok"]["seq"])
        talker.frames.clear()


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Return a folder with the demo content, and an archive of it: once, for it takes a second."""
    data = tmp_path_factory.mktemp("demo") / "var"
    file = data.with_name("demo.age")
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr("web.seed.hash_all", lambda passwords: ["$argon2id$"] * len(passwords))
        ok(run(data, "seed"))
    assert run(data, "backup", str(file)).code == 0
    return data, file


def test_every_row_goes_from_one_engine_into_either(
    demo: tuple[Path, Path], data: Path, tmp_path: Path, url: str
) -> None:
    furnished, file = demo
    original = all_rows(f"sqlite:///{furnished / 'curbside.db'}")
    key = ("--key", str(furnished / "backup.key"))

    there = run(data, "restore", str(file), *key, DATABASE_URL=url)
    again = run(data, "backup", str(tmp_path / "again.age"), DATABASE_URL=url)
    back = run(tmp_path / "back", "restore", str(tmp_path / "again.age"), "--key",
               str(data / "backup.key"))  # fmt: skip

    assert ok(there) == f"{file}: {sum(map(len, original.values())):,} rows restored"
    assert again.code == 0
    ok(back)
    at_end = f"sqlite:///{tmp_path / 'back' / 'curbside.db'}"
    for restores, found in ((1, all_rows(url)), (2, all_rows(at_end))):
        assert epochs(found).isdisjoint(epochs(original))
        assert comparable(found, acts=len(original["audit"])) == comparable(original)
        assert len(found["audit"]) == len(original["audit"]) + restores
    assert "whole" in ok(run(data, "audit", "verify", DATABASE_URL=url))


def epochs(tables: Tables) -> set[str]:
    place = metadata.tables["rooms"].c.keys().index("epoch")
    return {row[place] for row in tables["rooms"]}


def comparable(tables: Tables, acts: int | None = None) -> Tables:
    """Return all rows without the epochs, and without what is recorded of the restoring itself."""
    place = metadata.tables["rooms"].c.keys().index("epoch")
    rooms = [row[:place] + row[place + 1 :] for row in tables["rooms"]]
    audit = sorted(tables["audit"])[:acts]
    return {**tables, "rooms": rooms, "audit": audit, "audit_head": []}


@pytest.fixture
def archive(data: Path, tmp_path: Path) -> Path:
    """Return an archive of a small database, which has somebody in it."""
    add(data, "ana")
    file = tmp_path / "copy.age"
    assert run(data, "backup", str(file)).code == 0
    return file


def state(data: Path) -> list[Any]:
    return [rows(data, f"SELECT * FROM {table}") for table in ("people", "rooms", "audit")]


def flip(content: bytes) -> bytes:
    return content[:-50] + bytes([content[-50] ^ 1]) + content[-49:]


@pytest.mark.parametrize(
    ("spoil", "told"),
    [
        (flip, "damaged"), (lambda it: it[:-1], "its end is missing"),
        (lambda it: it[:99], "no archive"),
        (lambda _: b"a letter", "no archive"), (lambda _: b"", "no archive"),
    ],
    ids=["flipped", "cut", "cut short", "letter", "nothing"],
)  # fmt: skip
def test_a_file_that_is_not_as_it_was_written_is_refused(
    archive: Path, data: Path, spoil: Callable[[bytes], bytes], told: str
) -> None:
    archive.write_bytes(spoil(archive.read_bytes()))

    assert_refused(data, archive, told)


def test_an_archive_that_another_program_sealed_is_refused(archive: Path, data: Path) -> None:
    key = (data / "backup.key").read_text().splitlines()[-1]
    with archive.open("wb") as file, sealing(file, recipient_of(key)) as sealed:
        sealed.write(b"a letter")

    assert_refused(data, archive, "no archive of Curbside's")


def test_only_the_right_key_will_do(archive: Path, data: Path, tmp_path: Path) -> None:
    other = tmp_path / "other.key"
    other.write_text(make_identity())
    empty = tmp_path / "empty.key"
    empty.write_text("# nothing\n")

    assert_refused(data, archive, "another key", "--key", str(other))
    assert_refused(data, archive, "no key in", "--key", str(empty))
    assert_refused(data, archive, "--key", "--key", str(tmp_path / "none.key"))


def assert_refused(data: Path, archive: Path, told: str, *options: str) -> None:
    """Find that restoring says in one line what is wrong, and changes nothing."""
    before = state(data)

    ended = run(data, "restore", str(archive), "--force", *options)

    assert (ended.code, ended.out) == (1, "")
    assert is_one_line(ended.err), ended.err
    assert told in ended.err
    assert state(data) == before
    assert not list(data.glob("*.part"))


def test_what_is_for_a_recipient_this_machine_cannot_read(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    identity, file, key = make_identity(), tmp_path / "copy.age", tmp_path / "theirs.key"
    key.write_text(f"# kept in a safe\n{identity}\n")
    monkeypatch.setenv("CURBSIDE_BACKUP_RECIPIENT", recipient_of(identity))
    add(data, "ana")

    ok(run(data, "backup", str(file)))

    assert not (data / "backup.key").exists()
    refused = run(data, "restore", str(file), "--force")
    assert refused.code == 1
    assert is_one_line(refused.err), refused.err
    assert "restored" in ok(run(data, "restore", str(file), "--force", "--key", str(key)))


def test_a_key_is_made_once_and_one_is_told_of_it(archive: Path, data: Path) -> None:
    key = (data / "backup.key").read_text()

    again = run(data, "backup", str(archive))

    assert ok(again)
    assert (data / "backup.key").read_text() == key
    assert not list(archive.parent.glob("*.part"))


def test_a_backup_does_not_overwrite_what_it_is_of(archive: Path, data: Path) -> None:
    for name in ("curbside.db", "backup.key"):
        content = (data / name).read_bytes()

        refused = run(data, "backup", str(data / name))

        assert refused.code == 1
        assert is_one_line(refused.err), refused.err
        assert (data / name).read_bytes() == content


def test_nothing_of_the_content_is_in_the_clear(archive: Path, data: Path) -> None:
    key = (data / "backup.key").read_text().splitlines()[-1]
    with archive.open("rb") as file, opening(file, key) as opened:
        content = opened.read()

    assert content.startswith(b"\x1f\x8b")  # gzip's
    for word in (b"ana", b"manifest", ROWS.encode() + b"/"):
        assert word not in archive.read_bytes()
