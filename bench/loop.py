"""The reference: Starlette on uvicorn, a dictionary of sockets and ``await send_bytes`` to each.

It takes the frames that Curbside takes, and does for a post what a first version of any chat would:
decode, number, insert and commit the row (SQLite, WAL, synchronous=FULL, through aiosqlite), encode
once, then send to one member after the other, then answer. No accounts, rights, limits, ``cid``
uniqueness or slow clients: it is spared all that, which favours it. ``room.enter`` reads its rows
from SQL and sends missed events one by one.

    python -m uvicorn bench.loop:app
"""

import os
import time
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import aiosqlite
import msgpack
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route, WebSocketRoute
from starlette.websockets import WebSocket, WebSocketDisconnect

SCHEMA = """
CREATE TABLE IF NOT EXISTS messages (
    room TEXT, seq INTEGER, id TEXT UNIQUE, at REAL, "by" TEXT, kind TEXT, text TEXT, cid TEXT,
    PRIMARY KEY (room, seq)
) WITHOUT ROWID
"""
INSERT = "INSERT INTO messages VALUES (?, ?, ?, ?, ?, ?, ?, ?)"


class Loop:
    """Who is in which room, and the rooms' numbers."""

    def __init__(self, database: aiosqlite.Connection) -> None:
        self.database = database
        self.members: dict[str, set[WebSocket]] = {}
        self.heads: dict[str, int] = {}

    async def enter(self, websocket: WebSocket, re: Any, room: str, payload: Any) -> None:
        """Answer with the newest messages, or with every event missed; then seat the socket."""
        head = await self.head(room)
        seq, limit = payload.get("seq"), payload.get("messages", 50)
        entered: dict[str, Any] = {"room": room, "epoch": "loop", "head": head}
        where, bound = ("seq > ? ORDER BY seq LIMIT 500", seq)
        if seq is None:
            where, bound = ("seq <= ? ORDER BY seq DESC LIMIT " + str(int(limit)), head)
        query = "SELECT * FROM messages WHERE room = ? AND " + where
        rows = list(await self.database.execute_fetchall(query, (room, bound)))
        if seq is None:
            keys = ("seq", "id", "at", "by", "kind", "text")
            messages = [dict(zip(keys, row[1:], strict=False)) for row in reversed(rows)]
            ok = {**entered, "resumed": False, "snapshot": {"messages": messages}}
            await websocket.send_bytes(packed({"re": re, "ok": ok}))
        else:
            await websocket.send_bytes(packed({"re": re, "ok": {**entered, "resumed": True}}))
            for row in rows:
                await websocket.send_bytes(packed(event(*row)))
        self.members.setdefault(room, set()).add(websocket)

    async def leave(self, websocket: WebSocket, re: Any, room: str, payload: Any) -> None:
        """Unseat the socket."""
        self.members[room].discard(websocket)
        await websocket.send_bytes(packed({"re": re, "ok": {}}))

    async def post(self, websocket: WebSocket, re: Any, room: str, payload: Any) -> None:
        """Commit the message, send it to every member in turn, then answer."""
        await self.head(room)
        seq = self.heads[room] = self.heads[room] + 1  # no await between: no number is taken twice
        now = round(time.time(), 3)
        row = (room, seq, str(uuid.uuid4()), now, "p1", "text", payload["text"], payload["cid"])
        await self.database.execute(INSERT, row)
        await self.database.commit()
        frame = packed(event(*row))
        for member in list(self.members.get(room, ())):
            try:
                await member.send_bytes(frame)
            except WebSocketDisconnect:
                self.members[room].discard(member)
        ok = {"room": room, "seq": seq, "id": row[2], "at": now}
        await websocket.send_bytes(packed({"re": re, "ok": ok}))

    async def head(self, room: str) -> int:
        """Return the newest number of a room, from SQL the first time."""
        if room not in self.heads:
            query = "SELECT coalesce(max(seq), 0) FROM messages WHERE room = ?"
            [[head]] = await self.database.execute_fetchall(query, (room,))
            self.heads.setdefault(room, head)  # another post may have been here meanwhile
        return self.heads[room]


def packed(frame: Any) -> bytes:
    """Return one frame's bytes."""
    made: bytes = msgpack.packb(frame)
    return made


def event(
    room: str, seq: int, message: str, at: float, by: str, kind: str, text: str, cid: str
) -> dict[str, Any]:
    """Return the event frame of one row."""
    data = {"id": message, "cid": cid, "kind": kind, "text": text}
    return {"room": room, "seq": seq, "event": "message.posted", "at": at, "by": by, "data": data}


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
    async with aiosqlite.connect(Path(os.environ["CURBSIDE_DATA"]) / "loop.db") as database:
        await database.execute("PRAGMA journal_mode = WAL")
        await database.execute("PRAGMA synchronous = FULL")
        await database.execute(SCHEMA)
        app.state.loop = Loop(database)
        yield


app = Starlette(
    routes=[Route("/readyz", answer_ready), WebSocketRoute("/ws", serve_socket)],
    lifespan=lifespan,
)
