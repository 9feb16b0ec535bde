"""The API: every command over HTTP, the same declarations as on the socket."""

import re
import time
from typing import Any

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from chat.codecs import JSON, MSGPACK, Codec, Undecodable, refuse_unsafe
from chat.commands import Command, Over, Runs, Write
from chat.errors import BadRequest, NotFound, Refusal, SignedOut, TooLarge
from chat.frames import MESSAGE_LIMIT
from chat.identifiers import new_id
from rooms.permissions import Actor
from web.asyncapi import asyncapi
from web.auth import (
    Identity,
    clear_cookie,
    device_of,
    identify,
    refuse_foreign_page,
    require_own_page,
    set_cookie,
    set_device_cookie,
)
from web.curbside import Curbside
from web.limits import network_of
from web.openapi import openapi
from web.problems import problem
from web.visitors import SignIns, Visitor

MEDIA_TYPES = {"application/json": JSON, "application/msgpack": MSGPACK}
HISTORY_KEYS = ("before", "after", "around", "limit")


async def run_command(request: Request) -> Response:
    """Run one command and answer with its reply."""
    curbside: Curbside = request.app.state.curbside
    command = _find(curbside, request.path_params["command"])
    codec = _codec(request)
    if codec is None:
        return problem(BadRequest("Send application/json or application/msgpack."), 415)
    identity = await identify(request, curbside)
    if not command.anonymous:
        _actor(identity)  # before anything of a stranger's is read
    if identity is not None and identity.by_cookie and command.runs is not Runs.READS:
        require_own_page(request)
    payload = _named(request, command, _decode(codec, await _body(request)))
    if command.anonymous:
        return await _visit(request, curbside, command, payload, identity)
    return _answer(request, await curbside.run(command.name, payload, _actor(identity)))


async def list_rooms(request: Request) -> Response:
    """Answer ``room.list``."""
    return await _get(request, "room.list", _query(request, ("cursor",), ("limit",)))


async def show_history(request: Request) -> Response:
    """Answer ``message.history``."""
    payload = {"room": request.path_params["room"], **_query(request, (), HISTORY_KEYS)}
    return await _get(request, "message.history", payload)


async def show_openapi(request: Request) -> Response:
    """Answer the description of the API over HTTP."""
    curbside: Curbside = request.app.state.curbside
    return Response(msgspec.json.encode(openapi(curbside.commands)), media_type="application/json")


async def show_asyncapi(request: Request) -> Response:
    """Answer the description of the socket."""
    curbside: Curbside = request.app.state.curbside
    return Response(msgspec.json.encode(asyncapi(curbside.commands)), media_type="application/json")


async def _get(request: Request, name: str, payload: dict[str, Any]) -> Response:
    curbside: Curbside = request.app.state.curbside
    identity = await identify(request, curbside)
    return _answer(request, await curbside.run(name, payload, _actor(identity)))


async def _visit(
    request: Request, curbside: Curbside, command: Command, payload: Any, identity: Identity | None
) -> Response:
    """Run a command of one who may not be signed in, and see to their cookie."""
    settings, sign_ins = request.app.state.settings, _sign_ins(request)
    address = network_of(request.client.host if request.client else "")
    visitor = Visitor(
        curbside, sign_ins, identity, address=address, device=device_of(request),
        session_seconds=settings.session_seconds,
    )  # fmt: skip
    refuse_foreign_page(request)
    asked_at = time.perf_counter()
    try:
        refuse_unsafe(payload)
        reply = await command.handler(visitor, command.convert(payload))
    except Refusal as refusal:
        curbside.count(command, asked_at, refusal)
        raise
    curbside.count(command, asked_at, None)
    response = _answer(request, reply)
    if visitor.opened is not None:
        set_cookie(response, settings, visitor.opened)
        set_device_cookie(response, settings, visitor.device or "")
    if visitor.has_left:
        clear_cookie(response, settings)
    return response


def _sign_ins(request: Request) -> SignIns:
    sign_ins: SignIns = request.app.state.sign_ins
    return sign_ins


def _actor(identity: Identity | None) -> Actor:
    if identity is None:
        raise SignedOut("Sign in first.")
    return identity.actor


def _find(curbside: Curbside, name: str) -> Command:
    try:
        command = curbside.commands.find(name)
    except BadRequest:
        raise NotFound("There is no such command.") from None
    if command.over is Over.SOCKET:
        raise NotFound(f"{name} is asked over the socket alone.")
    return command


def _codec(request: Request) -> Codec | None:
    """Return the codec of the body, or None for one that is not read; an empty body needs no name."""
    named = request.headers.get("content-type")
    if named is None:
        return JSON
    media_type, _, parameters = named.lower().replace(" ", "").partition(";")
    if parameters not in ("", "charset=utf-8", 'charset="utf-8"'):
        return None
    return MEDIA_TYPES.get(media_type)


async def _body(request: Request) -> bytes:
    body = bytearray()
    async for piece in request.stream():
        body += piece
        if len(body) > MESSAGE_LIMIT:
            raise TooLarge(f"A body has at most {MESSAGE_LIMIT // 1024} KiB.")
    return bytes(body)


def _decode(codec: Codec, body: bytes) -> dict[str, Any]:
    if not body:
        return {}
    try:
        payload = codec.decode(body)
    except Undecodable as error:
        raise BadRequest(f"The body cannot be read: {error}") from None
    if not isinstance(payload, dict):
        raise BadRequest("The body is no map.")
    return payload


def _named(request: Request, command: Command, payload: dict[str, Any]) -> dict[str, Any]:
    """Return the payload with a cid: its own, the Idempotency-Key, or a new one."""
    if not issubclass(command.request, Write) or payload.get("cid") is not None:
        return payload
    key = request.headers.get("idempotency-key")
    # Written as a string of RFC 9651, in quotes, where a client follows the draft of the header.
    return {**payload, "cid": new_id() if key is None else key.strip('"')}


def _query(request: Request, texts: tuple[str, ...], numbers: tuple[str, ...]) -> dict[str, Any]:
    payload: dict[str, Any] = {}
    for name, value in request.query_params.multi_items():
        if name not in (*texts, *numbers) or name in payload:
            raise BadRequest(f"{name[:64]}: not asked for, or twice")
        payload[name] = value if name in texts else _number(name, value)
    return payload


def _number(name: str, value: str) -> int:
    if not re.fullmatch(r"-?[0-9]{1,16}", value):
        raise BadRequest(f"{name}: a whole number")
    return int(value)


def _answer(request: Request, reply: Any) -> Response:
    codec = _wanted(request)
    media_type = next(name for name, each in MEDIA_TYPES.items() if each is codec)
    headers = {"Cache-Control": "no-store", "Vary": "Accept"}
    return Response(codec.encode({} if reply is None else reply), 200, headers, media_type)


def _wanted(request: Request) -> Codec:
    """Return the codec that the client asks for, else that of its own body."""
    asked = request.headers.get("accept", "")
    named = [codec for media_type, codec in MEDIA_TYPES.items() if media_type in asked]
    return named[0] if named else _codec(request) or JSON
