"""Backups, restoring, and what the doctor says."""

import asyncio
from pathlib import Path
from typing import Any

from tests.processes import curbside, served
from tests.web.command_lines import (
    add,
    is_one_line,
    ok,
    rows,
    run,
)
from tests.web.talkers import Talker, talking
from web.cli.locks import hold


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
