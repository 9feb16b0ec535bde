"""Seals: only the right key opens them, and nothing of them can be changed, added or cut off."""

import io
from collections.abc import Callable

import pytest

from storage.seals import BLOCK, Unreadable, make_identity, opening, recipient_of, sealing

KEY = make_identity()
TEXT = b"Door-to-balloon audit. " * BLOCK  # some twenty blocks


def sealed(content: bytes) -> bytes:
    file = io.BytesIO()
    with sealing(file, recipient_of(KEY)) as writing:
        writing.write(content)
    return file.getvalue()


def opened(content: bytes, key: str = KEY) -> bytes:
    with opening(io.BytesIO(content), key) as reading:
        return reading.read()


def flip(content: bytes) -> bytes:
    middle = len(content) // 2
    return content[:middle] + bytes([content[middle] ^ 1]) + content[middle + 1 :]


def test_what_is_sealed_can_be_opened_and_not_read() -> None:
    content = sealed(TEXT)

    assert opened(content) == TEXT
    assert TEXT[:22] not in content


@pytest.mark.parametrize(
    "spoil",
    [
        flip, lambda content: content[:-1], lambda content: content + b"more",
        lambda content: content[: -(len(TEXT) % BLOCK) - 16], lambda content: content[:100],
        lambda content: content[:30], lambda _: b"", lambda _: b"a letter",
    ],
    ids=["flipped", "cut", "longer", "short of a block", "head", "less", "nothing", "another's"],
)  # fmt: skip
def test_what_is_not_as_it_was_sealed_is_refused(spoil: Callable[[bytes], bytes]) -> None:
    with pytest.raises(Unreadable, match="it is"):
        opened(spoil(sealed(TEXT)))


def test_another_key_opens_nothing() -> None:
    with pytest.raises(Unreadable, match="another key"):
        opened(sealed(TEXT), make_identity())


def test_a_fault_comes_out_also_where_the_reader_stops_early() -> None:
    content = flip(sealed(TEXT))

    with pytest.raises(Unreadable, match="damaged"), opening(io.BytesIO(content), KEY) as reading:
        reading.read(BLOCK)


def test_a_reader_who_fails_and_a_full_disk_are_heard_of_as_what_they_are() -> None:
    content = sealed(TEXT)

    with pytest.raises(KeyError), opening(io.BytesIO(content), KEY):
        raise KeyError
    with pytest.raises(OSError, match="No space"), sealing(Full(), recipient_of(KEY)) as writing:
        writing.write(TEXT)


class Full(io.BytesIO):
    """A file on a full disk."""

    def write(self, _: object) -> int:
        raise OSError(28, "No space left on device")
