"""What a ring keeps: the newest events without a hole, within bounds, and nothing that had to go."""

import msgspec
import pytest

from chat.codecs import JSON, WIRES
from chat.events import Envelope
from chat.rings import BYTES_LIMIT, Entry, Piece, Ring

BARE = WIRES[JSON.name, False]


def test_a_ring_keeps_as_many_events_as_it_may() -> None:
    ring = Ring(limit=3)

    for seq in range(1, 6):
        ring.add(entry(seq))

    assert numbers(ring) == [3, 4, 5]
    assert ring.bytes == sum(len(e.envelope.data) for e in ring.between(0, 5))


def test_a_ring_keeps_as_many_bytes_as_it_may() -> None:
    ring = Ring()

    for seq in range(1, 9):
        ring.add(entry(seq, "x" * (BYTES_LIMIT // 4 - 100)))

    assert numbers(ring) == [5, 6, 7, 8]
    assert BYTES_LIMIT * 3 / 4 < ring.bytes <= BYTES_LIMIT


def test_an_event_larger_than_a_ring_leaves_it_empty_and_sound() -> None:
    ring = Ring()
    ring.add(entry(1))

    ring.add(entry(2, "x" * BYTES_LIMIT))

    assert (numbers(ring), ring.bytes) == ([], 0)
    assert not ring.covers(1, 2)
    ring.add(entry(3))
    assert ring.covers(2, 3)
    assert not ring.covers(1, 3)


@pytest.mark.parametrize(("seq", "covered"), [(3, False), (4, True), (5, True), (8, True)])
def test_a_ring_knows_what_it_no_longer_has(seq: int, covered: bool) -> None:
    ring = Ring(limit=4)
    for number in range(1, 9):
        ring.add(entry(number))

    assert ring.covers(seq, 8) is covered
    if covered:
        assert [e.envelope.seq for e in ring.between(seq, 8)] == list(range(seq + 1, 9))


def test_what_had_to_go_weighs_no_longer() -> None:
    ring = Ring()
    for seq in range(1, 4):
        ring.add(entry(seq, "a name that must go", subject="m1"))

    ring.void("m1", 3)

    kept = list(ring.between(0, 3))
    assert [b"must go" in e.envelope.data for e in kept] == [False, False, True]
    assert ring.bytes == sum(len(e.envelope.data) for e in kept)


def test_a_piece_is_joined_once_and_anew_when_content_had_to_go() -> None:
    piece = Piece([entry(1, "a name that must go", subject="m1"), entry(2)], last=2)
    joined = piece.joined(BARE)
    assert piece.joined(BARE) is joined

    piece.void("m1", 2)

    assert b"must go" in b"".join(joined)
    assert b"must go" not in b"".join(piece.joined(BARE))
    assert len(piece.joined(BARE)) == 2


def entry(seq: int, text: str = "", subject: str | None = None) -> Entry:
    """Return an event with a text."""
    data = msgspec.msgpack.encode({"text": text})
    return Entry(Envelope("cardiology", seq, "message.posted", 1.0, None, data, subject=subject))


def numbers(ring: Ring) -> list[int]:
    """Return the numbers of all that a ring has."""
    return [entry.envelope.seq for entry in ring.between(0, 1_000)]
