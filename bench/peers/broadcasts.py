"""The room on the ``websockets`` package's own server and its ``broadcast``, as in its documentation.

It takes the frames that Curbside takes. Compression is off; all else is as the package has it.

    python -m bench.peers.broadcasts --port PORT
"""

import argparse
import asyncio
from contextlib import suppress
from typing import Any

import msgpack
from websockets.asyncio.server import ServerConnection, broadcast, serve
from websockets.exceptions import ConnectionClosed
from websockets.http11 import Request, Response
from websockets.typing import Subprotocol

from bench.rows import Rows, opened


class Rooms:
    """Who is in which room, in the order of entering."""

    def __init__(self, rows: Rows) -> None:
        self._rows = rows
        self._members: dict[str, dict[ServerConnection, None]] = {}

    async def serve_socket(self, connection: ServerConnection) -> None:
        """Serve one client to its end."""
        await connection.send(packed({"signal": "connection.welcoming", "data": {}}))
        with suppress(ConnectionClosed):
            while True:
                frame = msgpack.unpackb(await connection.recv(decode=False))
                act = self._post if frame["do"] == "message.post" else self._enter
                ok = await act(connection, frame["with"]["room"], frame["with"])
                await connection.send(packed({"re": frame["id"], "ok": ok}))
        for members in self._members.values():
            members.pop(connection, None)

    async def _enter(
        self, connection: ServerConnection, room: str, payload: dict[str, Any]
    ) -> dict[str, Any]:
        self._members.setdefault(room, {})[connection] = None
        return {"room": room, "head": await self._rows.head(room)}

    async def _post(
        self, connection: ServerConnection, room: str, payload: dict[str, Any]
    ) -> dict[str, Any]:
        row = await self._rows.add(room, payload)
        broadcast(self._members.get(room, ()), packed(row.event()))
        return row.answer()


def packed(frame: Any) -> bytes:
    """Return one frame's bytes."""
    made: bytes = msgpack.packb(frame)
    return made


def answer_ready(connection: ServerConnection, request: Request) -> Response | None:
    """Say that the server is up, to those who want no socket."""
    return connection.respond(200, "ok") if request.path == "/readyz" else None


async def main() -> None:
    """Serve until we are ended."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, required=True)
    port = parser.parse_args().port
    async with opened() as rows:
        server = serve(
            Rooms(rows).serve_socket, "127.0.0.1", port, compression=None,
            process_request=answer_ready, subprotocols=[Subprotocol("curbside.v1.msgpack")],
        )  # fmt: skip
        async with server as serving:
            await serving.serve_forever()


if __name__ == "__main__":
    asyncio.run(main())
