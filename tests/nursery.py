"""The nursery: a process that has loaded the command line and forks it: loading takes a second.

It runs nothing of the product itself, so that a fork differs from ``curbside`` in how it was loaded, in
that nothing is taken apart at its end, and in nothing else. It ends, with all its forks, when whoever
asks it does.
"""

import atexit
import gc
import json
import os
import resource
import selectors
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping, Sequence
from functools import cache, partial
from pathlib import Path
from typing import NamedTuple, Never

from tests.faults.seeded import FAULTS
from web.cli import app

ROOT = Path(__file__).parents[1]
ORDER_LIMIT = 64 * 1024  # bytes
AT_A_START = {"LD_PRELOAD", "PYTHONPATH"}  # what is read before anything of ours
STREAMS = 3  # stdin, stdout and stderr


class Order(NamedTuple):
    """What a fork is to run."""

    arguments: Sequence[str]
    environment: Mapping[str, str]
    fault: str = ""
    """Of FAULTS, what is wrong with it."""
    files: int = 0
    """How many it may open, or 0 for as many as we may."""


class Child(NamedTuple):
    """A fork, as whoever asked for it has it."""

    pid: int
    handle: int
    """Its pidfd, by which it is signalled."""
    end: int
    """From where its exit code can be read, once it has ended."""


class Nursery:
    """The way to a nursery."""

    def __init__(self) -> None:
        self._socket, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "tests.nursery", str(theirs.fileno())],
                cwd=ROOT, stdin=subprocess.DEVNULL, pass_fds=[theirs.fileno()],
            )  # fmt: skip

    def fork(self, order: Order, *streams: int) -> Child:
        """Fork, with these as its stdin, stdout and stderr."""
        end, theirs = os.pipe()
        socket.send_fds(self._socket, [json.dumps(order).encode()], [*streams, theirs])
        os.close(theirs)
        pid, [handle], _, _ = socket.recv_fds(self._socket, 16, 1)
        return Child(int(pid), handle, end)


@cache
def nursery() -> Nursery:
    """Return this process's own."""
    return Nursery()


class Forks:
    """The nursery's own side: its forks, and who is to hear how each ended."""

    def __init__(self, asked: socket.socket) -> None:
        self._asked = asked
        self._running: dict[int, Child] = {}
        self._selector = selectors.DefaultSelector()
        self._selector.register(asked, selectors.EVENT_READ)

    def next_order(self) -> Order:
        """Fork for each order. Returns in a fork alone."""
        while True:
            for key, _ in self._selector.select():
                if key.fd in self._running:
                    self._bury(self._running.pop(key.fd))
                elif (order := self._start()) is not None:
                    return order

    def _start(self) -> Order | None:
        """Return what is to be run in a new fork, None in the nursery."""
        sent, given, _, _ = socket.recv_fds(self._asked, ORDER_LIMIT, STREAMS + 1)
        if not sent:
            self._close()
        if (pid := os.fork()) == 0:
            for number, stream in enumerate(given[:STREAMS]):
                os.dup2(stream, number)
            return Order(*json.loads(sent))
        *streams, end = given
        child = Child(pid, os.pidfd_open(pid), end)
        self._running[child.handle] = child
        self._selector.register(child.handle, selectors.EVENT_READ)
        socket.send_fds(self._asked, [str(pid).encode()], [child.handle])
        for stream in streams:
            os.close(stream)
        return None

    def _bury(self, child: Child) -> None:
        code = os.waitstatus_to_exitcode(os.waitpid(child.pid, 0)[1])
        os.write(child.end, str(code).encode())
        self._selector.unregister(child.handle)
        os.close(child.end)
        os.close(child.handle)

    def _close(self) -> Never:
        for child in self._running.values():
            signal.pidfd_send_signal(child.handle, signal.SIGKILL)
        raise SystemExit


def run(order: Order) -> None:
    """Be what was ordered."""
    os.closerange(STREAMS, resource.getrlimit(resource.RLIMIT_NOFILE)[0])
    if order.files:
        resource.setrlimit(resource.RLIMIT_NOFILE, (order.files, order.files))
    if AT_A_START & order.environment.keys():
        installed = Path(sys.executable).with_name("curbside")
        os.execve(installed, [str(installed), *order.arguments], order.environment)
    os.environ.clear()
    os.environ.update(order.environment)
    sys.argv[1:] = order.arguments
    if order.fault:
        FAULTS[order.fault]()
    _run_and_leave(partial(app, prog_name="curbside"))


def _run_and_leave(work: Callable[[], object]) -> Never:
    """Do as an interpreter does at its end, but take nothing apart that is the nursery's too."""
    code = 0
    try:
        work()
    except SystemExit as ended:
        code = ended.code if isinstance(ended.code, int) else int(ended.code is not None)
    threading._shutdown()  # type: ignore[attr-defined]  # the interpreter's own wait for threads
    atexit._run_exitfuncs()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


if __name__ == "__main__":
    gc.freeze()
    run(Forks(socket.socket(fileno=int(sys.argv[1]))).next_order())
