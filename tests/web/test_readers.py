"""However much one person asks to read, the readers of the database are there for others too."""

import asyncio
from typing import Any

import pytest

from tests.builders import Ward
from tests.waiting import until
from web.curbside import READS_A_PERSON


async def test_of_one_persons_reads_few_run_at_once_and_all_in_the_end(
    ward: Ward, monkeypatch: pytest.MonkeyPatch
) -> None:
    may_end, begun, reading = asyncio.Event(), 0, ward.curbside.reading

    async def slow(work: Any) -> Any:
        nonlocal begun
        begun += 1
        await may_end.wait()
        return await reading(work)

    with monkeypatch.context() as patch:
        patch.setattr(ward.curbside, "reading", slow)
        asked = {"room": "cardiology"}
        hogging = [
            asyncio.create_task(ward.run("message.history", asked, "ana")) for _ in range(40)
        ]
        await until(lambda: begun == READS_A_PERSON)
        others = asyncio.create_task(ward.run("message.history", asked, "ben"))

        await until(lambda: begun == READS_A_PERSON + 1)

        may_end.set()
        await asyncio.gather(others, *hogging)
    assert begun == 41
