"""``curbside person``, ``bot`` and ``token``: who there is, and what they come with."""

import json
import sys
import time
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Annotated, Any, Literal

import msgspec
import typer

from chat.errors import BadRequest, NotFound, Refusal
from rooms import bots, people
from rooms.permissions import SCOPES
from storage.audit import Act, Audit
from storage.credentials import Credentials
from storage.people import People, Person
from storage.tokens import Token, Tokens
from web.office import Desk, hash_all, office, one_line_errors, sentence
from web.passwords import PASSWORD_LEAST, PASSWORD_MOST

person = typer.Typer(help="People: add them, one or many; sign them out.")
bot = typer.Typer(help="Bots: add them, with their first token.")
token = typer.Typer(help="Tokens: add them to people and bots; end them.")

TOKENS_LISTED = 1_000  # ten times what people can make for themselves; the command line makes more

LINES_A_COMMIT = 256  # as a batch of the server's own; it waits for no longer

Role = Literal["member", "moderator", "admin"]
Scopes = Annotated[list[str], typer.Option("--scope", help=f"One of {', '.join(SCOPES)}.")]


class Line(msgspec.Struct, forbid_unknown_fields=True):
    """One line of ``person add -``."""

    handle: str
    name: str | None = None
    role: Role = "member"
    kind: Literal["person", "bot"] = "person"
    specialty: str | None = None
    verified: bool = False
    password: str | None = None
    scopes: list[str] | None = None


Numbered = tuple[int, Line]


@person.callback()
def _person() -> None:
    pass


@person.command("add")
def add_person(
    handle: Annotated[str, typer.Argument(help="A handle, or - for JSON lines on stdin.")],
    name: Annotated[
        str | None, typer.Option(help="The name shown; else made of the handle.")
    ] = None,
    role: Annotated[Role, typer.Option(help="What they may do everywhere.")] = "member",
    specialty: Annotated[str | None, typer.Option()] = None,
    verified: Annotated[bool, typer.Option("--verified")] = False,
    password_stdin: Annotated[bool, typer.Option("--password-stdin")] = False,
) -> None:
    """Add a person, or with - one for each JSON line on stdin."""
    with one_line_errors():
        if handle == "-":
            _add_lines(sys.stdin.buffer)
            return
        password = sys.stdin.readline().rstrip("\r\n") if password_stdin else None
        line = Line(handle, name, role, "person", specialty, verified, password)
        typer.echo(_add_one(line)["id"])


@person.command("sign-out")
def sign_out(
    handle: Annotated[str, typer.Argument(help="Whose sessions end.")],
    tokens: Annotated[bool, typer.Option("--tokens", help="End their tokens too.")] = False,
) -> None:
    """End all sessions of somebody; a running server closes their connections within 2 s."""
    with one_line_errors(), office() as opened:
        sessions, ended = opened.write(lambda desk: _sign_out(desk, handle, tokens=tokens))
        typer.echo(f"{handle}: {sessions} sessions and {ended} tokens ended")


@bot.callback()
def _bot() -> None:
    pass


@bot.command("add")
def add_bot(handle: str, scope: Scopes) -> None:
    """Add a bot and print its token, which is shown only here."""
    with one_line_errors():
        typer.echo(_add_one(Line(handle, kind="bot", verified=True, scopes=scope))["token"])


@token.callback()
def _token() -> None:
    pass


@token.command("add")
def add_token(handle: str, scope: Scopes) -> None:
    """Add a token for somebody and print it; it is shown only here."""
    with one_line_errors(), office() as opened:
        named = f"@{handle.removeprefix('@')}"
        typer.echo(opened.write(lambda desk: _add_token(desk, named, scope)))


@token.command("list")
def list_tokens(handle: str) -> None:
    """Print the tokens that somebody holds, one JSON line each, but not their secrets."""
    with one_line_errors(), office() as opened:
        for held in opened.write(lambda desk: _held(desk, _find(desk, handle))):
            typer.echo(json.dumps(held._asdict()))


@token.command("revoke")
def revoke_token(
    token_id: Annotated[str, typer.Argument(metavar="ID", help="As `token list` prints it.")],
) -> None:
    """End a token; a running server closes the connections that came by it within 2 s."""
    with one_line_errors(), office() as opened:
        opened.write(lambda desk: _revoke(desk, token_id))


def _find(desk: Desk, handle: str) -> Person:
    found = People(desk.connection).find(f"@{handle.removeprefix('@')}")
    if found is None:
        raise NotFound(f"there is nobody called {handle}.")
    return found


def _held(desk: Desk, person: Person) -> list[Token]:
    return Tokens(desk.connection).held(person.id, time.time(), limit=TOKENS_LISTED)


def _revoke(desk: Desk, token_id: str) -> None:
    request = bots.commands.find("token.revoke").convert({"id": token_id})
    desk.run(bots.commands, "token.revoke", request)


def _sign_out(desk: Desk, handle: str, *, tokens: bool) -> tuple[int, int]:
    person, ended = _find(desk, handle), 0
    while tokens and (held := _held(desk, person)):
        for each in held:
            _revoke(desk, each.id)
        ended += len(held)
    act = Act(time.time(), "", "person.sign_out", target=person.id)
    Audit(desk.connection).add([act._asdict()])
    return Credentials(desk.connection).close_sessions(person.id), ended


def _add_one(line: Line) -> dict[str, Any]:
    [hashed] = _hashes([line])
    with office() as opened:
        return opened.write(lambda desk: _add(desk, line, hashed))


def _add_lines(lines: Iterable[bytes]) -> None:
    """Add a page after another, each printed once it is committed: what is printed is there."""
    parsed = _parsed(lines)
    with office() as opened:
        while page := list(islice(parsed, LINES_A_COMMIT)):
            for added in opened.write(_adding(page)):
                typer.echo(json.dumps(added))


def _adding(page: list[Numbered]) -> Any:
    hashes = _hashes([line for _, line in page])

    def add(desk: Desk) -> list[dict[str, Any]]:
        return [
            _add_numbered(desk, number, line, hashed)
            for (number, line), hashed in zip(page, hashes, strict=True)
        ]

    return add


def _parsed(lines: Iterable[bytes]) -> Iterator[Numbered]:
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            yield number, msgspec.json.decode(line, type=Line)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise BadRequest(f"line {number} is no person: {error}.") from None


def _hashes(lines: list[Line]) -> list[str | None]:
    """Return a hash for each who has a password; in the transaction they would hold up the server."""
    given = [line.password for line in lines if line.password is not None]
    for password in given:
        if not PASSWORD_LEAST <= len(password) <= PASSWORD_MOST:
            raise BadRequest(f"a password has {PASSWORD_LEAST} to {PASSWORD_MOST} characters.")
    hashed = iter(hash_all(given))
    return [None if line.password is None else next(hashed) for line in lines]


def _add_numbered(desk: Desk, number: int, line: Line, hashed: str | None) -> dict[str, Any]:
    try:
        return _add(desk, line, hashed)
    except Refusal as refusal:
        raise type(refusal)(f"line {number}: {sentence(refusal)}") from None


def _add(desk: Desk, line: Line, hashed: str | None) -> dict[str, Any]:
    payload = {
        "handle": line.handle, "name": line.name or line.handle.replace("-", " ").capitalize(),
        "kind": line.kind, "role": line.role, "specialty": line.specialty,
        "verified": line.verified,
    }  # fmt: skip
    request = people.internal.find("person.add").convert(payload)
    added = desk.run(people.internal, "person.add", request).person
    if hashed is not None:
        Credentials(desk.connection).set_password(added.id, hashed)
    answer = {"id": added.id, "handle": added.handle}
    if line.scopes is not None:
        answer["token"] = _add_token(desk, added.id, line.scopes)
    return answer


def _add_token(desk: Desk, person: str, scopes: list[str]) -> str:
    for scope in scopes:
        if scope not in SCOPES:
            raise BadRequest(f"there is no scope {scope}; there are {', '.join(SCOPES)}.")
    payload = {"person": person, "scopes": scopes}
    request = bots.internal.find("token.add").convert(payload)
    return str(desk.run(bots.internal, "token.add", request).token)
