"""TypeScript: the client's protocol.ts, from the declarations: a renamed field fails its type check."""

import json
from collections.abc import Iterable, Iterator
from typing import Any

import msgspec
from msgspec import inspect as shapes

from chat.commands import Command, Commands, Request, Write
from chat.events import EVENTS, SIGNALS, Voided
from web.openapi import refusals

HEAD = "// Made by bin/docs (web/typescript.py) from the server's declarations. Do not edit."
NOTHING = "Record<string, never>"

FRAMES = """\
export interface Refusal {
  code: <codes>
  detail: string
  retry: boolean
  /** Seconds to wait. */
  after?: number
}

export interface Answer {
  re: number | string | null
  ok?: unknown
  refused?: Refusal
}

export interface RoomEvent<E extends keyof EventData = keyof EventData> {
  room: string
  seq: number
  event: E
  at: number
  by: string | null
  data: EventData[E] | Voided
}

export interface Signal<S extends keyof SignalData = keyof SignalData> {
  room?: string
  signal: S
  data: SignalData[S]
}

export type Frame = Answer | RoomEvent | Signal"""


def protocol_types(commands: Commands[Any]) -> str:
    """Return web/client/src/protocol.ts: every struct, what takes and gives which, and the frames."""
    replies = [command.reply for command in commands if command.reply]
    roots: list[type] = [
        *(command.request for command in commands), *replies,
        *EVENTS.values(), *SIGNALS.values(), Voided,
    ]  # fmt: skip
    codes = " | ".join(json.dumps(refusal.code) for refusal in refusals())
    parts = [
        HEAD,
        *(_struct(shape) for shape in _named(roots)),
        _map("Commands", {command.name: _taken_and_given(command) for command in commands}),
        _map("EventData", {name: event.__name__ for name, event in sorted(EVENTS.items())}),
        _map("SignalData", {name: signal.__name__ for name, signal in sorted(SIGNALS.items())}),
        FRAMES.replace("<codes>", codes),
    ]
    return "\n\n".join(parts) + "\n"


def type_of(shape: shapes.Type) -> str:
    """Return a type as TypeScript has it. Raises TypeError for what the wire has no use for."""
    match shape:
        case shapes.StrType():
            return "string"
        case shapes.IntType() | shapes.FloatType():
            return "number"
        case shapes.BoolType():
            return "boolean"
        case shapes.NoneType():
            return "null"
        case shapes.LiteralType(values=values):
            return " | ".join(json.dumps(value) for value in values)
        case shapes.ListType(item_type=item) | shapes.VarTupleType(item_type=item):
            return f"({type_of(item)})[]" if " | " in type_of(item) else f"{type_of(item)}[]"
        case shapes.DictType(key_type=key, value_type=value):
            return f"Record<{type_of(key)}, {type_of(value)}>"
        case shapes.UnionType(types=types):
            return " | ".join(type_of(each) for each in types)
        case shapes.StructType(cls=cls):
            return cls.__name__
    raise TypeError(f"no TypeScript for {shape}")


def _named(roots: Iterable[type]) -> list[shapes.StructType]:
    """Return every struct that these lead to, by name. Raises TypeError where two share one."""
    found: dict[str, shapes.StructType] = {}
    for root in roots:
        for shape in _structs(shapes.type_info(root)):
            if found.setdefault(shape.cls.__name__, shape).cls is not shape.cls:
                raise TypeError(f"two structs are called {shape.cls.__name__}")
    return [found[name] for name in sorted(found)]


def _structs(shape: shapes.Type) -> Iterator[shapes.StructType]:
    match shape:
        case shapes.StructType(fields=fields):
            yield shape
            inner = [field.type for field in fields]
        case shapes.ListType(item_type=item) | shapes.VarTupleType(item_type=item):
            inner = [item]
        case shapes.DictType(value_type=value):
            inner = [value]
        case shapes.UnionType(types=types):
            inner = list(types)
        case _:
            inner = []
    for each in inner:
        yield from _structs(each)


def _struct(shape: shapes.StructType) -> str:
    summary = f"/** {_first_line(shape.cls)} */\n"
    lines = [_field(shape.cls, field) for field in shape.fields]
    if shape.tag_field:
        lines.insert(0, f"{shape.tag_field}: {json.dumps(shape.tag)}")
    if not lines:
        return f"{summary}export type {shape.cls.__name__} = {NOTHING}"
    return summary + _interface(shape.cls.__name__, lines)


def _field(struct: type[msgspec.Struct], field: shapes.Field) -> str:
    if field.name == "cid" and issubclass(struct, Write):
        return "cid: string"  # may be left out over HTTP; the client never does
    may_be_missing = issubclass(struct, Request) or struct.__struct_config__.omit_defaults
    optional = "?" if may_be_missing and not field.required else ""
    return f"{field.encode_name}{optional}: {type_of(field.type)}"


def _taken_and_given(command: Command) -> str:
    given = command.reply.__name__ if command.reply else NOTHING
    return f"{{ with: {command.request.__name__}; ok: {given} }}"


def _map(name: str, entries: dict[str, str]) -> str:
    return _interface(name, [f"{json.dumps(key)}: {entry}" for key, entry in entries.items()])


def _interface(name: str, lines: Iterable[str]) -> str:
    body = "".join(f"  {line}\n" for line in lines)
    return f"export interface {name} {{\n{body}}}"


def _first_line(struct: type) -> str:
    return (struct.__doc__ or "").strip().partition("\n")[0].replace("``", "`")
