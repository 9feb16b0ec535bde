"""Pages: the web client, one document for every address that it draws itself, and its files."""

import gzip
import mimetypes
from pathlib import Path
from typing import NamedTuple

from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import FileResponse, PlainTextResponse, Response
from starlette.staticfiles import StaticFiles

STATIC = Path(__file__).parent / "static"
PAGES = ("/", "/sign-in", "/rooms", "/you", "/r/{room}", "/r/{room}/{seq}")

FRESH = "no-cache"  # kept, but asked for each time whether it still holds
DAY = "public, max-age=86400"
FOR_EVER = "public, max-age=31536000, immutable"
COMPRESSED = ("text/", "application/json", "image/svg")


class Asset(NamedTuple):
    """A file whose name has its hash, as it is sent."""

    media_type: str
    plain: bytes
    zipped: bytes | None


class Client:
    """The built client. It may be built, or built again, while the server runs."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._files = StaticFiles(directory=folder, check_dir=False)
        self._assets: dict[str, Asset] = {}

    async def page(self) -> Response:
        """Return the document. It is asked for anew each time and names its parts by hash."""
        page = self._folder / "index.html"
        if not page.exists():
            line = "The web client is not built. Run bin/setup, then load this page again.\n"
            return PlainTextResponse(line, 503, {"Cache-Control": "no-store"})
        return FileResponse(page, headers={"Cache-Control": FRESH})

    async def file(self, path: str, request: Request, caching: str) -> Response:
        """Return a file under its own name. Raises HTTPException."""
        response = await self._files.get_response(path, request.scope)
        response.headers["Cache-Control"] = caching
        return response

    async def asset(self, name: str, request: Request) -> Response:
        """Return a file that never changes, compressed once for all. Raises HTTPException."""
        asset = self._assets.get(name)
        if asset is None:
            asset = await run_in_threadpool(self._load, name)
        headers = {"Cache-Control": FOR_EVER, "Vary": "Accept-Encoding"}
        if asset.zipped and "gzip" in request.headers.get("accept-encoding", ""):
            headers["Content-Encoding"] = "gzip"
            return Response(asset.zipped, 200, headers, asset.media_type)
        return Response(asset.plain, 200, headers, asset.media_type)

    def _load(self, name: str) -> Asset:
        folder = self._folder / "assets"
        # Only names that the folder itself lists: a path made of a request could lead out of it.
        found = {each.name: each for each in folder.iterdir()} if folder.is_dir() else {}
        if name not in found or not found[name].is_file():
            raise HTTPException(404)
        plain = found[name].read_bytes()
        media_type = mimetypes.guess_type(name)[0] or "application/octet-stream"
        zipped = gzip.compress(plain, 9, mtime=0) if media_type.startswith(COMPRESSED) else None
        self._assets[name] = asset = Asset(media_type, plain, zipped)
        return asset


async def show_page(request: Request) -> Response:
    """Answer the client's document."""
    return await _client(request).page()


async def show_asset(request: Request) -> Response:
    """Answer a file with a hash in its name."""
    return await _client(request).asset(request.path_params["name"], request)


async def show_font(request: Request) -> Response:
    """Answer a font."""
    return await _client(request).file(f"fonts/{request.path_params['name']}", request, DAY)


async def show_file(request: Request) -> Response:
    """Answer a file beside the document, such as the icon."""
    return await _client(request).file(request.path_params["name"], request, FRESH)


def _client(request: Request) -> Client:
    client: Client = request.app.state.client
    return client
