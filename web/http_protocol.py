"""HTTP: uvicorn's own protocol, given back to it as ``http=`` with the bounds it leaves out.

A request head is whole within ten seconds and 64 KiB, a body keeps coming, and a request that two
servers could read in two ways is refused. An upgrade goes to the WebSocket protocol with the HTTP
version it named and with every byte that came behind it.
"""

import asyncio
from http import HTTPStatus
from typing import cast

import httptools
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from web.handshakes import (
    HandshakeError,
    asks_for_websocket,
    bad_request,
    check_framing,
    check_no_body,
    plain_refusal,
)

HEAD_LIMIT = 64 * 1024  # bytes; the request line and all headers
HEADERS = 128  # guessed; browsers send some 20
HEAD_SECONDS = 10.0
BODY_SECONDS = 10.0
BODY_BYTES = 10 * 1024  # in each BODY_SECONDS; guessed: slower than the worst mobile link
LINGER_SECONDS = 2.0  # for a refused client to read why; unread bytes would reset the connection


class HttpProtocol(HttpToolsProtocol):
    """One HTTP connection. Its bounds are attributes, so that a test need not wait ten seconds."""

    head_seconds = HEAD_SECONDS
    body_seconds = BODY_SECONDS
    body_bytes = BODY_BYTES

    _in_head = True
    _deaf = False
    _refusal: HandshakeError | None = None
    _timer: asyncio.TimerHandle | None = None
    _fed = 0
    _head_bytes = 0
    _body_seen = 0
    _body_held = False

    # What the transport tells.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Expect a request head soon."""
        super().connection_made(cast(asyncio.Transport, transport))
        self._time_head()

    def connection_lost(self, exc: Exception | None) -> None:
        """Stop the clock."""
        self._stop_timer()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Parse what came, and see that the rest will come."""
        if self._deaf:
            return
        self._unset_keepalive_if_required()
        if self._in_head and self._timer is None:
            self._time_head()
        self._fed = len(data)
        try:
            self._parse(data)
        except httptools.HttpParserError:
            self._refuse(self._refusal or bad_request("the request is malformed"))
        else:
            self._measure()

    def _parse(self, data: bytes) -> None:
        while True:
            try:
                self.parser.feed_data(data)
                return
            except httptools.HttpParserUpgrade as upgrade:
                data = data[upgrade.args[0] :]
            if self._should_upgrade():
                self._upgrade(data)
                return

    def _measure(self) -> None:
        """Refuse a head that grows too long, and time a body that is still to come."""
        if self._deaf:
            return
        if self._in_head:
            self._head_bytes += self._fed
            if self._head_bytes > HEAD_LIMIT:
                self._refuse(_too_large())
        elif self._timer is None:
            self._time_body()

    # What the parser tells.

    def on_message_begin(self) -> None:
        """Start the clock for a request that begins behind another in one read."""
        super().on_message_begin()
        if self._timer is None:
            self._time_head()

    def on_headers_complete(self) -> None:
        """Check the head before anything is made of it."""
        self._stop_timer()
        try:
            self._check_head()
        except HandshakeError as refusal:
            self._refusal = refusal
            raise
        self._in_head = False
        self._body_seen = 0  # what came with the head counts for the first stretch
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        """Count what came."""
        super().on_body(body)
        self._body_seen += len(body)
        self._body_held = self._body_held or self.flow.read_paused

    def on_message_complete(self) -> None:
        """Expect another head."""
        self._stop_timer()
        self._in_head = True
        # What is being fed held the end of this message too: it counts for the next head as nothing.
        self._head_bytes = -self._fed
        super().on_message_complete()

    def _check_head(self) -> None:
        size = len(self.url) + sum(len(name) + len(value) + 4 for name, value in self.headers)
        if size > HEAD_LIMIT or len(self.headers) > HEADERS:
            raise _too_large()
        check_framing(self.headers, version=self.parser.get_http_version())
        # The parser takes the body of any upgrade for what follows it, and so for another request.
        if self.parser.should_upgrade():
            check_no_body(self.headers)

    def _should_upgrade(self) -> bool:
        return self._should_upgrade_to_ws() and asks_for_websocket(self.headers)

    def _upgrade(self, rest: bytes) -> None:
        self._deaf = True
        if self._busy():
            # Its frames would mix with the response under way: the client may ask again by itself.
            self.cycle.keep_alive = False
            return
        self.connections.discard(self)
        version = self.parser.get_http_version().encode()
        lines = [b"%s %s HTTP/%s" % (self.parser.get_method(), self.url, version)]
        lines += [name + b": " + value for name, value in self.headers]
        protocol = self.ws_protocol_class(  # type: ignore[call-arg, misc]  # of our own kind
            config=self.config, server_state=self.server_state, app_state=self.app_state
        )
        protocol.connection_made(self.transport)
        self.transport.set_protocol(protocol)
        protocol.data_received(b"\r\n".join((*lines, b"", rest)))
        self.parser = None  # type: ignore[assignment]  # else the two keep each other until the collector runs

    # Saying no.

    def _refuse(self, error: HandshakeError) -> None:
        """Answer with an error, unless that would land in the midst of a response."""
        self._deaf = True
        self._stop_timer()
        if self._busy() and self._in_head:
            self.cycle.keep_alive = False
        elif self._busy() and self.cycle.response_started:
            self.transport.close()
        else:
            self._abandon()
            headers = self.server_state.default_headers
            self.transport.write(plain_refusal(error.status, error.detail, headers))
            self._linger()

    def _abandon(self) -> None:
        """Tell the application of a request that broke off in its body."""
        if self._busy():
            self.cycle.disconnected = True
            self.cycle.message_event.set()

    def _linger(self) -> None:
        if not self.transport.can_write_eof():
            self.transport.close()
            return
        self.transport.write_eof()
        self.flow.resume_reading()
        self._timer = self.loop.call_later(LINGER_SECONDS, self.transport.abort)

    def _busy(self) -> bool:
        return self.cycle is not None and not self.cycle.response_complete

    # The clock: one timer, for the head or for the body.

    def _time_head(self) -> None:
        self._timer = self.loop.call_later(self.head_seconds, self._head_is_late)

    def _head_is_late(self) -> None:
        if self._busy():
            self._time_head()  # the next request waits behind this response, which may be a long one
        else:
            self.transport.abort()

    def _time_body(self) -> None:
        self._body_held = self.flow.read_paused
        self._timer = self.loop.call_later(self.body_seconds, self._check_body)

    def _check_body(self) -> None:
        """Close on a slow body, but for one that the application holds up or has not asked for yet."""
        waits = self._body_held or self.flow.read_paused or self.cycle.waiting_for_100_continue
        if waits or self._body_seen >= self.body_bytes:
            self._body_seen = 0
            self._time_body()
        else:
            self.transport.abort()

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None


def _too_large() -> HandshakeError:
    return HandshakeError(
        HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE, "the request head is too large"
    )
