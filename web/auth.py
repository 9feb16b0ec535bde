"""Auth: who is asking, and whether their browser was made to ask by another site.

Secrets are random, 256 bits, and only their digests are kept. A request that carries a bearer's
secret is answered as that, whatever cookie it has besides; none is ever read from the URL.
"""

from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from starlette.requests import HTTPConnection
from starlette.responses import Response

from chat.errors import Forbidden
from chat.values import Value
from rooms.permissions import Actor
from storage.credentials import TOKEN_PREFIX, Bearer, Credentials, digest_of
from storage.database import Connection
from storage.people import Person
from web.settings import Settings, is_loopback

if TYPE_CHECKING:
    from web.curbside import Curbside

SECRET_LIMIT = 128  # characters; ours have 43 to 47
DEVICE_SECONDS = 180 * 86_400  # guessed: somebody who signs in twice a year is still known


class Identity(Value):
    """Who is asking, and by what. ``session`` is the digest of the secret they came with."""

    person: Person
    actor: Actor
    session: bytes
    expires: float | None
    by_cookie: bool


async def identify(connection: HTTPConnection, curbside: "Curbside") -> Identity | None:
    """Return who is asking, or None for nobody or bad credentials. Raises Unavailable."""
    secret, by_cookie = _presented(connection)
    if not secret or len(secret) > SECRET_LIMIT:
        return None
    digest, now = digest_of(secret), curbside.wall_time()

    def find(sql: Connection) -> Bearer | None:
        if secret.startswith(TOKEN_PREFIX):
            return None if by_cookie else Credentials(sql).token(digest, now)
        return Credentials(sql).session(digest, now)

    bearer = await curbside.reading(find)
    return _identity(bearer, digest, by_cookie) if bearer else None


def is_own_origin(connection: HTTPConnection) -> bool:
    """Return whether the page that asks is one of the server's own. False where it does not say."""
    origin = connection.headers.get("origin", "")
    settings: Settings = connection.app.state.settings
    if origin == settings.origin:
        return True
    if not is_loopback(settings.hostname):
        return False
    # On one's own machine: by whichever name, and on a port that was not known at start.
    host = connection.headers.get("host", "")
    own = [f"http://{name}:{settings.port}" for name in ("127.0.0.1", "localhost")]
    return origin in own or (_is_loopback_host(host) and origin == f"http://{host}")


def require_own_page(connection: HTTPConnection) -> None:
    """Refuse a write under a cookie that another site may have had the browser send."""
    site = connection.headers.get("sec-fetch-site")
    is_own = site in ("same-origin", "none") if site else is_own_origin(connection)
    if not is_own or connection.headers.get("x-curbside") != "1":
        raise Forbidden("Under a cookie, write from the server's own origin with X-Curbside: 1.")


def refuse_foreign_page(connection: HTTPConnection) -> None:
    """Refuse to sign somebody in or out for a page of another site; clients that are no page may."""
    site = connection.headers.get("sec-fetch-site", "none")
    is_foreign = "origin" in connection.headers and not is_own_origin(connection)
    if is_foreign or site not in ("same-origin", "none"):
        raise Forbidden("This origin may not sign anybody in.")


def cookie_name(settings: Settings) -> str:
    """Return the name of the session's cookie; browsers keep ``__Host-`` to this very host."""
    return "__Host-curbside" if settings.is_https else "curbside"


def set_cookie(response: Response, settings: Settings, secret: str) -> None:
    """Give the browser a session."""
    response.set_cookie(
        cookie_name(settings), secret, max_age=int(settings.session_seconds),
        path="/", secure=settings.is_https, httponly=True, samesite="lax",
    )  # fmt: skip


def device_of(connection: HTTPConnection) -> str | None:
    """Return the cookie of the device, which proves nothing about who is asking."""
    return connection.cookies.get(f"{cookie_name(connection.app.state.settings)}-device")


def set_device_cookie(response: Response, settings: Settings, device: str) -> None:
    """Let the browser be known again, also after its session."""
    response.set_cookie(
        f"{cookie_name(settings)}-device", device, max_age=DEVICE_SECONDS,
        path="/", secure=settings.is_https, httponly=True, samesite="lax",
    )  # fmt: skip


def clear_cookie(response: Response, settings: Settings) -> None:
    """Take the session from the browser, and what it has cached of the rooms.

    Its storage stays: unsent drafts are the person's own, and wait there for their return.
    """
    response.delete_cookie(
        cookie_name(settings), path="/", secure=settings.is_https, httponly=True, samesite="lax"
    )
    response.headers["Clear-Site-Data"] = '"cache"'


def _presented(connection: HTTPConnection) -> tuple[str, bool]:
    """Return the secret, and whether it came as a cookie, which browsers send unasked."""
    authorization = connection.headers.get("authorization")
    if authorization is not None:
        scheme, _, secret = authorization.partition(" ")
        return (secret.strip() if scheme.lower() == "bearer" else ""), False
    return connection.cookies.get(cookie_name(connection.app.state.settings), ""), True


def _identity(bearer: Bearer, digest: bytes, by_cookie: bool) -> Identity:
    person = bearer.person
    return Identity(
        person=person,
        actor=Actor.of(person, bearer.scopes),
        session=digest,
        expires=bearer.expires,
        by_cookie=by_cookie,
    )


def _is_loopback_host(host: str) -> bool:
    try:
        return is_loopback(urlsplit(f"//{host}").hostname or "")
    except ValueError:
        return False
