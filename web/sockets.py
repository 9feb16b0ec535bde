"""Sockets: who may connect, in which codec; then the connection is handed over and no task is left."""

from starlette.websockets import WebSocket

from chat.codecs import CODECS, JSON, WIRES, Codec
from chat.connection import Connection
from chat.errors import Forbidden, NoCommonVersion, RateLimited, Refusal, SignedOut, Unavailable
from chat.events import Signal
from chat.frames import MESSAGE_LIMIT, TEXT
from chat.links import Link
from chat.values import Value
from rooms.messages import TEXT_LIMIT
from storage.people import Person
from web.auth import Identity, identify, is_own_origin
from web.curbside import Curbside
from web.handshakes import HANDOVER
from web.limits import network_of
from web.paces import Pace
from web.plain_link import PlainLink
from web.problems import problem

CONNECTIONS_LIMIT = 20  # a person; docs/protocol.md, Limits
PING_EVERY = 25.0  # seconds; docs/protocol.md, The socket
# Frames of one connection, pings and fragments among them. At once: 200 rooms entered, 120 other
# commands and 50 posts of a bot, and half as many again. In the long run: a bot's 50 posts a second.
PACE = Pace(600, 60.0)
VERSION = "1"


class Limits(Value):
    """What a client may send."""

    text: int
    frame_bytes: int
    edit_seconds: float


class Server(Value):
    """Which server this is, what time it has, and what it takes."""

    version: str
    now: float
    limits: Limits


class ConnectionWelcoming(Signal, signal="connection.welcoming"):
    """The first frame: who one is here, and what the server expects."""

    person: Person
    server: Server
    ping_every: float


async def serve_socket(websocket: WebSocket) -> None:
    """Accept a client, or refuse it before the upgrade."""
    curbside: Curbside = websocket.app.state.curbside
    try:
        identity, codec = await _admit(websocket, curbside)
    except Refusal as refusal:
        await websocket.send_denial_response(problem(refusal))
        return
    await websocket.accept(codec.name if websocket.scope["subprotocols"] else None)
    pace = PACE if curbside.limits.is_limited else None
    handover = websocket.scope.get("extensions", {}).get(HANDOVER)
    if handover is not None:
        handover["attach"](lambda link: _begin(curbside, link, codec, True, identity), pace)
        return
    link = PlainLink(websocket, text=codec.opcode == TEXT, pace=pace)
    await link.run(_begin(curbside, link, codec, False, identity))


async def _admit(websocket: WebSocket, curbside: Curbside) -> tuple[Identity, Codec]:
    """Return who connects, and in which codec. Raises Refusal."""
    now, limits = curbside.loop_time(), curbside.limits
    address = network_of(websocket.client.host if websocket.client else "")
    if curbside.connections.is_draining:
        raise Unavailable("The server is restarting.", after=2.0)
    if curbside.connections.is_full:
        raise Unavailable("The server is full. Try again.", after=5.0)
    limits.require_handshake(address, now)
    try:
        codec = _codec(websocket)
        identity = await identify(websocket, curbside)
        if identity is None:
            raise SignedOut("Sign in first.")
        if identity.by_cookie and not is_own_origin(websocket):
            raise Forbidden("This origin may not connect.")
    except (SignedOut, Forbidden, NoCommonVersion):
        limits.count_failed_handshake(address, now)
        raise
    if limits.is_limited and curbside.connections.count_of(identity.actor.id) >= CONNECTIONS_LIMIT:
        raise RateLimited(f"At most {CONNECTIONS_LIMIT} connections a person.", after=60.0)
    return identity, codec


def _codec(websocket: WebSocket) -> Codec:
    offered = websocket.scope["subprotocols"]
    if not offered:
        return JSON
    for name in offered:
        if name in CODECS:
            return CODECS[name]
    raise NoCommonVersion(f"Offer one of {', '.join(CODECS)}.")


def _begin(
    curbside: Curbside, link: Link, codec: Codec, framed: bool, identity: Identity,
) -> Connection:  # fmt: skip
    connection = Connection(
        link, WIRES[codec.name, framed], curbside.connections,
        identity.actor, identity.session, identity.expires,
    )  # fmt: skip
    curbside.connections.add(connection)
    server = Server(version=VERSION, now=curbside.wall_time(), limits=_limits(curbside))
    connection.signal(
        None, ConnectionWelcoming(person=identity.person, server=server, ping_every=PING_EVERY)
    )
    return connection


def _limits(curbside: Curbside) -> Limits:
    return Limits(
        text=TEXT_LIMIT, frame_bytes=MESSAGE_LIMIT, edit_seconds=curbside.policy.edit_seconds
    )
