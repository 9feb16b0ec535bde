"""Where a Redis is, as URLs say it and as sentinels do."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from chat.redis_lanes import Link
from chat.redis_links import OneLane, read_url
from tests import engines
from tests.chat.nodes import envelope, node
from tests.chat.sentinels import MASTER, sentinel
from tests.processes import free_port
from tests.waiting import until


@pytest.mark.parametrize(
    "url",
    [
        "", "cardiology", "http://127.0.0.1:6379", "redis://", "redis://host:port/0",
        "redis://host:6379/first", "redis://host:6379/0?mood=calm", "unix://", "redis+sentinel://",
        "redis://:hunter2@host:p/0", "redis+sentinel://host:26379", "redis+sentinel://host,/master",
        "redis+sentinel://host:x/master/0", "redis+sentinel://host/master/first", "redis+cluster://",
        "redis+cluster://host/1", "redis+cluster://host:x", "redis+cluster://host/?mood=calm",
    ],
)  # fmt: skip
def test_a_url_that_cannot_be_read_is_answered_with_how_to_write_it(url: str) -> None:
    with pytest.raises(ValueError, match=r"^write redis://host:6379/0, .*/master/0$") as error:
        read_url(url)

    assert "hunter2" not in str(error.value)
    assert error.value.__suppress_context__


@pytest.mark.parametrize(
    "url",
    [
        "redis://127.0.0.1", "redis://[::1]:6379/3", "redis://who:word@host/0", "unix:///run/redis",
        "rediss://:word@host:6380/1?ssl_cert_reqs=none", "unix://:word@/run/redis?db=2",
        "redis+sentinel://host:26379,[::1]:26380/master/0", "redis+sentinel://:word@host/master",
        "redis+cluster://host,[::1]:6380", "rediss+cluster://who:word@host:6379/?ssl_cert_reqs=none",
    ],
)  # fmt: skip
def test_a_url_that_can_be_read_is(url: str) -> None:
    assert read_url(url)


async def test_no_url_takes_a_deadline_away() -> None:
    made: Any = await read_url("redis://host?socket_timeout=99&retry_on_timeout=yes").find()

    assert (made.socket_timeout, made.socket_connect_timeout) == (None, 1.0)
    assert made.retry.get_retries() == 0


@pytest.mark.redis
@pytest.mark.skipif(not engines.has_redis(), reason="no Redis, nor a Valkey")
async def test_sentinels_are_asked_anew_where_the_master_is(tmp_path: Path) -> None:
    with (
        engines.valkey() as first, engines.valkey() as second,
        sentinel(tmp_path, first.url) as asked,
    ):  # fmt: skip
        places = f"127.0.0.1:{free_port()},127.0.0.1:{asked.port}"  # nobody is at the first
        async with node(f"redis+sentinel://{places}/{MASTER}/0", "a") as a:
            async with node(first.url, "b", "cardiology") as b:
                a.say(envelope("cardiology", 1))
                await until(lambda: b.heard)

            asked.watch(second.url)
            first.kill()
            await until(lambda: a.bus.is_degraded)

            await until(lambda: not a.bus.is_degraded)
            async with node(second.url, "c", "cardiology") as c:
                a.say(envelope("cardiology", 2))
                await until(lambda: c.heard)


class Somewhere(OneLane):
    """An address at which there is always somebody, and a connection that does nothing."""

    async def find(self) -> Any:
        return self

    async def connect(self) -> None:
        """Be connected."""

    async def disconnect(self, nowait: bool = False) -> None:
        """Be so no longer."""


async def test_a_link_that_fails_in_the_moment_of_its_end_is_not_made_again() -> None:
    begun = asyncio.Event()

    async def fail_when_cancelled() -> None:
        begun.set()
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            raise OSError from None

    async def use(*_: object) -> None:
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(fail_when_cancelled())
            await asyncio.Event().wait()

    link = Link(Somewhere(), use)
    keeping = asyncio.create_task(link.keep())
    await begun.wait()

    link.end()
    keeping.cancel()

    await asyncio.wait([keeping], timeout=5)
    assert keeping.done()
