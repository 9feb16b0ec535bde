"""Logs that nobody takes, for want of a disk or of a reader: the server serves on, and ends well."""

import os
import signal
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from tests.nursery import Order
from tests.processes import Process, environment, free_port, http_client
from tests.waiting import until
from tests.web.command_lines import add, ok, run

FULL = Path("/dev/full")
POSTS = 20


@contextmanager
def unread(place: Path) -> Iterator[Path]:
    """Yield a pipe that is full, and that nobody reads."""
    os.mkfifo(place)
    pipe = os.open(place, os.O_RDWR | os.O_NONBLOCK)
    with suppress(BlockingIOError):
        while True:
            os.write(pipe, b"." * 4096)
    try:
        yield place
    finally:
        os.close(pipe)


def listens(port: int) -> bool:
    with socket.socket() as tried:
        return tried.connect_ex(("127.0.0.1", port)) == 0


@pytest.mark.faults
@pytest.mark.parametrize("kind", ["full", "unread"])
async def test_posts_are_answered_though_no_log_can_be_written(tmp_path: Path, kind: str) -> None:
    data, port = tmp_path / "var", free_port()
    headers = add(data, "ana")
    ok(run(data, "room", "add", "cardiology", "--title", "Cardiology", "--member", "ana"))
    # The first thing that it logs is that there are no limits, before it listens to anybody.
    order = Order(
        ("serve", "--port", str(port)),
        environment(data, CURBSIDE_LIMITS="off", CURBSIDE_LOG="json"),
    )

    with unread(tmp_path / "pipe") as pipe:
        process = Process(order, out=FULL, err=FULL if kind == "full" else pipe)
        try:
            await until(lambda: listens(port))
            async with http_client(f"http://127.0.0.1:{port}", headers) as http:
                answers = [
                    await http.post("/api/message.post", json={"room": "cardiology", "text": text})
                    for text in (f"BP 140/{80 + n}." for n in range(POSTS))
                ]
            process.send_signal(signal.SIGTERM)
            code = await process.wait()
        finally:
            process.kill()

    assert [answer.status_code for answer in answers] == [200] * POSTS
    assert [answer.json()["seq"] for answer in answers[1:]] == [
        answer.json()["seq"] + 1 for answer in answers[:-1]
    ]
    assert code == 0
