"""Readings: what a command that only reads sees: one moment of the database, and the actor's rights."""

from collections.abc import Mapping
from typing import TypeVar

from chat.events import is_own_room, log_of
from rooms.permissions import Actor, Rights, require_may_know
from rooms.unit_of_work import Queries
from storage.database import Connection
from storage.members import Members
from storage.rooms import Room, Rooms

AnyQueries = TypeVar("AnyQueries", bound=Queries)


class Reading:
    """One reading use case. ``known`` holds the rights that memory has, by log."""

    def __init__(
        self, connection: Connection, actor: Actor, known: Mapping[str, Rights], now: float
    ) -> None:
        self._connection = connection
        self._known = known
        self.actor = actor
        self.now = now

    def use(self, queries: type[AnyQueries]) -> AnyQueries:
        """Return queries on this reading's connection."""
        return queries(self._connection)

    def room(self, room: str) -> Room:
        """Return a room that the actor may read. Raises NotFound."""
        found = self.use(Rooms).find(log_of(room, self.actor.id))
        rights = load_rights(self._connection, found, self._known) if found else None
        require_may_know(self.actor, rights)
        assert found is not None
        return found


def load_rights(connection: Connection, room: Room, known: Mapping[str, Rights]) -> Rights:
    """Return the rights in a room: from memory where its revision still holds, else from the tables."""
    remembered = known.get(room.id)
    if remembered is not None and (remembered.epoch, remembered.revision) == (
        room.epoch,
        room.revision,
    ):
        return remembered
    if is_own_room(room.id):
        roles = {room.id.removeprefix("@"): "owner"}
    else:
        roles = Members(connection).roles(room.id)
    return Rights(
        room=room.id, private=room.private, revision=room.revision, roles=roles, epoch=room.epoch
    )
