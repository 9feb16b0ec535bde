"""Logs: lines that machines can read, with nothing in them that was said or proves who one is."""

import io
import json
import logging
from collections.abc import Iterator
from typing import Any

import pytest
import structlog

from web.logs import configure_logs


@pytest.fixture(autouse=True)
def own_logs() -> Iterator[None]:
    """Put back what pytest had set up."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:], root.level = handlers, level
    logging.getLogger("uvicorn.access").disabled = False
    for loud in ("alembic", "uvicorn"):
        logging.getLogger(loud).setLevel(logging.NOTSET)
    structlog.reset_defaults()


def lines(stream: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def test_every_line_is_json_with_its_fields() -> None:
    stream = io.StringIO()
    configure_logs("json", stream=stream)

    structlog.get_logger("web.sockets").warning("client too slow", room="cardiology", behind=812)
    logging.getLogger("uvicorn.error").warning("Invalid HTTP request received.")

    ours, theirs = lines(stream)
    assert {ours["event"], ours["room"], ours["logger"]} == {
        "client too slow", "cardiology", "web.sockets",
    }  # fmt: skip
    assert (theirs["event"], theirs["level"]) == ("Invalid HTTP request received.", "warning")


def test_nothing_private_is_written() -> None:
    stream = io.StringIO()
    configure_logs("json", stream=stream)

    structlog.get_logger().info("posted", text="bed four", token="cbt_x", password="p", cookie="c")

    [line] = lines(stream)
    assert [line[name] for name in ("text", "token", "password", "cookie")] == ["…"] * 4


@pytest.mark.parametrize("style", ["json", "console"])
def test_a_traceback_shows_where_but_no_values(style: str) -> None:
    stream = io.StringIO()
    configure_logs(style, stream=stream)

    def fail(spoken: str) -> None:
        raise RuntimeError("the room is gone")

    try:
        fail("bed " + "four")
    except RuntimeError:
        structlog.get_logger().exception("request failed")

    written = stream.getvalue()
    assert "the room is gone" in written
    assert "test_logs.py" in written
    assert "bed four" not in written


def test_requests_are_not_logged_with_what_was_searched_for() -> None:
    stream = io.StringIO()
    configure_logs("json", stream=stream)

    logging.getLogger("uvicorn.access").warning("GET /api/search?query=sepsis")

    assert stream.getvalue() == ""
