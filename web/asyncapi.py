"""AsyncAPI: the frames of the socket, whole as on the wire, described from the declarations."""

from typing import Any

from chat.codecs import CODECS, SAFE_INTEGER
from chat.commands import Command, Commands, Over
from chat.connection import ID_LIMIT
from chat.events import EVENTS, SIGNALS, Voided
from web.openapi import BEARER, VERSION, named_schemas, refusals, types_of

TEXT = {"type": "string"}
NUMBER = {"type": "number"}
ID = {
    "anyOf": [
        {"type": "integer", "minimum": -SAFE_INTEGER, "maximum": SAFE_INTEGER},
        {"type": "string", "maxLength": ID_LIMIT},
    ]
}
NULL = {"type": "null"}


def asyncapi(commands: Commands[Any]) -> dict[str, Any]:
    """Return the AsyncAPI 3.0 document of the socket: what is asked, what is answered and told."""
    reached = [command for command in commands if command.over is not Over.HTTP]
    types = [*types_of(reached), *EVENTS.values(), *SIGNALS.values(), Voided]
    schemas, refs = named_schemas(tuple(dict.fromkeys(types)))
    asked = {command.name: _command(command, refs) for command in reached}
    told = {
        **{f"answer:{command.name}": _answer(command, refs) for command in reached},
        "refusal": _refusal(),
        **{f"event:{name}": _event(name, event, refs) for name, event in EVENTS.items()},
        **{f"signal:{name}": _signal(name, signal, refs) for name, signal in SIGNALS.items()},
    }
    channel = {"$ref": "#/channels/socket"}
    return {
        "asyncapi": "3.0.0",
        "info": {"title": "Curbside", "version": VERSION},
        "channels": {
            "socket": {
                "address": "/ws",
                "description": f"Subprotocols: {', '.join(CODECS)}.",
                "messages": {**asked, **told},
            }
        },
        "operations": {
            "ask": {"action": "receive", "channel": channel, "messages": _named(asked)},
            "tell": {"action": "send", "channel": channel, "messages": _named(told)},
        },
        "components": {"schemas": schemas, "securitySchemes": {**BEARER}},
    }


def _named(messages: dict[str, Any]) -> list[dict[str, str]]:
    return [{"$ref": f"#/channels/socket/messages/{name}"} for name in messages]


def _command(command: Command, refs: dict[type, Any]) -> dict[str, Any]:
    properties = {"id": ID, "do": _only(command.name), "with": refs[command.request]}
    return _message(command.summary, properties, closed=True)


def _answer(command: Command, refs: dict[type, Any]) -> dict[str, Any]:
    reply = refs[command.reply] if command.reply else {"type": "object"}
    return _message(f"What {command.name} is answered.", {"re": ID, "ok": reply})


def _refusal() -> dict[str, Any]:
    refused = {
        "type": "object",
        "required": ["code", "detail", "retry"],
        "properties": {
            "code": {"enum": [each.code for each in refusals()]},
            "detail": TEXT, "retry": {"type": "boolean"}, "after": NUMBER,
        },
    }  # fmt: skip
    properties = {"re": {"anyOf": [*ID["anyOf"], NULL]}, "refused": refused}
    return _message("What a command is answered that is refused.", properties)


def _event(name: str, event: type, refs: dict[type, Any]) -> dict[str, Any]:
    properties = {
        "room": TEXT, "seq": {"type": "integer", "minimum": 1}, "event": _only(name), "at": NUMBER,
        "by": {"anyOf": [TEXT, NULL]}, "data": {"anyOf": [refs[event], refs[Voided]]},
    }  # fmt: skip
    return _message(_summary(event), properties)


def _signal(name: str, signal: type, refs: dict[type, Any]) -> dict[str, Any]:
    properties = {"room": TEXT, "signal": _only(name), "data": refs[signal]}
    return _message(_summary(signal), properties, optional=("room",))


def _message(
    summary: str, properties: dict[str, Any], *, optional: tuple[str, ...] = (), closed: bool = False
) -> dict[str, Any]:  # fmt: skip
    payload: dict[str, Any] = {
        "type": "object",
        "properties": properties,
        "required": [name for name in properties if name not in optional],
    }
    if closed:
        payload["additionalProperties"] = False
    return {"summary": summary, "payload": payload}


def _only(name: str) -> dict[str, Any]:
    return {"enum": [name]}


def _summary(declared: type) -> str:
    return (declared.__doc__ or "").strip().partition("\n")[0]
