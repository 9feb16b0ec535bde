"""Archives: the form in which a whole database is written down, whatever engine keeps it.

A compressed tar: first ``manifest.json``, then the rows of each table in pieces, last ``counts.json``,
without which an archive is known to be cut. One piece is in memory at a time; the standard library's
TarFile would remember every entry.
"""

import gzip
import tarfile
import zlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import IO, Any

import msgspec

from storage.seals import Unreadable

FORMAT = 1
PIECE = 1 << 20  # bytes of rows; guessed: little memory, and few entries
LONGEST = 1 << 28  # bytes of one entry that are read: one row is more than a piece at most once
LEVEL = 4  # of gzip; measured: 6 takes 60 % longer for 3 % less
MANIFEST, ROWS, COUNTS = "manifest.json", "rows", "counts.json"
FAULTS = (
    tarfile.TarError, gzip.BadGzipFile, zlib.error, EOFError, UnicodeError, msgspec.MsgspecError
)  # fmt: skip

Row = list[Any]


class Manifest(msgspec.Struct, frozen=True, kw_only=True):
    """What is in an archive: the columns of each table, in the order in which tables are filled."""

    format: int
    version: str
    revision: str
    engine: str
    at: float
    tables: dict[str, list[str]]


class ArchiveWriter:
    """An archive that is being written."""

    def __init__(self, file: gzip.GzipFile, manifest: Manifest) -> None:
        self._file = file
        self._at = int(manifest.at)
        self._pieces = 0
        self.counts = dict.fromkeys(manifest.tables, 0)
        self._add(MANIFEST, msgspec.json.encode(manifest))

    def add(self, table: str, rows: Iterable[Iterable[Any]]) -> None:
        """Append rows, the values of each in the order of the table's columns."""
        piece: list[msgspec.Raw] = []
        size = 0
        for row in rows:
            packed = msgspec.msgpack.encode(tuple(row))
            piece.append(msgspec.Raw(packed))
            size += len(packed)
            if size >= PIECE:
                self._add_piece(table, piece)
                piece, size = [], 0
        if piece:
            self._add_piece(table, piece)

    def end(self) -> None:
        """Write what proves that nothing is missing."""
        self._add(COUNTS, msgspec.json.encode(self.counts))
        self._file.write(bytes(2 * tarfile.BLOCKSIZE))

    def _add_piece(self, table: str, piece: list[msgspec.Raw]) -> None:
        self._pieces += 1
        self.counts[table] += len(piece)
        self._add(f"{ROWS}/{table}/{self._pieces:08}.msgpack", msgspec.msgpack.encode(piece))

    def _add(self, name: str, content: bytes) -> None:
        entry = tarfile.TarInfo(name)
        entry.size, entry.mtime, entry.mode = len(content), self._at, 0o600
        head = entry.tobuf(tarfile.USTAR_FORMAT, "ascii", "strict")
        self._file.write(head + content + bytes(-len(content) % tarfile.BLOCKSIZE))


class ArchiveReader:
    """An archive that is being read. Raises Unreadable where it is not as it should be."""

    def __init__(self, file: gzip.GzipFile) -> None:
        self._file = file
        name, content = next(self._entries(), ("", b""))
        if name != MANIFEST:
            raise Unreadable("it is no archive of Curbside's")
        head = _decoded(content, dict[str, Any])
        if head.get("format") != FORMAT:
            raise newer(str(head.get("version")))
        self.manifest = msgspec.convert(head, Manifest)
        self.counts = dict.fromkeys(self.manifest.tables, 0)

    def pieces(self) -> Iterator[tuple[str, list[Row]]]:
        """Yield the rows of a table, one table after another, up to the counts of them."""
        for name, content in self._entries():
            if name == COUNTS:
                self._require_all(_decoded(content, dict[str, int]))
                return
            folder, _, rest = name.partition("/")
            table = rest.partition("/")[0]
            if folder != ROWS or table not in self.counts:
                raise Unreadable(f"it has an entry that nobody knows: {name}")
            rows = msgspec.msgpack.decode(content, type=list[Row])
            self.counts[table] += len(rows)
            yield table, rows
        raise Unreadable("its end is missing")

    def _require_all(self, counts: dict[str, int]) -> None:
        if counts != self.counts:
            raise Unreadable("it has not as many rows as it says")

    def _entries(self) -> Iterator[tuple[str, bytes]]:
        while (head := self._file.read(tarfile.BLOCKSIZE)).strip(b"\0"):
            entry = tarfile.TarInfo.frombuf(head, "ascii", "strict")
            if entry.size > LONGEST:
                raise Unreadable(f"it has an entry that is none of ours: {entry.name}")
            content = self._file.read(entry.size + -entry.size % tarfile.BLOCKSIZE)
            yield entry.name, content[: entry.size]


@contextmanager
def writing(file: IO[bytes], manifest: Manifest) -> Iterator[ArchiveWriter]:
    """Lend an archive to add to; its end is written unless something fails."""
    with gzip.GzipFile(filename="", mode="wb", compresslevel=LEVEL, fileobj=file) as packed:
        archive = ArchiveWriter(packed, manifest)
        yield archive
        archive.end()


@contextmanager
def reading(file: IO[bytes]) -> Iterator[ArchiveReader]:
    """Lend an archive to read. Raises Unreadable for any fault of it."""
    try:
        with gzip.GzipFile(fileobj=file) as packed:
            yield ArchiveReader(packed)
            while packed.read(PIECE):
                pass  # the sum at the end is over all of it
    except FAULTS as error:
        raise Unreadable("it is no archive of Curbside's, or damaged") from error


def newer(version: str) -> Unreadable:
    """Return the refusal of an archive that a later version wrote."""
    return Unreadable(f"it is of a newer Curbside ({version}): restore it by that")


def _decoded(content: bytes, kind: Any) -> Any:
    return msgspec.json.decode(content, type=kind)
