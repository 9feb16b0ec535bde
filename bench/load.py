"""The load client: thousands of raw sockets to one server or several, on one thread.

Watched sockets are read at once. Those that only count are swept now and then and in slices,
so that one read takes many frames, no server pays for waking us, and no timed frame waits long.
"""

import base64
import os
import select
import socket
import time
from collections.abc import Callable, Sequence
from typing import Any, Self, TypeVar

from bench.wire import PATIENCE, Lost, Member, Seen, Watched

SUBPROTOCOL = "curbside.v1.msgpack"
BUFFER = 256 * 1024  # bytes a read; as much as a server may join into one write
SWEEP = 0.1  # seconds; measured: half the client's CPU, and some 25 KiB wait in each socket
SLICE = 32  # sockets; some 0.1 ms, by which a timed frame may be read late
AT_ONCE = 64  # sockets opened or seated; guessed: far below every listener's backlog
RESPONSE_LIMIT = 64 * 1024  # bytes of an answer to the upgrade

Kind = TypeVar("Kind", bound=Member)


class Load:
    """All sockets, to the server on a port unless others are named. It closes them on leaving."""

    def __init__(self, port: int, sweep: float = SWEEP) -> None:
        self._sweep = sweep  # seconds
        self._port = port
        self._watched = select.epoll()
        self._counted = select.epoll()
        self._due = 0.0  # when to sweep next
        self._buffer = bytearray(BUFFER)
        self._members: dict[int, Member] = {}
        self._asked = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._watched.close()
        self._counted.close()
        for member in self._members.values():
            member.sock.close()

    @property
    def events(self) -> int:
        """Return how many events all sockets have counted."""
        return sum(member.events for member in self._members.values())

    @property
    def size(self) -> int:
        """Return how many sockets are open."""
        return len(self._members)

    def open(self, tokens: Sequence[str], kind: type[Kind], port: int | None = None) -> list[Kind]:
        """Open one socket for each token, to another server by its port; all are welcome on return."""
        opened: list[Kind] = []
        for start in range(0, len(tokens), AT_ONCE):
            socks = [
                self._connect(token, port or self._port, kind.PATH)
                for token in tokens[start : start + AT_ONCE]
            ]
            batch = [self._upgraded(sock, kind) for sock in socks]
            self._hear(batch, [0] * len(batch))
            opened += batch
        for member in opened:
            if isinstance(member, Watched):
                member.seen.popleft()
        return opened

    def turn(self, seconds: float) -> None:
        """Read what has come, waiting at most so long for a watched socket or the next sweep."""
        wait = min(seconds, self._due - time.perf_counter())
        self._read(self._watched.poll(max(0.0, wait)))
        if time.perf_counter() >= self._due:
            ready = self._counted.poll(0, SLICE)
            self._read(ready)
            if len(ready) < SLICE:
                self._due = time.perf_counter() + self._sweep

    def _read(self, ready: list[tuple[int, int]]) -> None:
        buffer, members = self._buffer, self._members
        for fd, _ in ready:
            member = members[fd]
            try:
                size = member.sock.recv_into(buffer)
            except ConnectionResetError:
                size = 0
            if not size:
                raise Lost("the server closed a socket without a word")
            member.take(buffer, size)

    def until(self, is_done: Callable[[], bool], patience: float = PATIENCE) -> None:
        """Take turns until something holds. Raises Lost after ``patience`` seconds."""
        end = time.perf_counter() + patience
        while not is_done():
            if time.perf_counter() > end:
                raise Lost(f"waited {patience:g} s in vain")
            self.turn(0.1)

    def rest(self, seconds: float) -> None:
        """Take turns for so long, so that pings are answered."""
        end = time.perf_counter() + seconds
        while (left := end - time.perf_counter()) > 0:
            self.turn(left)

    def call(self, member: Watched, do: str, **payload: Any) -> dict[str, Any]:
        """Run one command and return what it answers; other frames of this socket are dropped."""
        self._asked += 1
        re = -self._asked  # benches number their own commands from 0 up
        member.ask(re, do, **payload)
        answers: list[Seen] = []

        def is_answered() -> bool:
            while member.seen:
                seen = member.seen.popleft()
                if seen.frame.get("re") == re:
                    answers.append(seen)
            return bool(answers)

        self.until(is_answered)
        return answer(answers[0].frame)

    def enter(self, members: Sequence[Member], room: str) -> None:
        """Seat all in a room without a snapshot's messages; each has its answer on return."""
        for start in range(0, len(members), AT_ONCE):
            batch = members[start : start + AT_ONCE]
            before = [member.events + member.others for member in batch]
            for member in batch:
                member.ask(0, "room.enter", room=room, messages=0, signals=False)
            self._hear(batch, before)
        for member in members:
            if isinstance(member, Watched):
                answer(member.seen.popleft().frame)

    def _hear(self, members: Sequence[Member], before: Sequence[int]) -> None:
        """Wait until each has heard more frames than ``before``."""
        heard = list(zip(members, before, strict=True))
        self.until(lambda: all(member.events + member.others > count for member, count in heard))

    def _connect(self, token: str, port: int, path: str) -> socket.socket:
        host = "127.0.0.1"
        sock = socket.create_connection((host, port), PATIENCE)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        key = base64.b64encode(os.urandom(16)).decode()
        lines = (
            f"GET {path} HTTP/1.1", f"Host: {host}:{port}", "Connection: Upgrade",
            "Upgrade: websocket", "Sec-WebSocket-Version: 13", f"Sec-WebSocket-Key: {key}",
            f"Sec-WebSocket-Protocol: {SUBPROTOCOL}", f"Authorization: Bearer {token}", "", "",
        )  # fmt: skip
        sock.sendall("\r\n".join(lines).encode())
        return sock

    def _upgraded(self, sock: socket.socket, kind: type[Kind]) -> Kind:
        """Read the answer to the upgrade; what follows it in the same read are frames."""
        held = b""
        while b"\r\n\r\n" not in held:
            read = sock.recv(RESPONSE_LIMIT)
            held += read
            if not read or len(held) > RESPONSE_LIMIT:
                raise Lost(f"no answer to the upgrade: {held[:200]!r}")
        head, _, frames = held.partition(b"\r\n\r\n")
        if not head.startswith(b"HTTP/1.1 101 "):
            raise Lost(f"refused before the upgrade: {held[:400].decode(errors='replace')}")
        sock.setblocking(False)
        member = kind(sock)
        self._members[sock.fileno()] = member
        epoll = self._watched if isinstance(member, Watched) else self._counted
        epoll.register(sock, select.EPOLLIN)
        member.take(bytearray(frames), len(frames))
        return member


def answer(frame: dict[str, Any]) -> dict[str, Any]:
    """Return what a command answered. Raises Lost where it was refused."""
    if "ok" not in frame:
        raise Lost(f"not answered but {frame}")
    ok: dict[str, Any] = frame["ok"]
    return ok
