"""Handshakes: what a WebSocket upgrade must say (RFC 6455 section 4.2), and what it is answered.

Also the checks that every HTTP request gets: one that two servers could read in two ways is refused,
since a proxy in front of this one might have read it the other way.
"""

import base64
import binascii
import hashlib
from collections.abc import Iterable
from http import HTTPStatus
from typing import NamedTuple

import httptools

HANDOVER = "curbside.handover"
"""The ASGI extension whose ``attach`` takes a socket over from its endpoint."""

Headers = list[tuple[bytes, bytes]]

# Of the head of a refusal, which ends the connection and whose body is whole.
_OURS = frozenset((b"connection", b"content-length", b"transfer-encoding"))
_GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"  # RFC 6455 section 1.3


class Handshake(NamedTuple):
    """An upgrade that may be accepted. Header names are in lower case."""

    path: bytes
    query: bytes
    headers: Headers
    key: bytes

    @property
    def subprotocols(self) -> list[str]:
        """Return what the client speaks, the best first."""
        return [
            token.decode("latin-1") for token in _tokens(self.headers, b"sec-websocket-protocol")
        ]


class HandshakeError(Exception):
    """The request cannot be answered with an upgrade; ``status`` is what it gets."""

    def __init__(
        self, status: HTTPStatus, detail: str, headers: Iterable[tuple[bytes, bytes]] = ()
    ) -> None:
        super().__init__(detail)
        self.status = status
        self.detail = detail
        self.headers = headers


def bad_request(detail: str) -> HandshakeError:
    """Return a refusal with 400."""
    return HandshakeError(HTTPStatus.BAD_REQUEST, detail)


def read_handshake(head: bytes) -> Handshake:
    """Return what a head without its blank line asks for, or raise HandshakeError."""
    request_line, *lines = head.split(b"\r\n")
    method, target, version = _three(request_line)
    if method != b"GET" or version < b"HTTP/1.1":
        raise bad_request("a WebSocket opens with GET and HTTP/1.1")
    headers = [_header(line) for line in lines]
    check_framing(headers)
    check_no_body(headers)
    if b"websocket" not in _folded(headers, b"upgrade"):
        raise bad_request("Upgrade: websocket is missing")
    if b"upgrade" not in _folded(headers, b"connection"):
        raise bad_request("Connection: Upgrade is missing")
    _check_version(headers)
    return Handshake(*_path_and_query(target), headers, _key(headers))


def check_framing(headers: Headers, *, version: str = "1.1") -> None:
    """Refuse a request that two servers could read in two ways (RFC 9112 sections 3.2 and 6.1)."""
    hosts = len(_values(headers, b"host"))
    if hosts > 1 or (hosts == 0 and version != "1.0"):
        raise bad_request("exactly one Host is needed")
    coded = _values(headers, b"transfer-encoding")
    if coded and (version == "1.0" or _values(headers, b"content-length")):
        raise bad_request("Transfer-Encoding goes with neither Content-Length nor HTTP/1.0")


def check_no_body(headers: Headers) -> None:
    """Refuse a body where none may be."""
    if _values(headers, b"transfer-encoding") or _values(headers, b"content-length") not in (
        [],
        [b"0"],
    ):
        raise bad_request("an upgrade has no body")


def asks_for_websocket(headers: Headers) -> bool:
    """Tell whether a request wants to become a WebSocket, however its lists are split over lines."""
    return b"upgrade" in _folded(headers, b"connection") and b"websocket" in _folded(
        headers, b"upgrade"
    )


def acceptance(
    key: bytes, headers: Iterable[tuple[bytes, bytes]], subprotocol: str | None
) -> bytes:
    """Return the response that opens a WebSocket."""
    digest = hashlib.sha1(key + _GUID, usedforsecurity=False).digest()
    chosen = [(b"Sec-WebSocket-Protocol", subprotocol.encode())] if subprotocol else []
    return _head(
        HTTPStatus.SWITCHING_PROTOCOLS,
        (b"Upgrade", b"websocket"),
        (b"Connection", b"Upgrade"),
        (b"Sec-WebSocket-Accept", base64.b64encode(digest)),
        *chosen,
        *headers,
    )


def refusal(status: int, headers: Iterable[tuple[bytes, bytes]], body: bytes = b"") -> bytes:
    """Return a whole response after which the connection ends."""
    given = [(name, value) for name, value in headers if name.lower() not in _OURS]
    length = str(len(body)).encode()
    return _head(status, *given, (b"Content-Length", length), (b"Connection", b"close")) + body


def plain_refusal(status: int, detail: str, headers: Iterable[tuple[bytes, bytes]] = ()) -> bytes:
    """Return a refusal whose body is a line of text."""
    return refusal(
        status, (*headers, (b"Content-Type", b"text/plain; charset=utf-8")), detail.encode()
    )


def _head(status: int, *headers: tuple[bytes, bytes]) -> bytes:
    lines = [b"HTTP/1.1 %d %s" % (status, _phrase(status))]
    for name, value in headers:
        # An application that puts a client's text in a header must not thereby end the head.
        if any(mark in name or mark in value for mark in (b"\r", b"\n", b"\0")):
            raise RuntimeError("a header holds a line break")
        lines.append(name + b": " + value)
    return b"\r\n".join((*lines, b"", b""))


def _phrase(status: int) -> bytes:
    try:
        return HTTPStatus(status).phrase.encode()
    except ValueError:
        return b""


def _three(request_line: bytes) -> tuple[bytes, bytes, bytes]:
    try:
        method, target, version = request_line.split(b" ")
    except ValueError:
        raise bad_request("the request line is malformed") from None
    return method, target, version


def _header(line: bytes) -> tuple[bytes, bytes]:
    name, colon, value = line.partition(b":")
    if not colon or not name or name != name.strip():
        raise bad_request("a header is malformed")
    return name.lower(), value.strip(b" \t")


def _values(headers: Headers, wanted: bytes) -> list[bytes]:
    return [value for name, value in headers if name == wanted]


def _tokens(headers: Headers, wanted: bytes) -> list[bytes]:
    listed = b",".join(_values(headers, wanted)).split(b",")
    return [token for token in (item.strip(b" \t") for item in listed) if token]


def _folded(headers: Headers, wanted: bytes) -> list[bytes]:
    return [token.lower() for token in _tokens(headers, wanted)]


def _check_version(headers: Headers) -> None:
    if _values(headers, b"sec-websocket-version") != [b"13"]:
        raise HandshakeError(
            HTTPStatus.UPGRADE_REQUIRED,
            "version 13 of the WebSocket protocol is needed",
            [(b"Upgrade", b"websocket"), (b"Sec-WebSocket-Version", b"13")],
        )


def _key(headers: Headers) -> bytes:
    try:
        [key] = _values(headers, b"sec-websocket-key")
        nonce = base64.b64decode(key, validate=True)
    except (ValueError, binascii.Error):
        raise bad_request("one Sec-WebSocket-Key of 16 bytes is needed") from None
    if len(nonce) != 16:
        raise bad_request("one Sec-WebSocket-Key of 16 bytes is needed")
    return key


def _path_and_query(target: bytes) -> tuple[bytes, bytes]:
    try:
        url = httptools.parse_url(target)
    except httptools.HttpParserInvalidURLError:
        raise bad_request("the path is malformed") from None
    if not url.path or not target.isascii():
        raise bad_request("the path is malformed")
    return url.path, url.query or b""
