"""Frames: the RFC 6455 header before a payload, made once for all who receive it."""

MESSAGE_LIMIT = 128 * 1024  # bytes of one message that comes in; docs/protocol.md, The socket
TEXT = 0x1
BINARY = 0x2


def framed(payload: bytes, opcode: int) -> bytes:
    """Return one unmasked, final frame (RFC 6455 section 5.2); a server never masks."""
    size = len(payload)
    if size < 126:
        return bytes((0x80 | opcode, size)) + payload
    if size < 65_536:
        return bytes((0x80 | opcode, 126)) + size.to_bytes(2) + payload
    return bytes((0x80 | opcode, 127)) + size.to_bytes(8) + payload
