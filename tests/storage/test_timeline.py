"""The log is read a page at a time, bounded in events and in bytes."""

from typing import Any

import pytest

from storage.database import Database
from storage.timeline import Timeline

DATA = b"x" * 100


@pytest.mark.parametrize(
    ("above", "limit", "limit_bytes", "expected"),
    [
        (0, 4, 10_000, [1, 2, 3, 4]),
        (0, 500, 300, [1, 2, 3]),
        (0, 500, 399, [1, 2, 3]),
        (7, 500, 400, [8, 9]),
        (2, 500, 1, [3]),
        (9, 500, 10_000, []),
        (12, 500, 10_000, []),
    ],
)
def test_a_page_has_one_event_and_as_many_more_as_fit(
    database: Database, above: int, limit: int, limit_bytes: int, expected: list[int]
) -> None:
    rows = [_row("cardiology", seq) for seq in range(1, 10)] + [_row("neurology", 1)]
    database.write(lambda connection: Timeline(connection).append(rows))

    page = database.write(
        lambda connection: Timeline(connection).after(
            "cardiology", above, limit=limit, limit_bytes=limit_bytes
        )
    )

    assert [event.seq for event in page] == expected
    assert all(event.data == DATA and event.room == "cardiology" for event in page)


def _row(room: str, seq: int) -> dict[str, Any]:
    return {
        "room": room, "seq": seq, "event": "message.posted", "at": 1.0, "by": None,
        "data": DATA, "subject": None, "voids": None,
    }  # fmt: skip
