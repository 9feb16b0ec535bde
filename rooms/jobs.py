"""Jobs: commands that the server itself runs later, for somebody and exactly once."""

from typing import Any

import msgspec

from chat.commands import Command
from storage.jobs import Jobs


def only_once(command: Command, job: str) -> Command:
    """Return the command as it is run for a job: it ends the job with its own commit.

    Where the job has ended already it does nothing, however many processes run it at the same time.
    """

    def handler(work: Any, request: Any) -> Any:
        return command.handler(work, request) if work.use(Jobs).end(job) else None

    return msgspec.structs.replace(command, handler=handler)
