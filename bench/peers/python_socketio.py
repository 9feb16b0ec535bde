"""The room on python-socketio, as an ASGI application, by WebSocket alone.

python -m uvicorn bench.peers.python_socketio:app
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import socketio  # type: ignore[import-not-found] # the peers' packages are no part of our environment
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from bench.rows import Row, opened

server = socketio.AsyncServer(async_mode="asgi", transports=["websocket"])


async def enter(sid: str, payload: dict[str, Any]) -> dict[str, Any]:
    """Seat the socket."""
    room = payload["room"]
    await server.enter_room(sid, room)
    return {"room": room, "head": await beside.state.rows.head(room)}


async def post(sid: str, payload: dict[str, Any]) -> dict[str, Any]:
    """Commit the message, emit it to the room, then answer."""
    row: Row = await beside.state.rows.add(payload["room"], payload)
    await server.emit("event", row.event(), room=row.room)
    return row.answer()


async def answer_ready(request: Request) -> PlainTextResponse:
    """Say that the server is up."""
    return PlainTextResponse("ok")


@asynccontextmanager
async def lifespan(app: Starlette) -> AsyncIterator[None]:
    """Hold the database open."""
    async with opened() as app.state.rows:
        yield


server.on("room.enter", enter)
server.on("message.post", post)
beside = Starlette(routes=[Route("/readyz", answer_ready)], lifespan=lifespan)
app = socketio.ASGIApp(server, beside)
