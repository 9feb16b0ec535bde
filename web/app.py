"""The app: every address of the server, and what serves it."""

import asyncio
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.routing import BaseRoute, Route, WebSocketRoute

from chat.errors import Refusal
from web import api, health, metrics, pages, problems
from web.chores import Chores, all_chores
from web.curbside import Curbside
from web.echo import serve_echo
from web.headers import SecurityHeaders
from web.settings import Settings
from web.sockets import serve_socket
from web.visitors import SignIns


def create_app(
    curbside: Curbside, settings: Settings, *, static: Path = pages.STATIC, key: bytes | None = None
) -> Starlette:
    """Return the ASGI application around one node, which starts and stops with it.

    Without the server's ``key``, the devices in which people signed in are known until it stops.
    """

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        await curbside.start()
        watching = asyncio.create_task(metrics.watch_loop(curbside.metrics, curbside.loop_time))
        # With Redis there are other nodes, and a worker for all of them.
        some = () if settings.redis_url else all_chores(curbside.secret)
        chores = Chores(curbside.database, some)
        working = asyncio.create_task(chores.run())
        yield
        watching.cancel()
        chores.end()
        await asyncio.gather(watching, working, return_exceptions=True)
        await curbside.stop()
        app.state.sign_ins.passwords.close()

    app = Starlette(
        routes=_routes(settings),
        lifespan=lifespan,
        middleware=[
            Middleware(SecurityHeaders, is_https=settings.is_https),
            Middleware(problems.Failures),
        ],
        exception_handlers={Refusal: problems.refused, HTTPException: problems.not_served},
    )
    app.state.curbside = curbside
    app.state.settings = settings
    app.state.client = pages.Client(static)
    app.state.sign_ins = SignIns(is_limited=settings.is_limited, key=key or secrets.token_bytes(32))
    return app


def _routes(settings: Settings) -> list[BaseRoute]:
    echo = [WebSocketRoute("/echo", serve_echo)] if settings.has_test_echo else []
    return [
        WebSocketRoute("/ws", serve_socket),
        *echo,
        Route("/api/openapi.json", api.show_openapi),
        Route("/api/asyncapi.json", api.show_asyncapi),
        Route("/api/rooms", api.list_rooms),
        Route("/api/rooms/{room}/messages", api.show_history),
        Route("/api/{command}", api.run_command, methods=["POST"]),
        Route("/healthz", health.show_health),
        Route("/readyz", health.show_readiness),
        Route("/metrics", metrics.show_metrics),
        *(Route(page, pages.show_page) for page in pages.PAGES),
        Route("/assets/{name}", pages.show_asset),
        Route("/fonts/{name}", pages.show_font),
        Route("/{name}", pages.show_file),
    ]
