"""What the command line changes beside a running server."""

import asyncio
import json
from contextlib import AsyncExitStack
from pathlib import Path

from chat.errors import Close
from tests.processes import Server, curbside, http_client, served
from tests.web.command_lines import (
    PASSWORD,
    TOLD_WITHIN,
    add,
    ok,
    rows,
    run,
)
from tests.web.talkers import Talker, talking


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
    async with http_client(server.origin) as http:
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
        http = await stack.enter_async_context(http_client(server.origin))
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
