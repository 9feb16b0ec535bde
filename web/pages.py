"""Pages: the web client, one document for every address that it draws itself."""

from pathlib import Path

from starlette.requests import Request
from starlette.responses import FileResponse, PlainTextResponse, Response
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

STATIC = Path(__file__).parent / "static"
PAGES = ("/", "/sign-in", "/rooms", "/you", "/r/{room}", "/r/{room}/{seq}")


async def show_client(request: Request) -> Response:
    """Answer the client's document, which is asked for anew each time and names its parts by hash."""
    if not (STATIC / "index.html").exists():
        return PlainTextResponse("The web client is not built. Run bin/setup.\n", 503)
    return FileResponse(STATIC / "index.html", headers={"Cache-Control": "no-cache"})


class Assets(StaticFiles):
    """The client's files; those under ``assets/`` carry a hash in their names and never change."""

    def __init__(self) -> None:
        super().__init__(directory=STATIC, check_dir=False)

    async def get_response(self, path: str, scope: Scope) -> Response:
        """Answer one file."""
        response = await super().get_response(path, scope)
        hashed = path.startswith("assets/")
        response.headers["Cache-Control"] = (
            "public, max-age=31536000, immutable" if hashed else "no-cache"
        )
        return response
