"""The command line. Every error is one line that says what to do: 0 done, 1 failed, 2 wrong use."""

import sys
from typing import Any, Protocol, runtime_checkable

import typer
from typer.core import TyperGroup

from web.cli import audit, backups, doctor, people, rooms, serving


@runtime_checkable
class _Misused(Protocol):
    """What Typer raises where a command line is wrong; it has no public class for it."""

    exit_code: int

    def format_message(self) -> str:
        """Return what is wrong."""


class _OneLine(TyperGroup):
    """The root of the commands, which tells wrong use in one line."""

    def main(self, *args: Any, **options: Any) -> Any:
        """Run a command line, and end the process."""
        try:
            code = super().main(*args, **{**options, "standalone_mode": False})
        except typer.Abort:
            sys.exit(1)
        except Exception as error:
            if not isinstance(error, _Misused):
                raise
            context = getattr(error, "ctx", None)
            path = context.command_path if context else "curbside"
            what = " ".join(error.format_message().split()).rstrip(".")
            typer.echo(f"curbside: {what}; see {path} --help.", err=True)
            sys.exit(error.exit_code)
        sys.exit(code if isinstance(code, int) else 0)


app = typer.Typer(
    cls=_OneLine, name="curbside", add_completion=False, pretty_exceptions_enable=False,
    help="Curbside, a real-time discussion server for physicians.",
)  # fmt: skip
for command in (
    serving.serve,
    serving.work,
    serving.migrate,
    serving.seed,
    backups.backup,
    backups.restore,
    doctor.doctor,
):
    app.command()(command)
app.add_typer(audit.audit, name="audit")
app.add_typer(people.person, name="person")
app.add_typer(people.bot, name="bot")
app.add_typer(people.token, name="token")
app.add_typer(rooms.room, name="room")
app.callback()(serving.main)
