"""``curbside person``, ``bot`` and ``token``: who there is, and what they come with."""

import json
import sys
import time
from collections.abc import Iterable
from functools import partial
from typing import Annotated, Any

import msgspec
import typer

from chat.errors import BadRequest, NotFound
from chat.identifiers import new_id
from rooms import people
from rooms.people import AddPerson
from rooms.permissions import SCOPES
from storage.credentials import Credentials
from storage.people import People
from web.auth import TOKEN_PREFIX, digest_of, new_secret
from web.office import Desk, fail, office, one_line_errors
from web.passwords import PASSWORD_LEAST, hash_password

person = typer.Typer(no_args_is_help=True, help="People: add them, one or many.")
bot = typer.Typer(no_args_is_help=True, help="Bots: add them, with their first token.")
token = typer.Typer(no_args_is_help=True, help="Tokens: add them to people and bots.")

LINES_A_COMMIT = 256

Scopes = Annotated[list[str], typer.Option("--scope", help=f"One of {', '.join(SCOPES)}.")]


class Line(msgspec.Struct, forbid_unknown_fields=True):
    """One line of ``person add -``."""

    handle: str
    name: str | None = None
    role: str = "member"
    kind: str = "person"
    specialty: str | None = None
    verified: bool = False
    password: str | None = None
    scopes: list[str] | None = None


@person.callback()
def _person() -> None:
    pass


@person.command("add")
def add_person(
    handle: Annotated[str, typer.Argument(help="A handle, or - for JSON lines on stdin.")],
    name: Annotated[
        str | None, typer.Option(help="The name shown; else made of the handle.")
    ] = None,
    role: Annotated[str, typer.Option(help="member, moderator or admin.")] = "member",
    specialty: Annotated[str | None, typer.Option()] = None,
    verified: Annotated[bool, typer.Option("--verified")] = False,
    password_stdin: Annotated[bool, typer.Option("--password-stdin")] = False,
) -> None:
    """Add a person, or with - one for each JSON line on stdin."""
    with one_line_errors():
        if handle == "-":
            _add_lines(sys.stdin)
            return
        password = sys.stdin.readline().rstrip("\n") if password_stdin else None
        line = Line(handle, name, role, "person", specialty, verified, password)
        with office() as opened:
            added = opened.write(lambda desk: _add(desk, line))
        typer.echo(added["id"])


@bot.callback()
def _bot() -> None:
    pass


@bot.command("add")
def add_bot(handle: str, scope: Scopes) -> None:
    """Add a bot and print its token, which is shown only here."""
    with one_line_errors(), office() as opened:
        line = Line(handle, kind="bot", verified=True, scopes=scope)
        typer.echo(opened.write(lambda desk: _add(desk, line))["token"])


@token.callback()
def _token() -> None:
    pass


@token.command("add")
def add_token(handle: str, scope: Scopes) -> None:
    """Add a token for somebody and print it; it is shown only here."""
    with one_line_errors(), office() as opened:
        typer.echo(opened.write(lambda desk: _add_token(desk, _id_of(desk, handle), scope)))


def _add_lines(lines: Iterable[str]) -> None:
    with office() as opened:
        pending = [line for line in lines if line.strip()]
        for start in range(0, len(pending), LINES_A_COMMIT):
            page = [_parse(line) for line in pending[start : start + LINES_A_COMMIT]]
            for added in opened.write(partial(_add_all, page)):
                typer.echo(json.dumps(added))


def _add_all(page: list[Line], desk: Desk) -> list[dict[str, Any]]:
    return [_add(desk, line) for line in page]


def _parse(line: str) -> Line:
    try:
        return msgspec.json.decode(line, type=Line)
    except msgspec.DecodeError as error:
        fail(f"a line is no person: {error}: {line.strip()[:80]}")


def _add(desk: Desk, line: Line) -> dict[str, Any]:
    if line.password is not None and len(line.password) < PASSWORD_LEAST:
        raise BadRequest(f"A password has at least {PASSWORD_LEAST} characters.")
    payload = {
        "handle": line.handle, "name": line.name or line.handle.replace("-", " ").capitalize(),
        "kind": line.kind, "role": line.role, "specialty": line.specialty,
        "verified": line.verified,
    }  # fmt: skip
    command = people.internal.find("person.add")
    request: AddPerson = command.convert(payload)
    added = desk.run(people.internal, "person.add", request).person
    if line.password is not None:
        Credentials(desk.connection).set_password(added.id, hash_password(line.password))
    answer = {"id": added.id, "handle": added.handle}
    if line.scopes is not None:
        answer["token"] = _add_token(desk, added.id, line.scopes)
    return answer


def _add_token(desk: Desk, person: str, scopes: list[str]) -> str:
    for scope in scopes:
        if scope not in SCOPES:
            raise BadRequest(f"There is no scope {scope}; there are {', '.join(SCOPES)}.")
    secret = new_secret(TOKEN_PREFIX)
    Credentials(desk.connection).add_token(
        digest_of(secret), new_id(), person, frozenset(scopes), at=time.time(), expires=None
    )
    return secret


def _id_of(desk: Desk, handle: str) -> str:
    found = People(desk.connection).find(f"@{handle.removeprefix('@')}")
    if found is None:
        raise NotFound(f"There is nobody called {handle}.")
    return found.id
