"""Pressures: whether a client reads too slowly, told to its receiver once each time that it changes."""

import asyncio

from chat.links import Receiver


class Pressure:
    """What one client's unread bytes do to its receiver, which may change while it is high."""

    __slots__ = ("_told", "is_high", "receiver")

    def __init__(self) -> None:
        self.receiver: Receiver | None = None
        self.is_high = self._told = False

    def serve(self, receiver: Receiver) -> None:
        """Tell this receiver from now on: at first nothing, where the client keeps up."""
        self.receiver = receiver
        self._told = False
        asyncio.get_running_loop().call_soon(self._tell)

    def rise(self) -> None:
        """Note a slow client. Told later: this is called from within the receiver's own ``send``."""
        self.is_high = True
        asyncio.get_running_loop().call_soon(self._tell)

    def fall(self) -> None:
        """Note that the client has caught up."""
        self.is_high = False
        self._tell()

    def _tell(self) -> None:
        if self.receiver is None or self._told == self.is_high:
            return
        self._told = self.is_high
        if self._told:
            self.receiver.write_paused()
        else:
            self.receiver.write_resumed()
