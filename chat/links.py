"""Links: what joins one client's connection to whatever carries its bytes.

``web`` implements Link twice, over a raw transport and over plain ASGI; a connection is the Receiver
of both. Neither side ever waits for the other: a link that cannot write says so, once, by
``write_paused``, and the connection stops sending until ``write_resumed``.
"""

from typing import Any, Protocol


class Link(Protocol):
    """The way out to one client. No method blocks, and all are harmless after the link is closed."""

    heard: float
    """When bytes last came in, pongs included: seconds of the event loop's clock."""

    @property
    def unread(self) -> int:
        """How many bytes this process keeps until the client reads."""

    def send(self, data: Any) -> None:
        """Write what ``Wire.encode`` or ``Wire.join`` made for this link's wire."""

    def ping(self) -> None:
        """Send an RFC 6455 ping, whose pong counts as being heard."""

    def pause_reading(self) -> None:
        """Take no further frames from the client until ``resume_reading``."""

    def resume_reading(self) -> None:
        """Take frames again; those that were already read come first, in order."""

    def close(self, code: int, reason: str = "") -> None:
        """Send a close frame and end; ``reason`` is cut to what RFC 6455 allows."""

    def drop(self) -> None:
        """End at once, and forget what is unread."""


class Receiver(Protocol):
    """What a link tells of its client, on the event loop, and never from within ``send``."""

    def received(self, payload: bytes, *, text: bool) -> None:
        """Take one whole message; a text is valid UTF-8 by now."""

    def write_paused(self) -> None:
        """Stop sending: the client reads too slowly and its buffer is full."""

    def write_resumed(self) -> None:
        """Send again: the buffer has drained."""

    def closed(self, code: int) -> None:
        """Forget the client. Called exactly once, last; 1006 where no close frame came."""
