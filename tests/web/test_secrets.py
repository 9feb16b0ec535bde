"""Secrets: a real server's log, after a conversation and its failures, holds nothing that was said."""

import json
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from tests.processes import Server, http_client, served
from tests.web.talkers import Refused, Talker, talking
from web.cli import app

PASSWORD = "three-quiet-night-shifts"
SAID = "Bed-four-has-a-potassium-of-seven"


def run(data: Path, *arguments: str, stdin: str = "") -> str:
    ended = CliRunner().invoke(app, arguments, input=stdin, env={"CURBSIDE_DATA": str(data)})
    assert ended.exit_code == 0, ended.stderr
    return ended.stdout.strip()


async def test_a_log_holds_nothing_that_was_said_and_nothing_to_sign_in_by(tmp_path: Path) -> None:
    data = tmp_path / "var"
    run(data, "person", "add", "ana", "--password-stdin", stdin=f"{PASSWORD}\n")
    run(data, "room", "add", "cardiology", "--title", "Cardiology", "--member", "ana")
    token = run(data, "token", "add", "ana", "--scope", "read", "--scope", "post")
    async with served(data, CURBSIDE_LOG="json", CURBSIDE_LIMITS="off") as server:
        cookie = await converse(server, token)
        await fail(server, data, token)
        await server.stop()
        written = server.log()

    events = [json.loads(line)["event"] for line in written.splitlines()]
    assert "batch failed" in events, "the failure is told of"
    assert "Traceback" in written or "exception" in written
    secrets = [PASSWORD, SAID, token, token[4:], cookie, f"{SAID}-on-the-socket"]
    assert [secret for secret in secrets if secret in written] == []


async def converse(server: Server, token: str) -> str:
    """Sign in, talk, and do wrong in every way; return the cookie's secret."""
    bearer = {"Authorization": f"Bearer {token}"}
    async with http_client(server.origin) as client:
        opened = await client.post(
            "/api/session.open", json={"handle": "ana", "password": PASSWORD}
        )
        await client.post("/api/session.open", json={"handle": "ana", "password": PASSWORD * 2})
        own = {"Origin": server.origin, "X-Curbside": "1"}
        posted = await client.post("/api/message.post", json=message("c-000001"), headers=own)
        wrong = await client.post("/api/message.post", content=b"{" + SAID.encode(), headers=own)
        unread = await client.get(f"/api/rooms/cardiology/messages?query={SAID}")
        nowhere = await client.get(f"/{SAID}?token={token}")
        statuses = [answer.status_code for answer in (opened, posted, wrong, unread, nowhere)]
        assert statuses == [200, 200, 400, 400, 404]
        cookie = client.cookies["curbside"]
    async with talking(server.socket_url, bearer) as talker:
        await talker.enter("cardiology")
        await talker.ask("message.post", message("c-000002"))
        await talker.send(b'{"id": 1, "do": "message.post", "with": "' + SAID.encode())
        await talker.close_code()
    await knock(server.socket_url, {"Cookie": f"curbside={cookie}", "Origin": "https://evil.test"})
    return cookie


def message(cid: str) -> dict[str, Any]:
    return {"room": "cardiology", "cid": cid, "text": SAID}


async def knock(url: str, headers: dict[str, str]) -> None:
    """Try to connect from another site's page."""
    with pytest.raises(Refused) as refused:
        async with talking(url, headers):
            pass
    assert refused.value.status == 403


async def fail(server: Server, data: Path, token: str) -> None:
    """Have the next post fail in the database: somebody has taken its number behind our back."""
    with closing(sqlite3.connect(data / "curbside.db")) as connection, connection:
        connection.execute(
            """INSERT INTO messages SELECT room, (SELECT head + 1 FROM rooms WHERE id = room), 'x',
               at, "by", kind, 'x', version, NULL, NULL, NULL, NULL, NULL
               FROM messages WHERE room = 'cardiology' LIMIT 1"""
        )
    headers = {"Authorization": f"Bearer {token}"}
    async with http_client(server.origin) as client:
        answer = await client.post("/api/message.post", json=message("c-000003"), headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (500, "internal")
    assert SAID not in answer.text
    async with talking(server.socket_url, headers) as talker:
        await refused_on(talker)


async def refused_on(talker: Talker) -> None:
    payload = {**message("c-000004"), "text": f"{SAID}-on-the-socket"}
    answer = await talker.ask("message.post", payload)
    assert answer["refused"]["code"] == "internal"
    assert SAID not in json.dumps(answer)
