"""What the doctor says: of the database, the clocks, the versions and Redis."""

import sqlite3
import time
from contextlib import closing
from pathlib import Path

import pytest

from storage import checks
from storage.checks import Checks
from tests.engines import Valkey
from tests.web.command_lines import ok, run, things
from web.cli.locks import hold


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
    assert things(beside.out) == {
        "settings", "python", "sqlite", "schema", "journal", "synchronous", "integrity", "heads",
        "disk", "server",
    }  # fmt: skip
    assert "ok  server: running" in lines
    assert "ok  server: not running" in after.out.splitlines()


def test_a_head_that_is_not_of_its_log_is_found(data: Path) -> None:
    for room in ("cardiology", "neurology"):
        ok(run(data, "room", "add", room, "--title", room.title()))
    with closing(sqlite3.connect(data / "curbside.db")) as database, database:
        database.execute("UPDATE rooms SET head = head + 1 WHERE id = 'neurology'")

    found = run(data, "doctor")

    assert found.code == 1
    assert [line for line in found.out.splitlines() if line.startswith("NO")] == [
        "NO  heads: neurology has another; restore a backup"
    ]


def test_what_is_too_old_and_a_wrong_clock_are_found(
    data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ok(run(data, "migrate"))
    monkeypatch.setitem(checks.LEAST, "sqlite", (99,))
    monkeypatch.setattr(Checks, "time", lambda _: time.time() - 90)

    found = run(data, "doctor")

    assert found.code == 1
    assert "use 99 or later" in found.out
    assert "NO  clock: the database is -90.0 s from ours; keep both by NTP" in found.out


@pytest.mark.redis
def test_redis_is_asked_where_there_is_to_be_one(data: Path, valkey: Valkey) -> None:
    ok(run(data, "migrate"))
    well = ok(run(data, "doctor", REDIS_URL=valkey.url))
    valkey.end()
    away = run(data, "doctor", REDIS_URL=valkey.url)

    assert {"redis", "clock"} <= things(well)
    assert away.code == 1
    assert "NO  redis: " in away.out
