"""Servers: a real ``curbside serve --demo``, and the people that its demo brings."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from tests.processes import Server, curbside, serving


class DemoServer(Server):
    """A server on data of its own, which keeps its port through restarts."""

    def __init__(self, data: Path, **settings: str) -> None:
        super().__init__(data, {"CURBSIDE_LOG": "json", **settings}, "--demo")
        self._data = data

    async def add_person(self, **line: Any) -> None:
        """Add somebody at the command line, while the server runs."""
        added = await curbside(self._data, "person", "add", "-", stdin=json.dumps(line))
        assert added.code == 0, added.err

    def password(self, handle: str) -> str:
        """Return a demo sign-in's password."""
        lines = (self._data / "demo.txt").read_text().splitlines()
        return next(line.split()[1] for line in lines if line.split()[0] == handle)


@asynccontextmanager
async def serving_demo(data: Path, **settings: str) -> AsyncIterator[DemoServer]:
    """Yield a running server."""
    server = DemoServer(data, **settings)
    async with serving(server):
        yield server
