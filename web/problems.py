"""Problems: refusals over HTTP, as RFC 9457 has them."""

import math
from http import HTTPStatus

import msgspec
import structlog
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from chat.errors import BadRequest, Internal, NotFound, Refusal

MEDIA_TYPE = "application/problem+json"

log = structlog.get_logger(__name__)


def problem(refusal: Refusal, status: int | None = None) -> Response:
    """Return a refusal as a response; ``status`` where HTTP has a finer one than the code's own."""
    number = status or refusal.status
    body = {
        "type": "about:blank", "title": HTTPStatus(number).phrase, "status": number,
        **refusal.answer(),
    }  # fmt: skip
    headers = {"Cache-Control": "no-store"}
    after = refusal.fields.get("after")
    if isinstance(after, int | float):
        headers["Retry-After"] = str(math.ceil(after))
    if number == HTTPStatus.UNAUTHORIZED:
        headers["WWW-Authenticate"] = "Bearer"  # RFC 9110 section 11.6.1 wants one
    return Response(msgspec.json.encode(body), number, headers, MEDIA_TYPE)


async def refused(request: Request, error: Exception) -> Response:
    """Answer a refusal that an endpoint raised."""
    assert isinstance(error, Refusal)
    return problem(error)


async def not_served(request: Request, error: Exception) -> Response:
    """Answer what Starlette itself turned away: no such path, or not this method."""
    assert isinstance(error, HTTPException)
    if error.status_code == HTTPStatus.NOT_FOUND:
        return problem(NotFound("There is nothing here."))
    response = problem(BadRequest(error.detail), error.status_code)
    response.headers.update(error.headers or {})
    return response


class Failures:
    """ASGI middleware: a bug of ours is logged with its traceback, and answered without a detail.

    Starlette's own handler would do so outside of every middleware, and its answer lack their headers.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        has_begun = False

        async def watch(message: Message) -> None:
            nonlocal has_begun
            has_begun = True
            await send(message)

        try:
            await self._app(scope, receive, watch)
        except ClientDisconnect:
            pass  # nobody is left to be answered
        except Exception:
            if has_begun:
                raise  # the server cuts the response short, and logs why
            log.exception("request failed", path=scope["path"])
            answer = problem(Internal("Something went wrong on the server."))
            await answer(scope, receive, send)
