"""Dialling: sockets through a door, under a token or a cookie, and how one is refused."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from chat.codecs import JSON, MSGPACK, Codec
from tests.web.doors import Door, Headers
from tests.web.http_clients import FAR, give_session, give_token
from tests.web.talkers import Refused, Talker

EACH_CODEC = pytest.mark.parametrize("codec", [JSON, MSGPACK], ids=["json", "msgpack"])

POST = {"room": "cardiology", "cid": "b1f0c2d4e5", "text": "ECG attached."}


async def bearer(door: Door, handle: str, *scopes: str, **more: Any) -> Headers:
    granted: Headers = await door.do(
        lambda: give_token(door.ward, handle, *(scopes or ("read", "post")), **more)
    )
    return granted


async def cookie(door: Door, handle: str, *, expires: float = FAR) -> Headers:
    """Return the headers of one's own page under a session."""
    secret = await door.do(lambda: give_session(door.ward, handle, expires=expires))
    return {"Cookie": f"curbside={secret}", "Origin": door.origin}


@asynccontextmanager
async def talk(door: Door, headers: Headers, codec: Codec = JSON) -> AsyncIterator[Talker]:
    async with door.dial(headers, codec.name) as socket:
        assert socket.subprotocol == codec.name
        yield Talker(socket, codec)


async def refusal(door: Door, headers: Headers, *subprotocols: str) -> Refused:
    """Return how a handshake was refused."""
    with pytest.raises(Refused) as caught:
        async with door.dial(headers, *subprotocols):
            pass
    return caught.value


def code_of(refused: Refused) -> str:
    return str(json.loads(refused.body)["code"])
