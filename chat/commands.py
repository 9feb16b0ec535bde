"""Commands: what may be asked, each declared once.

A declaration holds the request, the reply, the handler and the right that a token needs for it. The
socket, HTTP, the command line, both API documents and the refusal tests all read that one.
"""

from collections.abc import Awaitable, Callable, Iterator
from enum import Enum
from typing import Annotated, Any, Generic, TypeVar, get_args, get_origin, get_type_hints

import msgspec

from chat.errors import BadRequest
from chat.events import ME
from chat.values import Value

Context = TypeVar("Context")
AnyRequest = TypeVar("AnyRequest", bound="Request")
AnyReply = TypeVar("AnyReply")

# Python's $ also matches before a last newline, which the rest of the pattern then refuses.
RoomId = Annotated[str, msgspec.Meta(pattern=r"^(@me|[a-z0-9-]{1,64})$(?!\n)")]
Cid = Annotated[str, msgspec.Meta(pattern=r"^[A-Za-z0-9_-]{8,64}$(?!\n)")]
Seq = Annotated[int, msgspec.Meta(ge=0)]


class Request(Value, forbid_unknown_fields=True):
    """What a command is asked with. Unknown keys are refused by name."""


class Write(Request, kw_only=True):
    """A request that changes something: the same ``cid`` again gets the first answer again."""

    cid: Cid | None = None

    def logs(self) -> tuple[str, ...]:
        """Return the logs this may write to, ``@me`` among them; they are locked before it runs."""
        room = getattr(self, "room", None)
        return (room,) if room else (ME,)


class Reply(Value, omit_defaults=True):
    """What a command answers."""


class Told(Reply):
    """The answer to most writes: where in the room's order the change stands."""

    room: str
    seq: int
    unchanged: bool = False
    duplicate: bool = False


class Runs(Enum):
    """Where a command's handler is called."""

    WRITES = "in the writer's transaction"
    READS = "on a connection of its own, which sees one moment of the database"
    LIVE = "at once on the event loop, near the connections"


class Over(Enum):
    """What a command can be reached by."""

    BOTH = "the socket and HTTP"
    SOCKET = "the socket alone"
    HTTP = "HTTP alone"


class Rate(Enum):
    """Which of an actor's limits a command counts against."""

    POSTS = "posts"
    OTHERS = "other commands"
    NONE = "not counted"


class Command(Value):
    """One declaration."""

    name: str
    request: type[Request]
    reply: type[Reply] | None
    handler: Callable[[Any, Any], Any]
    runs: Runs
    scope: str | None
    over: Over
    anonymous: bool
    rate: Rate
    secret: str | None = None

    @property
    def summary(self) -> str:
        """Return the first line of the handler's docstring."""
        return (self.handler.__doc__ or "").strip().partition("\n")[0]

    def convert(self, payload: Any) -> Any:
        """Return ``payload`` as this command's request. Raises BadRequest naming the place."""
        try:
            return msgspec.convert(payload, self.request, strict=True)
        except msgspec.ValidationError as error:
            raise BadRequest(_sentence(str(error))) from None


class Commands(Generic[Context]):
    """The commands of one module, or of all."""

    def __init__(self) -> None:
        self._commands: dict[str, Command] = {}

    def add(
        self,
        name: str,
        *,
        runs: Runs = Runs.WRITES,
        scope: str | None = None,
        over: Over = Over.BOTH,
        anonymous: bool = False,
        rate: Rate = Rate.OTHERS,
        secret: str | None = None,
    ) -> Callable[
        [Callable[[Context, AnyRequest], AnyReply]], Callable[[Context, AnyRequest], AnyReply]
    ]:
        """Declare the decorated use case as the command ``name``.

        ``scope`` is what a token must hold; without one, tokens cannot call it. An ``anonymous`` one
        needs nobody to be signed in. ``secret`` is the key of the reply that is shown once and kept
        nowhere: a retry gets the answer without it.
        """

        def declare(
            handler: Callable[[Context, AnyRequest], AnyReply],
        ) -> Callable[[Context, AnyRequest], AnyReply]:
            hints = get_type_hints(handler)
            reply = _awaited(hints.pop("return"))
            request = list(hints.values())[1]
            self._commands[name] = Command(
                name=name,
                request=request,
                reply=None if reply is type(None) else reply,
                handler=handler,
                runs=runs,
                scope=scope,
                over=over,
                anonymous=anonymous,
                rate=rate,
                secret=secret,
            )
            return handler

        return declare

    def include(self, *others: "Commands[Any]") -> None:
        """Take in the commands of other modules."""
        for other in others:
            self._commands |= other._commands

    def find(self, name: str) -> Command:
        """Return the command called ``name``. Raises BadRequest where there is none."""
        command = self._commands.get(name)
        if command is None:
            raise BadRequest(f"there is no command {name[:64]!r}")
        return command

    def __iter__(self) -> Iterator[Command]:
        return iter(sorted(self._commands.values(), key=lambda command: command.name))


def _awaited(reply: Any) -> Any:
    """Return what a handler answers in the end, where it says that it answers later."""
    return get_args(reply)[0] if get_origin(reply) is Awaitable else reply


def _sentence(error: str) -> str:
    """Return msgspec's words with the place first: ``text: Expected `str`, got `int```."""
    what, _, place = error.partition(" - at `")
    place = place.rstrip("`").removeprefix("$").removeprefix(".")
    return f"{place}: {what}" if place else what
