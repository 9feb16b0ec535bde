"""Frames in: an incremental RFC 6455 parser for the server's side, with no I/O.

Bytes go in as they come; whole messages and control frames come out, one at each pull, so that whoever
pulls may stop after any frame and go on later. What a frame declares is checked before its payload is
kept, and text is checked as it arrives: a client that errs is told at its first wrong byte.
"""

import codecs
import sys
from collections.abc import Callable
from typing import NamedTuple

from chat.errors import Close
from chat.frames import BINARY, TEXT

CONTINUATION = 0x0
CLOSE = 0x8
PING = 0x9
PONG = 0xA

NO_STATUS = 1005  # RFC 6455 section 7.1.5: a close frame came, with no code in it
ABNORMAL = 1006  # the same: no close frame came, either way

_FINAL, _RESERVED, _OPCODE = 0x80, 0x70, 0x0F  # in a frame's first byte
_MASKED, _LENGTH = 0x80, 0x7F  # in its second
_CONTROL_LIMIT = 125  # bytes; RFC 6455 section 5.5
_OPCODES = frozenset((CONTINUATION, TEXT, BINARY, CLOSE, PING, PONG))
# IANA's registry, less what RFC 6455 section 7.4.1 keeps off the wire: 1004, 1005, 1006 and 1015.
_CLOSE_CODES = frozenset((1000, 1001, 1002, 1003, *range(1007, 1015), *range(3000, 5000)))
_Utf8 = codecs.getincrementaldecoder("utf-8")


class Frame(NamedTuple):
    """A whole message (TEXT or BINARY) or a control frame, unmasked."""

    opcode: int
    payload: bytes


class FrameError(Exception):
    """The client broke RFC 6455; ``code`` is what to close with."""

    def __init__(self, code: Close, reason: str) -> None:
        super().__init__(reason)
        self.code = code
        self.reason = reason


class FrameParser:
    """Parse one connection's bytes, of which it keeps one message and what was not yet pulled."""

    __slots__ = (
        "_apply_mask",
        "_at",
        "_data",
        "_decoder",
        "_final",
        "_kind",
        "_left",
        "_limit_bytes",
        "_mask",
        "_message",
        "_opcode",
        "_returned",
        "allowed",
    )

    def __init__(self, limit_bytes: int, apply_mask: Callable[[bytes, bytes], bytes]) -> None:
        self.allowed = sys.maxsize
        """How many more frames may be begun, those without a payload too; whoever pulls may set it."""
        self._limit_bytes = limit_bytes
        self._apply_mask = apply_mask
        self._data = b""
        self._at = 0
        self._returned: list[Frame] | None = None
        # The frame under way: what its header said, and how much of its payload is still to come.
        self._kind = CONTINUATION
        self._final = 0
        self._mask = b""  # empty between frames
        self._left = 0
        # The message under way: its opcode (0 between messages), and all of it but its last piece.
        self._opcode = CONTINUATION
        self._message: bytearray | None = None
        self._decoder: codecs.IncrementalDecoder | None = None

    def feed(self, data: bytes) -> None:
        """Take bytes from the client, to be parsed by ``pull``."""
        self._data = self._data[self._at :] + data if self._at < len(self._data) else data
        self._at = 0

    def put_back(self, frames: list[Frame]) -> None:
        """Give frames back, to be pulled again before all others."""
        self._returned = frames or None

    def pull(self) -> Frame | None:
        """Return the next whole message or control frame, or None until more is fed or allowed.

        Raises FrameError at the first fault; nothing may be pulled after it.
        """
        if self._returned:
            return self._returned.pop(0)
        while self._mask or (self.allowed and self._begin()):
            frame = self._control() if self._kind >= CLOSE else self._piece()
            if frame is not None:
                return frame
            if self._left:
                break
        if not self.allowed:
            return None
        self._data = self._data[self._at :]
        self._at = 0
        return None

    def _begin(self) -> bool:
        """Read a header once it is whole; a control frame's once all of the frame is here."""
        data, start = self._data, self._at + 2
        if len(data) < start:
            return False
        first, length = data[start - 2], data[start - 1]
        self._check_header(first, length)
        length &= _LENGTH
        if length > _CONTROL_LIMIT:
            width = 2 if length == 126 else 8
            if len(data) < start + width:
                return False
            length = _extended_length(data[start : start + width])
            start += width
        kind = first & _OPCODE
        self._check_size(kind, length)
        if len(data) < start + 4 + (length if kind >= CLOSE else 0):
            return False
        self._kind, self._final, self._left = kind, first & _FINAL, length
        self._mask = data[start : start + 4]
        self._at = start + 4
        self.allowed -= 1
        return True

    def _check_header(self, first: int, second: int) -> None:
        kind = first & _OPCODE
        if first & _RESERVED:
            raise FrameError(Close.PROTOCOL_ERROR, "reserved bits are set")
        if kind not in _OPCODES:
            raise FrameError(Close.PROTOCOL_ERROR, "unknown opcode")
        if not second & _MASKED:
            raise FrameError(Close.PROTOCOL_ERROR, "frames must be masked")
        if kind >= CLOSE:
            if not first & _FINAL or second & _LENGTH > _CONTROL_LIMIT:
                raise FrameError(Close.PROTOCOL_ERROR, "control frame too long or in fragments")
        elif (kind == CONTINUATION) != (self._opcode != CONTINUATION):
            raise FrameError(Close.PROTOCOL_ERROR, "fragments out of order")

    def _check_size(self, kind: int, length: int) -> None:
        """Refuse a message at its declared length: to wait for its bytes is to keep them."""
        if kind < CLOSE and length + len(self._message or b"") > self._limit_bytes:
            raise FrameError(Close.TOO_BIG, f"messages are limited to {self._limit_bytes} bytes")

    def _control(self) -> Frame:
        frame = Frame(self._kind, self._unmask())
        if frame.opcode == CLOSE:
            close_code(frame.payload)
        return frame

    def _piece(self) -> Frame | None:
        """Take what is here of a data frame; return the message if that completes it."""
        if self._kind != CONTINUATION:
            self._opcode = self._kind
            self._kind = CONTINUATION
        piece = self._unmask()
        whole = bool(self._final) and not self._left
        if whole and self._message is None:
            self._check_text(piece, whole)
            return self._finish(piece)
        if self._message is None:
            self._message = bytearray()
        self._check_text(piece, whole)
        self._message += piece
        return self._finish(bytes(self._message)) if whole else None

    def _unmask(self) -> bytes:
        end = min(self._at + self._left, len(self._data))
        taken = end - self._at
        payload = self._apply_mask(self._data[self._at : end], self._mask)
        self._at = end
        self._left -= taken
        turn = taken & 3
        self._mask = self._mask[turn:] + self._mask[:turn] if self._left else b""
        return payload

    def _check_text(self, piece: bytes, whole: bool) -> None:
        if self._opcode != TEXT:
            return
        try:
            if whole and self._decoder is None:
                piece.decode()
                return
            if self._decoder is None:
                self._decoder = _Utf8()
            self._decoder.decode(piece, whole)
        except UnicodeDecodeError:
            raise FrameError(Close.INVALID_TEXT, "text is not valid UTF-8") from None

    def _finish(self, payload: bytes) -> Frame:
        frame = Frame(self._opcode, payload)
        self._opcode, self._message, self._decoder = CONTINUATION, None, None
        return frame


def close_code(payload: bytes) -> int:
    """Return the code in a close frame, NO_STATUS for none. Raises FrameError for a wrong one."""
    if not payload:
        return NO_STATUS
    code = int.from_bytes(payload[:2])
    if len(payload) == 1 or code not in _CLOSE_CODES:
        raise FrameError(Close.PROTOCOL_ERROR, "no such close code")
    try:
        payload[2:].decode()
    except UnicodeDecodeError:
        raise FrameError(Close.INVALID_TEXT, "close reason is not valid UTF-8") from None
    return code


def _extended_length(field: bytes) -> int:
    length = int.from_bytes(field)
    if length < (126 if len(field) == 2 else 65_536):
        raise FrameError(Close.PROTOCOL_ERROR, "length is not in its shortest form")
    return length
