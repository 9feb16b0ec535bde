"""Starting and stopping a server by its command line."""

import asyncio
from pathlib import Path

from chat.errors import Close
from tests.processes import curbside, free_port, http_client, served
from tests.web.command_lines import (
    PASSWORD,
    add,
    is_one_line,
)
from tests.web.talkers import talking


async def test_a_first_start_prints_one_line_whose_code_makes_one_administrator(
    data: Path,
) -> None:
    person = {"handle": "ana", "name": "Ana", "password": PASSWORD}
    async with served(data) as server:
        where, _, code = server.line.rpartition(" ")
        assert where == (
            f"Curbside is at {server.origin} · the first administrator signs up with the code"
        )

        async with http_client(server.origin) as http:
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
        assert code not in server.log()

    async with served(data) as server:
        assert server.line == f"Curbside is at {server.origin}"


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
