"""Health: whether the process lives, and whether it may take traffic."""

from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response

from web.curbside import Curbside


async def show_health(request: Request) -> Response:
    """Answer that the process lives."""
    return PlainTextResponse("ok\n", headers={"Cache-Control": "no-store"})


async def show_readiness(request: Request) -> Response:
    """Answer whether the node may take traffic, and what it lacks while it takes it.

    Without its database or its bus it stays ready: another node would have neither, and clients that
    are connected lose nothing by waiting.
    """
    curbside: Curbside = request.app.state.curbside
    is_ready = curbside.is_ready and not curbside.connections.is_draining
    lacks = {"database": not await curbside.has_database(), "bus": curbside.bus.is_degraded}
    body = {
        "ready": is_ready,
        "degraded": [name for name, is_lacking in lacks.items() if is_lacking],
        "limits": "on" if curbside.limits.is_limited else "off",
    }
    headers = {"Cache-Control": "no-store"} | ({} if is_ready else {"Retry-After": "2"})
    return JSONResponse(body, 200 if is_ready else 503, headers)
