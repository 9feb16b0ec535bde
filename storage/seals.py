"""Seals: files that the keeper of one key can read, and nobody can change unseen.

The format is age's, version 1, whose own tools open it too. A thread seals or opens what passes through
a pipe, in blocks that each prove themselves: memory stays bounded, and nothing lies in the clear.
"""

import os
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from typing import IO

from pyrage import (
    DecryptError,
    EncryptError,
    IdentityError,
    RecipientError,
    decrypt_io,
    encrypt_io,
    x25519,
)  # fmt: skip

BLOCK = 65_536  # bytes, as age has it
NO_KEY_FITS = "No matching keys found"  # pyrage's words; it has one error for all


class Unreadable(Exception):
    """What was sealed, or what is within, cannot be read; the text says why."""


def make_identity() -> str:
    """Return a new key, which opens what is sealed for its recipient."""
    return str(x25519.Identity.generate())


def recipient_of(identity: str) -> str:
    """Return for whom to seal what a key is to open. Raises ValueError for what is no key."""
    try:
        return str(x25519.Identity.from_str(identity).to_public())
    except IdentityError as error:
        raise ValueError(str(error)) from None


def is_recipient(text: str) -> bool:
    """Return whether one can seal for this."""
    try:
        x25519.Recipient.from_str(text)
    except RecipientError:
        return False
    return True


@contextmanager
def sealing(file: IO[bytes], recipient: str) -> Iterator[IO[bytes]]:
    """Lend where to write what is sealed into a file; it is all there at the end."""
    key = x25519.Recipient.from_str(recipient)
    reading, writing = _pipe()
    with ThreadPoolExecutor(1) as thread:
        sealed = thread.submit(_seal, reading, file, key)
        try:
            with writing:
                yield writing
        except BrokenPipeError:
            sealed.result()  # raises what ended it, a full disk say
            raise
        sealed.result()


@contextmanager
def opening(file: IO[bytes], identity: str) -> Iterator[IO[bytes]]:
    """Lend what was sealed, to read. Raises Unreadable, at the end at the latest."""
    key = x25519.Identity.from_str(identity)
    reading, writing = _pipe()
    with ThreadPoolExecutor(1) as thread:
        opened = thread.submit(_open, file, writing, key)
        try:
            with reading:
                yield reading
                while reading.read(BLOCK):
                    pass  # what follows proves that the file is whole
        except Exception:
            _raise_fault(opened)  # a file that ends early looks to its reader like much else
            raise
        opened.result()


def _pipe() -> tuple[IO[bytes], IO[bytes]]:
    reading, writing = os.pipe()
    return open(reading, "rb"), open(writing, "wb")


def _seal(reading: IO[bytes], file: IO[bytes], recipient: x25519.Recipient) -> None:
    target = _Target(file)
    try:
        with reading:
            encrypt_io(reading, target, [recipient])  # type: ignore[arg-type]  # any will do
    except EncryptError as error:
        raise target.fault or error from error


class _Target:
    """A file that keeps what went wrong with it, of which pyrage's error has the words alone."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self.flush = file.flush
        self.fault: OSError | None = None

    def write(self, content: bytes) -> int:
        """Write as the file does."""
        try:
            return self._file.write(content)
        except OSError as error:
            self.fault = error
            raise


def _open(file: IO[bytes], writing: IO[bytes], identity: x25519.Identity) -> None:
    try:
        with writing:
            decrypt_io(file, writing, [identity])  # type: ignore[arg-type]  # any will do
    except DecryptError as error:
        raise Unreadable(
            "it is sealed for another key" if str(error) == NO_KEY_FITS else "it is no archive"
        ) from error
    except OSError as error:
        if error.errno is not None:  # the system's; age's own has none
            raise
        raise Unreadable("it is damaged, or its end is missing") from error


def _raise_fault(opened: "Future[None]") -> None:
    """Raise what was wrong with a file, unless its reader left first."""
    fault = opened.exception()
    if fault is not None and not isinstance(fault, BrokenPipeError):
        raise fault
