"""The write lock: while another process holds it, posts are refused and reads go on."""

import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from chat.errors import Unavailable
from tests.builders import Ward
from tests.clients import Client

HOLDER = """
import sqlite3, sys
connection = sqlite3.connect(sys.argv[1], isolation_level=None)
connection.execute("BEGIN IMMEDIATE")
print("held", flush=True)
sys.stdin.readline()
connection.execute("ROLLBACK")
"""


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have every database that is opened from here on wait for less."""
    monkeypatch.setattr("storage.sqlite.BUSY_LIMIT", 0.05)


@contextmanager
def held(database: Path) -> Iterator[None]:
    """Have another process hold the write lock."""
    with subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(database)],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    ) as process:  # fmt: skip
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            assert process.stdout.readline() == "held\n"
            yield
            process.stdin.write("\n")
            process.stdin.flush()
            assert process.wait() == 0
        finally:
            process.kill()


@pytest.mark.faults
async def test_posts_are_refused_while_another_process_holds_the_lock_and_reads_go_on(
    impatient: None, ward: Ward, tmp_path: Path
) -> None:
    before = await ward.post("cardiology", "BP 150/95.", "ana")
    ana, ben = Client(ward, "ana"), Client(ward, "ben")
    await ben.enter("cardiology")
    post = {"room": "cardiology", "cid": ward.cid(), "text": "BP 140/90."}

    with held(tmp_path / "curbside.db"):
        refused = (await ana.ask("message.post", post))["refused"]
        with pytest.raises(Unavailable):
            await ward.post("cardiology", "BP 130/85.", "ben")
        shown = (await ben.ask("message.history", {"room": "cardiology"}))["ok"]
        entered = await ana.enter("cardiology")
    answer = (await ana.ask("message.post", post))["ok"]

    assert (refused["code"], refused["retry"]) == ("unavailable", True)
    assert [message["id"] for message in shown["messages"]] == [before["id"]]
    assert entered["head"] == before["seq"]
    assert answer["seq"] == before["seq"] + 1
    assert "duplicate" not in answer
    assert (await ben.event(answer["seq"]))["data"]["text"] == "BP 140/90."
    with sqlite3.connect(tmp_path / "curbside.db") as connection:
        [texts] = connection.execute("SELECT count(*) FROM messages").fetchone()
    connection.close()
    assert texts == 2
