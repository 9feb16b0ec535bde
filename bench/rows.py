"""Rows: how the references number a message, commit it, and show it.

One connection of aiosqlite, with WAL and synchronous=FULL, and a commit for each message. Handlers
share the connection, so that what others have inserted meanwhile goes with a commit: that favours them.
"""

import os
import time
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, NamedTuple

import aiosqlite

SCHEMA = Path(__file__).with_name("messages.sql")


class Row(NamedTuple):
    """One message, as it is stored."""

    room: str
    seq: int
    id: str
    at: float
    by: str
    kind: str
    text: str
    cid: str

    def event(self) -> dict[str, Any]:
        """Return what the room is told."""
        data = {"id": self.id, "cid": self.cid, "kind": self.kind, "text": self.text}
        place = {"room": self.room, "seq": self.seq}
        return {**place, "event": "message.posted", "at": self.at, "by": self.by, "data": data}

    def answer(self) -> dict[str, Any]:
        """Return what its author is told."""
        return {"room": self.room, "seq": self.seq, "id": self.id, "at": self.at}


class Rows:
    """All messages, and the newest number of each room."""

    def __init__(self, database: aiosqlite.Connection) -> None:
        self.database = database
        self._heads: dict[str, int] = {}

    async def add(self, room: str, payload: dict[str, Any]) -> Row:
        """Return the message once it is on the disk."""
        await self.head(room)
        seq = self._heads[room] = self._heads[room] + 1  # no await between: none is taken twice
        now = round(time.time(), 3)
        row = Row(room, seq, str(uuid.uuid4()), now, "p1", "text", payload["text"], payload["cid"])
        await self.database.execute("INSERT INTO messages VALUES (?, ?, ?, ?, ?, ?, ?, ?)", row)
        await self.database.commit()
        return row

    async def head(self, room: str) -> int:
        """Return the newest number of a room, from SQL the first time."""
        if room not in self._heads:
            query = "SELECT coalesce(max(seq), 0) FROM messages WHERE room = ?"
            [[head]] = await self.database.execute_fetchall(query, (room,))
            self._heads.setdefault(room, head)  # another post may have been here meanwhile
        return self._heads[room]


@asynccontextmanager
async def opened() -> AsyncIterator[Rows]:
    """Hold the database open that BENCH_DATABASE names."""
    async with aiosqlite.connect(os.environ["BENCH_DATABASE"]) as database:
        await database.execute("PRAGMA journal_mode = WAL")
        await database.execute("PRAGMA synchronous = FULL")
        await database.execute(SCHEMA.read_text())
        yield Rows(database)
