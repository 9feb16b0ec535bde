"""Notes: what nodes tell one another of who is here. Nobody is told again what was lost."""

import msgspec

from presence.people import Chosen


class _Note(msgspec.Struct, array_like=True, frozen=True):
    """Fields are only added, at the end and with a default: versions run side by side."""


class Alive(_Note, frozen=True, tag="alive"):
    """That the node runs; one that is ``new`` to what goes on wants to be told all."""

    new: bool = False


class Gone(_Note, frozen=True, tag="gone"):
    """That the node ends."""


class Who(_Note, frozen=True, tag="who"):
    """The wish to be told who is in a room."""

    room: str


class Here(_Note, frozen=True, tag="here"):
    """Who of the node's own is in a room, and whether away; None for one who is not there.

    ``whole`` where it is all of them.
    """

    room: str
    people: dict[str, bool | None]
    whole: bool = False


class Chose(_Note, frozen=True, tag="chose"):
    """The states that people chose, on whichever device."""

    people: dict[str, Chosen]


class Types(_Note, frozen=True, tag="types"):
    """Who of the node's own types in a room, or no longer does."""

    room: str
    people: dict[str, bool]


Note = Alive | Gone | Who | Here | Chose | Types
