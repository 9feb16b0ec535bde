"""The writer: the one queue through which everything is changed, and the commit of what is queued.

While one batch is committed the next one gathers; nothing is answered or sent before its commit. The
order in which commands were put is the order in which they are decided, answered and published.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

import msgspec
import structlog

from chat.commands import Command, Reply, Request
from chat.errors import Internal, Refusal, Unavailable
from chat.events import AsOf, Envelope

BATCH_LIMIT = 256  # commands a commit; measured: more gain nothing (research: 31,000 rows/s at 64)
QUEUE_LIMIT = 8_192  # commands waiting; beyond it a refusal, not a longer wait
WAIT_LIMIT = 1.5  # seconds in the queue; looked at twice a second, so that it is refused within two
FOLLOW_AGAIN = 1.0  # seconds until what the server put itself is put again; guessed
BUSY_AGAIN = (
    0.002  # seconds; guessed: a commit takes as long, and another node's batch ends with one
)

log = structlog.get_logger(__name__)


class Ask(msgspec.Struct):
    """One command in the queue, and who is to hear its outcome. ``answer`` must not raise."""

    command: Command
    actor: Any
    request: Request
    answer: Callable[["Outcome"], None]
    since: float = 0.0
    """When it was put: seconds of the event loop's clock."""


class FollowUp(msgspec.Struct, frozen=True):
    """A command that the server itself puts, some seconds after another. It dies with the server."""

    command: Command
    actor: Any
    request: Request
    after: float


class Outcome(msgspec.Struct, kw_only=True):
    """How one command ended: its reply, or its refusal."""

    reply: Reply | dict[str, Any] | None = None
    refusal: Refusal | None = None


class Decision(msgspec.Struct):
    """How a batch ended: the outcome of each command, and all that was told, in order."""

    outcomes: list[Outcome | None]
    """None for a command that is put off: another node has its room just now."""
    told: list[Envelope]
    follow_ups: list[FollowUp] = []
    ended: list[bytes] = []
    """The digests of sessions and tokens that are worth nothing from here on."""
    as_of: dict[str, AsOf] = {}
    """Of every room that was told something."""


Decide = Callable[[Sequence[Ask]], Awaitable[Decision]]


class Writer:
    """Decides batches of commands with ``decide``, which commits or raises a Refusal for them all."""

    def __init__(self, decide: Decide, publish: Callable[[Decision], None]) -> None:
        self._decide = decide
        self._publish = publish
        self._queue: deque[Ask] = deque()
        self._put_off: list[Ask] = []
        self._woken = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._due: dict[tuple[Command, Any, Request], asyncio.TimerHandle] = {}

    def start(self) -> None:
        """Begin to take from the queue."""
        self._task = asyncio.create_task(self._run(), name="writer")

    async def stop(self) -> None:
        """Decide what is queued, then end."""
        for timer in self._due.values():
            timer.cancel()
        if self._task is not None:
            task, self._task = self._task, None
            self._woken.set()
            await task

    def __len__(self) -> int:
        return len(self._queue) + len(self._put_off)

    def put(self, ask: Ask) -> None:
        """Queue a command. Raises Unavailable where the queue is full."""
        if len(self) >= QUEUE_LIMIT:
            raise Unavailable("The server is busy. Try again shortly.", after=1.0)
        ask.since = asyncio.get_running_loop().time()
        self._queue.append(ask)
        self._woken.set()

    def refuse_overdue(self, now: float) -> None:
        """Refuse what has waited for WAIT_LIMIT by the loop's time ``now``: nothing of it was begun."""
        since = now - WAIT_LIMIT
        overdue = [ask for ask in self._put_off if ask.since <= since]
        self._put_off = [ask for ask in self._put_off if ask.since > since]
        while self._queue and self._queue[0].since <= since:
            overdue.append(self._queue.popleft())
        for ask in overdue:
            late = Unavailable("The database takes too long. Try again.", after=1.0)
            self._guarded(ask.answer, Outcome(refusal=late))

    async def _run(self) -> None:
        while len(self) or self._task is not None:
            if not len(self):
                self._woken.clear()
                await self._woken.wait()
                continue
            self.refuse_overdue(asyncio.get_running_loop().time())
            batch = self._next_batch()
            decision = await self._decision(batch)
            # No await between these two: what was committed is due to the rooms before it is answered.
            self._guarded(self._publish, decision)
            self._answer(batch, decision.outcomes)
            for follow_up in decision.follow_ups:
                self._follow_up(follow_up)
            if not self._queue and self._put_off:
                await asyncio.sleep(BUSY_AGAIN)

    def _next_batch(self) -> list[Ask]:
        """Take what was put off, which comes first in its rooms, and as much again of the queue.

        However much waits for one room, the others are served.
        """
        batch, self._put_off = self._put_off, []
        batch += [self._queue.popleft() for _ in range(min(BATCH_LIMIT, len(self._queue)))]
        return batch

    def _answer(self, batch: Sequence[Ask], outcomes: Sequence[Outcome | None]) -> None:
        """Answer what was decided, and keep what was put off."""
        for ask, outcome in zip(batch, outcomes, strict=True):
            if outcome is None:
                self._put_off.append(ask)
            else:
                self._guarded(ask.answer, outcome)

    def _guarded(self, tell: Callable[[Any], None], what: Any) -> None:
        """Tell somebody; what goes wrong there ends neither the writer nor what others are told."""
        try:
            tell(what)
        except Exception:
            log.exception("not told")

    async def _decision(self, batch: Sequence[Ask]) -> Decision:
        try:
            return await self._decide(batch)
        except Refusal as refusal:
            return Decision([Outcome(refusal=refusal)] * len(batch), [])
        except Exception:
            log.exception("batch failed", commands=len(batch))
            ended = Outcome(refusal=Internal("Something went wrong on the server."))
            return Decision([ended] * len(batch), [])

    def _follow_up(self, due: FollowUp) -> None:
        """Put it once after its seconds, however often it was asked for meanwhile."""
        key = (due.command, due.actor, due.request)
        if key in self._due:
            return

        def put() -> None:
            del self._due[key]
            try:
                self.put(Ask(due.command, due.actor, due.request, answer=hear))
            except Unavailable as refusal:
                hear(Outcome(refusal=refusal))

        def hear(outcome: Outcome) -> None:
            if isinstance(outcome.refusal, Unavailable):
                self._follow_up(msgspec.structs.replace(due, after=max(due.after, FOLLOW_AGAIN)))

        self._due[key] = asyncio.get_running_loop().call_later(due.after, put)
