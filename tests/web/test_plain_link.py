"""The plain link: what it adds where an ASGI server carries the socket."""

from typing import Any

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
