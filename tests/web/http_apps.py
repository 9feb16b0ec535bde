"""An app of two pages, and requests for them, for the tests of HTTP itself."""

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from web.http_protocol import HttpProtocol

GET = b"GET / HTTP/1.1\r\nHost: curbside.test\r\n"
POST = b"POST /notes HTTP/1.1\r\nHost: curbside.test\r\n"


class Hasty(HttpProtocol):
    head_seconds = 0.1
    body_seconds = 0.1


async def home(request: Request) -> PlainTextResponse:
    return PlainTextResponse("home")


async def take_notes(request: Request) -> PlainTextResponse:
    return PlainTextResponse(f"{len(await request.body())} bytes")


app = Starlette(routes=[Route("/", home), Route("/notes", take_notes, methods=["POST"])])
