"""The plain link: what it adds where an ASGI server carries the socket."""

import asyncio
from typing import Any

import pytest

from chat.errors import Close
from tests.web.receivers import Recorder, Turns
from web.paces import FRAMES_A_TURN
from web.plain_link import PlainLink

MANY = 10 * FRAMES_A_TURN


class Queued:
    """A Starlette WebSocket whose server has many messages ready, and then the client's end."""

    def __init__(self) -> None:
        self._left = MANY

    async def receive(self) -> dict[str, Any]:
        self._left -= 1
        if self._left < 0:
            return {"type": "websocket.disconnect", "code": 1001}
        return {"type": "websocket.receive", "text": "x"}


async def test_messages_that_are_ready_come_in_many_turns() -> None:
    recorder = Recorder()
    turns = Turns(recorder)
    turns.count()
    websocket: Any = Queued()

    await PlainLink(websocket, text=True).run(recorder)

    turns.stop()
    assert len(turns.came) == MANY
    assert turns.most() <= FRAMES_A_TURN


class Deaf:
    """A Starlette WebSocket whose client takes nothing, and says nothing."""

    async def send_text(self, _text: str) -> None:
        await asyncio.Event().wait()

    async def receive(self) -> dict[str, Any]:
        await asyncio.Event().wait()
        raise AssertionError


async def test_a_client_that_reads_nothing_is_let_go_some_time_after_the_close(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("web.plain_link.CLOSE_SECONDS", 0.01)
    recorder = Recorder()
    websocket: Any = Deaf()
    link = PlainLink(websocket, text=True)
    running = asyncio.create_task(link.run(recorder))
    link.send([b"x" * 70_000])

    link.close(Close.SIGNED_OUT, "signed out")

    await asyncio.wait_for(running, 10)
    assert await recorder.next() == ("write_paused", None)
    assert await recorder.next() == ("closed", 1006)
