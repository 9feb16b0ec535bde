"""OpenAPI: what HTTP reaches, described from the declarations, so that it cannot be out of date."""

import inspect
from functools import cache
from typing import Any

import msgspec

from chat import errors
from chat.commands import Command, Commands, Over, Write
from chat.errors import Refusal

VERSION = "1"
REF = "#/components/schemas/{name}"
BEARER = {"bearer": {"type": "http", "scheme": "bearer", "description": "A token, cbt_…"}}
COOKIE = {
    "cookie": {
        "type": "apiKey", "in": "cookie", "name": "__Host-curbside",
        "description": "A session; writes also need X-Curbside: 1 and the server's own origin.",
    }
}  # fmt: skip


def refusals() -> list[type[Refusal]]:
    """Return every kind of refusal, by code."""
    found = {
        each.code: each
        for _, each in inspect.getmembers(errors, inspect.isclass)
        if issubclass(each, Refusal) and each is not Refusal
    }
    return [found[code] for code in sorted(found)]


def openapi(commands: Commands[Any]) -> dict[str, Any]:
    """Return the OpenAPI 3.1 document of everything that HTTP reaches."""
    reached = [command for command in commands if command.over is not Over.SOCKET]
    schemas, refs = named_schemas(tuple(types_of(reached)))
    paths: dict[str, Any] = {
        f"/api/{command.name}": {"post": _operation(command, refs)} for command in reached
    }
    paths["/api/rooms"] = {"get": _reading(commands.find("room.list"), refs, ())}
    paths["/api/rooms/{room}/messages"] = {
        "get": _reading(commands.find("message.history"), refs, ("room",))
    }
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Curbside", "version": VERSION,
            "description": "Every command of the socket, as a POST with the same map.",
        },
        "paths": paths,
        "components": {
            "schemas": {**schemas, "Problem": _problem()},
            "securitySchemes": {**BEARER, **COOKIE},
        },
        "security": [{"bearer": []}, {"cookie": []}],
    }  # fmt: skip


@cache
def named_schemas(types: tuple[type, ...]) -> tuple[dict[str, Any], dict[type, Any]]:
    """Return the schemas of types by name, those of their parts too, and what refers to each type."""
    refs, schemas = msgspec.json.schema_components(types, ref_template=REF)
    return schemas, dict(zip(types, refs, strict=True))


def types_of(commands: list[Command]) -> dict[type, None]:
    """Return every request and reply of commands, each once."""
    replies = [command.reply for command in commands if command.reply]
    return dict.fromkeys([*(command.request for command in commands), *replies])


def _operation(command: Command, refs: dict[type, Any]) -> dict[str, Any]:
    body = {
        media: {"schema": refs[command.request]}
        for media in ("application/json", "application/msgpack")
    }
    operation: dict[str, Any] = {
        "operationId": command.name,
        "tags": [command.name.partition(".")[0]],
        "summary": command.summary,
        "description": _description(command),
        "requestBody": {"content": body},
        "responses": _responses(command, refs),
    }
    if issubclass(command.request, Write):
        key = {"name": "Idempotency-Key", "in": "header", "schema": {"type": "string"}}
        operation["parameters"] = [key]
    if command.anonymous:
        operation["security"] = []
    return operation


def _reading(command: Command, refs: dict[type, Any], in_path: tuple[str, ...]) -> dict[str, Any]:
    parameters = [_parameter(name, in_path) for name in command.request.__struct_fields__]
    return {
        "operationId": f"get.{command.name}",
        "tags": [command.name.partition(".")[0]],
        "summary": command.summary,
        "parameters": parameters,
        "responses": _responses(command, refs),
    }


def _parameter(name: str, in_path: tuple[str, ...]) -> dict[str, Any]:
    is_text = name in ("room", "cursor")
    return {
        "name": name,
        "in": "path" if name in in_path else "query",
        "required": name in in_path,
        "schema": {"type": "string" if is_text else "integer"},
    }


def _responses(command: Command, refs: dict[type, Any]) -> dict[str, Any]:
    reply = refs[command.reply] if command.reply else {"type": "object"}
    problem = {"application/problem+json": {"schema": {"$ref": REF.format(name="Problem")}}}
    media = {kind: {"schema": reply} for kind in ("application/json", "application/msgpack")}
    return {
        "200": {"description": "Done.", "content": media},
        "default": {"description": "Refused; `code` says why.", "content": problem},
    }


def _problem() -> dict[str, Any]:
    return {
        "type": "object",
        "description": "A refusal, as RFC 9457 has it.",
        "required": ["type", "title", "status", "code", "detail", "retry"],
        "properties": {
            "type": {"type": "string"}, "title": {"type": "string"},
            "status": {"type": "integer"}, "detail": {"type": "string"},
            "code": {"enum": [each.code for each in refusals()]},
            "retry": {"type": "boolean"}, "after": {"type": "number"},
        },
    }  # fmt: skip


def _description(command: Command) -> str:
    scope = f"Tokens need the scope `{command.scope}`." if command.scope else ""
    return f"{(command.request.__doc__ or '').strip()} {scope}".strip()
