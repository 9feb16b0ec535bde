"""HTTP clients: one that talks to the whole application in this process, and what it signs in with."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx2

from chat.identifiers import new_id
from storage.credentials import TOKEN_PREFIX, Credentials, digest_of, new_secret
from storage.database import Connection
from tests.builders import FAR as FAR
from tests.builders import Ward
from web.app import create_app
from web.curbside import Curbside
from web.pages import STATIC
from web.passwords import hash_password
from web.settings import Settings

ORIGIN = "http://127.0.0.1:8000"
OWN_PAGE = {"Origin": ORIGIN, "X-Curbside": "1"}
PASSWORD = "three quiet night shifts"


@asynccontextmanager
async def browsing(
    curbside: Curbside, settings: Settings | None = None, *, origin: str = ORIGIN,
    address: str = "127.0.0.1", static: Path = STATIC,
) -> AsyncIterator[httpx2.AsyncClient]:  # fmt: skip
    """Yield a client that keeps its cookies, as a browser does."""
    settings = settings or Settings(is_limited=False)
    app = create_app(curbside, settings, static=static)
    transport = httpx2.ASGITransport(app, client=(address, 50_000))
    async with httpx2.AsyncClient(transport=transport, base_url=origin) as client:
        yield client
    app.state.sign_ins.passwords.close()


async def give_password(ward: Ward, handle: str, password: str = PASSWORD) -> None:
    """Let somebody sign in."""
    hashed = hash_password(password)

    def give(connection: Connection) -> None:
        Credentials(connection).set_password(ward.id(handle), hashed)

    await ward.curbside.database.transaction(give)


async def give_session(ward: Ward, handle: str, *, expires: float = FAR) -> str:
    """Return the secret of a session."""
    secret = new_secret()

    def give(connection: Connection) -> None:
        Credentials(connection).open_session(
            digest_of(secret), ward.id(handle), at=0.0, expires=expires
        )

    await ward.curbside.database.transaction(give)
    return secret


async def give_token(
    ward: Ward, handle: str, *scopes: str, expires: float | None = None
) -> dict[str, str]:
    """Return the header that carries a token."""
    secret = new_secret(TOKEN_PREFIX)

    def give(connection: Connection) -> None:
        Credentials(connection).add_token(
            digest_of(secret), new_id(), ward.id(handle), frozenset(scopes), at=0.0, expires=expires
        )

    await ward.curbside.database.transaction(give)
    return {"Authorization": f"Bearer {secret}"}
