"""The reference: Starlette on uvicorn, a dictionary of sockets and ``await send_bytes`` to each.

It takes the frames that Curbside takes, and does for a post what a first version of any chat would:
decode, number, insert and commit the row (SQLite, WAL, synchronous=FULL, through aiosqlite), encode
once, then send to one member after the other, then answer. No accounts, rights, limits, ``cid``
uniqueness or slow clients: it is spared all that, which favours it. ``room.enter`` reads its rows
from SQL and sends missed events one by one.

    python -m uvicorn bench.loop:app
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any

import msgpack
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route, WebSocketRoute
from starlette.websockets import WebSocket, WebSocketDisconnect

from bench.rows import Row, Rows, opened


class Loop:
    """Who is in which room."""

    def __init__(self, rows: Rows) -> None:
        self.rows = rows
        self.members: dict[str, set[WebSocket]] = {}

    async def enter(self, websocket: WebSocket, re: Any, room: str, payload: Any) -> None:
        """Answer with the newest messages, or with every event missed; then seat the socket."""
        head = await self.rows.head(room)
        seq, limit = payload.get("seq"), payload.get("messages", 50)
        entered: dict[str, Any] = {"room": room, "epoch": "loop", "head": head}
        where, bound = ("seq > ? ORDER BY seq LIMIT 500", seq)
        if seq is None:
            where, bound = ("seq <= ? ORDER BY seq DESC LIMIT " + str(int(limit)), head)
        query = "SELECT * FROM messages WHERE room = ? AND " + where
        rows = list(await self.rows.database.execute_fetchall(query, (room, bound)))
        if seq is None:
            keys = ("seq", "id", "at", "by", "kind", "text")
            messages = [dict(zip(keys, row[1:], strict=False)) for row in reversed(rows)]
            ok = {**entered, "resumed": False, "snapshot": {"messages": messages}}
            await websocket.send_bytes(packed({"re": re, "ok": ok}))
        else:
            await websocket.send_bytes(packed({"re": re, "ok": {**entered, "resumed": True}}))
            for row in rows:
                await websocket.send_bytes(packed(Row(*row).event()))
        self.members.setdefault(room, set()).add(websocket)

    async def leave(self, websocket: WebSocket, re: Any, room: str, payload: Any) -> None:
        """Unseat the socket."""
        self.members[room].discard(websocket)
        await websocket.send_bytes(packed({"re": re, "ok": {}}))

    async def post(self, websocket: WebSocket, re: Any, room: str, payload: Any) -> None:
        """Commit the message, send it to every member in turn, then answer."""
        row = await self.rows.add(room, payload)
        frame = packed(row.event())
        for member in list(self.members.get(room, ())):
            try:
                await member.send_bytes(frame)
            except WebSocketDisconnect:
                self.members[room].discard(member)
        await websocket.send_bytes(packed({"re": re, "ok": row.answer()}))


def packed(frame: Any) -> bytes:
    """Return one frame's bytes."""
    made: bytes = msgpack.packb(frame)
    return made


async def serve_socket(websocket: WebSocket) -> None:
    """Serve one client to its end."""
    loop: Loop = websocket.app.state.loop
    await websocket.accept("curbside.v1.msgpack")
    await websocket.send_bytes(packed({"signal": "connection.welcoming", "data": {}}))
    with suppress(WebSocketDisconnect):
        while True:
            frame = msgpack.unpackb(await websocket.receive_bytes())
            await getattr(loop, frame["do"].partition(".")[2])(
                websocket, frame["id"], frame["with"]["room"], frame["with"]
            )
    for members in loop.members.values():
        members.discard(websocket)


async def answer_ready(request: Request) -> PlainTextResponse:
    """Say that the server is up."""
    return PlainTextResponse("ok")


@asynccontextmanager
async def lifespan(app: Starlette) -> AsyncIterator[None]:
    """Hold the database open."""
    async with opened() as rows:
        app.state.loop = Loop(rows)
        yield


app = Starlette(
    routes=[Route("/readyz", answer_ready), WebSocketRoute("/ws", serve_socket)],
    lifespan=lifespan,
)
