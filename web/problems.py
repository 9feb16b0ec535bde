"""Problems: refusals over HTTP, as RFC 9457 has them."""

import math
from http import HTTPStatus

import msgspec
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from chat.errors import BadRequest, Internal, NotFound, Refusal

MEDIA_TYPE = "application/problem+json"


def problem(refusal: Refusal, status: int | None = None) -> Response:
    """Return a refusal as a response; ``status`` where HTTP has a finer one than the code's own."""
    number = status or refusal.status
    body = {
        "type": "about:blank", "title": HTTPStatus(number).phrase, "status": number,
        **refusal.answer(),
    }  # fmt: skip
    headers = {}
    after = refusal.fields.get("after")
    if isinstance(after, float):
        headers["Retry-After"] = str(math.ceil(after))
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


async def failed(request: Request, error: Exception) -> Response:
    """Answer what is a bug of ours, without any detail: the log has them."""
    return problem(Internal("Something went wrong on the server."))
