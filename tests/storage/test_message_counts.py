"""Messages are counted no further than a reader wants to know."""

import pytest

from storage.database import Database
from storage.messages import Messages


@pytest.mark.parametrize(("posted", "unread"), [(999, 999), (1_000, 1_000), (1_001, 1_000)])
def test_unread_messages_are_counted_up_to_a_thousand_a_room(
    database: Database, posted: int, unread: int
) -> None:
    rows = [_row("cardiology", seq) for seq in range(1, posted + 1)] + [_row("neurology", 1)]
    database.write(lambda connection: Messages(connection).add(rows))

    counts = database.write(
        lambda connection: Messages(connection).unread("ana", {"cardiology": 0, "neurology": 0})
    )

    assert counts == {"cardiology": unread, "neurology": 1}


def _row(room: str, seq: int) -> dict[str, object]:
    return {
        "room": room, "seq": seq, "id": f"{room}-{seq}", "at": 1.0, "by": "ben", "kind": "text",
        "text": "Bed 4 is free", "version": 1, "reply_to": None,
    }  # fmt: skip
