"""Which event loops the tests of web run on, how they log, and the doors to a node."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from pathlib import Path

import pytest
import structlog
import uvloop

from tests.web.doors import Door, opened

TRANSPORTS = (
    "test_autobahn",
    "test_handovers",
    "test_handshakes",
    "test_http_protocol",
    "test_http_slowness",
    "test_intakes",
    "test_socket_applications",
    "test_websocket_ends",
    "test_websocket_protocol",
)


def pytest_asyncio_loop_factories(
    config: pytest.Config, item: pytest.Item
) -> Mapping[str, Callable[[], asyncio.AbstractEventLoop]]:
    """Run what touches transports on both loops: they pause, flush and fail at different moments."""
    if item.path.stem in TRANSPORTS:
        return {"asyncio": asyncio.new_event_loop, "uvloop": uvloop.new_event_loop}
    return {"asyncio": asyncio.new_event_loop}


@pytest.fixture(autouse=True)
def plain_logs() -> Iterator[None]:
    """Log tracebacks without the values of variables, which take seconds to draw."""
    plain = structlog.dev.plain_traceback
    renderer = structlog.dev.ConsoleRenderer(colors=False, exception_formatter=plain)
    structlog.configure(processors=[structlog.processors.add_log_level, renderer])
    yield
    structlog.reset_defaults()


@pytest.fixture(params=["handover", "sansio", "testclient"])
async def door(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Door]:
    """Return a node with a moderator and two members of cardiology, behind each door in turn."""
    async with opened(request.param, tmp_path) as door:
        yield door


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """Return where a server and the commands beside it keep their data; it is not there yet."""
    return tmp_path / "var"
