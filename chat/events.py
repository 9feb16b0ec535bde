"""Events and signals: what happened in a room, and what merely passes.

An event is durable: it takes the next number in its room, is stored, sent and replayed. A signal is
fleeting: never numbered, never stored, and may be dropped. Both are declared where they are told and
find their way into the catalogues below, which documents and clients are generated from.
"""

from typing import Any, ClassVar

import msgspec

from chat.values import Value, ValueMeta

EVENTS: dict[str, type["Event"]] = {}
SIGNALS: dict[str, type["Signal"]] = {}

ME = "@me"
"""The name, on the wire, of everybody's own room."""


class _Named(ValueMeta):
    """Take ``event="noun.past"`` or ``signal="noun.gerund"`` and enter the class in its catalogue."""

    def __new__(
        mcls,
        name: str,
        bases: tuple[type, ...],
        namespace: dict[str, Any],
        *,
        event: str = "",
        signal: str = "",
        **config: Any,
    ) -> Any:
        made = super().__new__(mcls, name, bases, namespace, **config)
        made.name = event or signal
        if event:
            EVENTS[event] = made
        if signal:
            SIGNALS[signal] = made
        return made


class Event(Value, metaclass=_Named, forbid_unknown_fields=True, omit_defaults=True):
    """The ``data`` of a durable event. Fields are plain values, structs of them, or lists of these."""

    name: ClassVar[str]


class Signal(Value, metaclass=_Named, omit_defaults=True):
    """The ``data`` of a signal."""

    name: ClassVar[str]


class Voided(msgspec.Struct, frozen=True):
    """What stands in place of content that had to go; the event keeps number, name and author."""

    id: str
    voided: bool = True


class Envelope(msgspec.Struct, frozen=True):
    """One numbered event, as the log keeps it and the bus carries it. ``data`` is MessagePack."""

    room: str
    seq: int
    event: str
    at: float
    by: str | None
    data: bytes
    subject: str | None = None
    """Whose content its data carries, a message's id say: by this it is found when that must go."""
    voids: str | None = None
    """The subject whose content every earlier event of the room loses by this one."""


class AsOf(msgspec.Struct, array_like=True, frozen=True):
    """What a room's events were committed under: whose numbers they have, and which rights held."""

    epoch: str
    revision: int


def own_room(person: str) -> str:
    """Return the log of a person's own room; '@' stands in no room's id, so the two never collide."""
    return f"@{person}"


def is_own_room(room: str) -> bool:
    """Return whether a log is somebody's own room, ``@me`` to them."""
    return room.startswith("@")


def log_of(room: str, person: str) -> str:
    """Return the log that a person means by a room, ``@me`` or another; undone by ``wire_name``."""
    return own_room(person) if room == ME else room


def wire_name(room: str) -> str:
    """Return what clients call a log."""
    return ME if is_own_room(room) else room


def to_millisecond(seconds: float) -> float:
    """Return a time as the wire has it: seconds since 1970 UTC with millisecond precision."""
    return round(seconds, 3)
