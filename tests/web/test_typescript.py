"""The client's types are all that is declared, each once."""

import re
from typing import Any, Literal

import msgspec
import pytest

from chat.events import EVENTS, SIGNALS
from storage.people import Person
from web.curbside import all_commands
from web.openapi import refusals
from web.typescript import protocol_types, type_of

TYPES = {
    "string": str,
    "number": float,
    "boolean": bool,
    "null": None,
    "string[]": list[str],
    "(string | null)[]": tuple[str | None, ...],
    "Record<string, number>": dict[str, int],
    '"away" | "online"': Literal["online", "away"],
    "number | null": int | None,
    "Person": Person,
    "Person[]": list[Person],
}


@pytest.fixture(scope="module")
def page() -> str:
    return protocol_types(all_commands())


@pytest.mark.parametrize(("typescript", "declared"), TYPES.items(), ids=str)
def test_a_type_reads_as_in_typescript(typescript: str, declared: Any) -> None:
    assert type_of(msgspec.inspect.type_info(declared)) == typescript


def test_what_the_wire_has_no_use_for_is_refused() -> None:
    with pytest.raises(TypeError, match="no TypeScript for"):
        type_of(msgspec.inspect.type_info(bytes))


def test_every_command_event_signal_and_refusal_is_in_the_file(page: str) -> None:
    declared = [
        *(command.name for command in all_commands()), *EVENTS, *SIGNALS,
        *(refusal.code for refusal in refusals()),
    ]  # fmt: skip
    assert [name for name in declared if f'"{name}"' not in page] == []


def test_every_type_is_declared_once(page: str) -> None:
    names = re.findall(r"^export (?:interface|type) (\w+)", page, re.MULTILINE)

    assert len(names) == len(set(names))


def test_a_command_names_what_it_takes_and_gives(page: str) -> None:
    assert '  "message.post": { with: PostMessage; ok: Posted }\n' in page
    assert '  "session.close": { with: CloseSession; ok: Record<string, never> }\n' in page


def test_the_client_never_leaves_out_a_cid(page: str) -> None:
    assert "export interface JoinRoom {\n  cid: string\n  room: string\n}" in page


def test_snapshots_are_told_apart_by_what_they_are_of(page: str) -> None:
    assert "  snapshot?: Snapshot | OwnSnapshot | null\n" in page
    assert 'export interface OwnSnapshot {\n  of: "me"\n' in page


def test_only_what_may_be_missing_is_optional(page: str) -> None:
    assert "  limit?: number\n" in page  # of a request: the server has a default
    assert "  unchanged?: boolean\n" in page  # of a reply that omits its defaults
    assert "  voided: boolean\n" in page  # of a struct that is sent whole
