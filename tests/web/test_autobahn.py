"""Conformance: the Autobahn cases, on both ways through the socket class.

Left out are 9 (messages above our limit) and 12 and 13 (compression, which is never negotiated).
"""

from typing import Any

import kosoku
import pytest
from starlette.applications import Starlette
from starlette.routing import WebSocketRoute

from tests.web.socket_servers import serving
from web.echo import serve_echo

OURS = 247  # cases in the groups that are run
AT_ONCE = 8  # cases: most of them wait for the other side to say nothing more
LEFT_OUT = ["9.*", "12.*", "13.*"]


def without_extensions(app: Any) -> Any:
    """Return the application as any other ASGI server would run it."""

    async def plain(scope: dict[str, Any], receive: Any, send: Any) -> None:
        await app({**scope, "extensions": {}}, receive, send)

    return plain


@pytest.mark.conformance
async def test_the_echo_passes_the_autobahn_cases_handed_over() -> None:
    async with serving(echo_app()) as served:
        results = await kosoku.run_fuzzingclient(served.url, None, LEFT_OUT, AT_ONCE)

    assert len(results) == OURS
    verdicts = {value for result in results for value in verdict(result)}
    assert verdicts == {"OK", "INFORMATIONAL"}


@pytest.mark.conformance
async def test_the_echo_passes_the_autobahn_cases_as_plain_asgi() -> None:
    """Non-strict is good enough here: the task of an endpoint echoes after a later frame has failed."""
    async with serving(without_extensions(echo_app())) as served:
        results = await kosoku.run_fuzzingclient(served.url, None, LEFT_OUT, AT_ONCE)

    assert len(results) == OURS
    assert all(result.passed for result in results)


def echo_app() -> Starlette:
    return Starlette(routes=[WebSocketRoute("/ws", serve_echo)])


def verdict(result: Any) -> tuple[str, str]:
    return result.behavior.value, result.behavior_close.value
