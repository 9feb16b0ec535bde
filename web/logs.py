"""Logs: one line an event on stderr, JSON for machines and plain words for a terminal.

No message, token, cookie or password enters one, whoever logs it: fields of those names are blanked,
and tracebacks show no values.
"""

import logging
import sys
from collections.abc import MutableMapping
from typing import Any, TextIO

import structlog
from structlog.processors import ExceptionRenderer
from structlog.tracebacks import ExceptionDictTransformer
from structlog.typing import Processor

from web.outlets import Outlet

PRIVATE = frozenset(
    ("authorization", "body", "cookie", "cookies", "password", "secret", "text", "token")
)


def configure_logs(style: str = "", *, stream: TextIO | None = None) -> None:
    """Send all logs, uvicorn's too, to stderr: ``json``, ``console``, or "" for what fits it.

    Nobody waits until that takes them, as for a ``stream`` that is given instead.
    """
    is_console = style == "console" or (not style and (stream or sys.stderr).isatty())
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        hide_private,
    ]
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
    )
    handler = logging.StreamHandler(stream or Outlet(sys.stderr.fileno()))
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared, processors=_rendering(is_console)
        )
    )
    logging.basicConfig(handlers=[handler], level=logging.INFO, force=True)
    for loud in ("alembic", "uvicorn"):
        logging.getLogger(loud).setLevel(logging.WARNING)
    # Paths of requests hold search words; what is worth counting of them is in the metrics.
    logging.getLogger("uvicorn.access").disabled = True


def hide_private(
    logger: object, method: str, event: MutableMapping[str, Any]
) -> MutableMapping[str, Any]:
    """Blank the fields that may hold what somebody wrote, or what proves who they are."""
    for name in PRIVATE & event.keys():
        event[name] = "…"
    return event


def _rendering(is_console: bool) -> list[Processor]:
    drop = structlog.stdlib.ProcessorFormatter.remove_processors_meta
    if is_console:
        plain = structlog.dev.plain_traceback  # the rich one shows local variables
        return [drop, structlog.dev.ConsoleRenderer(exception_formatter=plain)]
    tracebacks = ExceptionRenderer(ExceptionDictTransformer(show_locals=False))
    return [drop, tracebacks, structlog.processors.JSONRenderer()]
