"""Documents: the pages made from the declarations. ``python -m web.documents [--check]``."""

import sys
from collections.abc import Callable, Iterable
from pathlib import Path

import msgspec
from pydantic import AliasChoices
from pydantic.fields import FieldInfo

from chat.commands import Over
from chat.errors import Close
from chat.events import EVENTS, SIGNALS
from web import sockets
from web.curbside import all_commands
from web.openapi import refusals
from web.settings import Settings
from web.typescript import protocol_types

assert (
    sockets.ConnectionWelcoming.name in SIGNALS
)  # declared there, as others are where they are told

Pages = dict[Path, Callable[[], str]]

ROOT = Path(__file__).parent.parent
PROSE = ROOT / "docs" / "protocol.in.md"
OVER = {Over.BOTH: "", Over.SOCKET: "socket", Over.HTTP: "HTTP"}


def main(arguments: list[str], pages: Pages) -> int:
    """Write every page, or with ``--check`` name those that are stale. Return the exit code."""
    stale = {path: made for path, make in pages.items() if (made := make()) != _read(path)}
    if "--check" not in arguments:
        for path, made in stale.items():
            path.write_text(made)
        return 0
    for path in stale:
        sys.stderr.write(f"{path.name} is stale; run bin/docs.\n")
    return int(bool(stale))


def protocol_page() -> str:
    """Return docs/protocol.md."""
    page = PROSE.read_text()
    tables = {
        "commands": _commands(), "events": _declared(EVENTS), "signals": _declared(SIGNALS),
        "refusals": _refusals(), "closes": _closes(), "settings": _settings(),
    }  # fmt: skip
    for name, table in tables.items():
        page = page.replace(f"<!-- {name} -->", table)
    return (
        "<!-- Made by bin/docs from docs/protocol.in.md and the code. Do not edit. -->\n\n" + page
    )


def _commands() -> str:
    rows = [
        (
            f"`{c.name}`",
            _shape(c.request),
            _shape(c.reply),
            c.scope or "",
            OVER[c.over],
            _first_line(c.handler.__doc__),
        )
        for c in all_commands()
    ]
    return _table(("command", "with", "ok", "scope", "only by", "does"), rows)


def _declared(catalogue: dict[str, type]) -> str:
    rows = [
        (f"`{name}`", _shape(declared), _first_line(declared.__doc__))
        for name, declared in sorted(catalogue.items())
    ]
    return _table(("name", "data", "means"), rows)


def _refusals() -> str:
    rows = [
        (f"`{each.code}`", str(each.status), "yes" if each.retry else "", _first_line(each.__doc__))
        for each in refusals()
    ]
    return _table(("code", "HTTP status", "retry", "means"), rows)


def _closes() -> str:
    return _table(("code", "means"), [(str(int(code)), code.means) for code in Close])


def _settings() -> str:
    rows = [
        (f"`{variable}`", _default(field.default), field.description or "")
        for field in Settings.model_fields.values()
        if (variable := variable_of(field))
    ]
    return _table(("variable", "default", "sets"), rows)


def variable_of(setting: FieldInfo) -> str:
    """Return the environment's name of a setting, or nothing where it has none."""
    alias = setting.validation_alias
    return str(alias.choices[0]) if isinstance(alias, AliasChoices) else str(alias or "")


def _default(value: object) -> str:
    if value in ("", None):
        return ""
    return f"`{'on' if value is True else 'off' if value is False else value}`"


def _shape(declared: type | None) -> str:
    if declared is None:
        return ""
    fields = msgspec.structs.fields(declared)
    return " ".join(f"`{field.encode_name}{'' if field.required else '?'}`" for field in fields)


def _first_line(doc: str | None) -> str:
    return " ".join((doc or "").strip().split("\n\n")[0].split()).replace("``", "`")


def _table(head: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    head = list(head)
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(_row(line) for line in lines)


def _row(cells: Iterable[str]) -> str:
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


def _read(path: Path) -> str:
    return path.read_text() if path.exists() else ""


PAGES: Pages = {
    ROOT / "docs" / "protocol.md": protocol_page,
    ROOT / "web" / "client" / "src" / "protocol.ts": lambda: protocol_types(all_commands()),
}

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:], PAGES))
