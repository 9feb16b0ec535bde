"""Checks: what the doctor asks the database, on every engine."""

import time

from storage.checks import Checks
from storage.database import Connection, Database
from storage.rooms import Room, Rooms
from storage.timeline import Timeline


def add_room(database: Database, room: str, head: int) -> None:
    event = {"event": "noted", "at": 0.0, "by": None, "data": b"", "subject": None, "voids": None}
    entries = [{"room": room, "seq": seq, **event} for seq in range(1, 3)]
    made = Room(room, room.title(), "", False, "epoch", head, 0, 0.0)

    def add(connection: Connection) -> None:
        Rooms(connection).add(made)
        Timeline(connection).append(entries)

    database.write(add)


def test_a_room_whose_head_is_not_of_its_log_is_named(database: Database) -> None:
    add_room(database, "cardiology", head=2)
    before = database.write(lambda sql: Checks(sql).displaced())

    add_room(database, "neurology", head=3)

    assert before is None
    assert database.write(lambda sql: Checks(sql).displaced()) == "neurology"


def test_the_engine_is_new_enough_and_right_in_time(database: Database) -> None:
    version = database.write(lambda sql: Checks(sql).version())
    theirs = database.write(lambda sql: Checks(sql).time())

    assert version.is_safe
    assert theirs is None or abs(theirs - time.time()) < 5
