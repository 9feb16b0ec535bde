"""Curbside: joins the parts into one server. What ``app`` serves and what tests construct."""

# The lead is writing this file; the interface below is final.

from typing import Any

from chat.commands import Commands
from rooms.permissions import Actor


class Curbside:
    """One node. Started before it serves, stopped after."""

    commands: Commands[Any]

    async def start(self) -> None:
        """Open the database and begin to write, deliver and watch."""

    async def stop(self) -> None:
        """Finish what is queued and close everything."""

    async def run(self, name: str, payload: Any, actor: Actor) -> Any:
        """Run one command that is no SOCKET command, and return its Reply, dict or None. Raises Refusal."""
