"""The command line. Every error is one line that says what to do: 0 done, 1 failed, 2 wrong use."""

import typer

from web.cli import care, folk, places, serving

app = typer.Typer(
    name="curbside", no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False,
    help="Curbside, a real-time discussion server for physicians.",
)  # fmt: skip
for command in (
    serving.serve,
    serving.migrate,
    serving.seed,
    care.backup,
    care.restore,
    care.doctor,
):
    app.command()(command)
app.add_typer(folk.person, name="person")
app.add_typer(folk.bot, name="bot")
app.add_typer(folk.token, name="token")
app.add_typer(places.room, name="room")
app.callback()(serving.main)
