"""Command lines: run within this process where that makes no difference: loading one takes long."""

import sqlite3
from pathlib import Path
from typing import Any

from typer.testing import CliRunner

from tests.processes import Ended
from web.cli import app

PASSWORD = "three quiet night shifts"
TOLD_WITHIN = 4.0  # seconds: the head check is every two

Headers = dict[str, str]


def ok(ended: Ended) -> str:
    """Return what a command printed, which did what it was asked."""
    assert (ended.code, ended.err) == (0, "")
    return ended.out.strip()


def is_one_line(err: str) -> bool:
    """Return whether an error is one line of ours that says what is wrong."""
    return err.startswith("curbside: ") and err.count("\n") == 1 and len(err) > len("curbside: .\n")


def run(data: Path, *arguments: str, stdin: str = "", **more: str) -> Ended:
    """Run a command within this process."""
    environment = {"CURBSIDE_DATA": str(data), **more}
    ended = CliRunner().invoke(app, arguments, input=stdin, env=environment)
    assert isinstance(ended.exception, SystemExit | None), ended.exception
    return Ended(ended.exit_code, ended.stdout, ended.stderr)


def add(data: Path, handle: str) -> Headers:
    """Add somebody with a token, and return the headers that they sign in by."""
    ok(run(data, "person", "add", handle))
    token = ok(run(data, "token", "add", handle, "--scope", "read", "--scope", "post"))
    return {"Authorization": f"Bearer {token}"}


def things(report: str) -> set[str]:
    """Return what the doctor looked at."""
    return {line[4:].partition(":")[0] for line in report.splitlines()}


def rows(data: Path, query: str) -> list[Any]:
    """Return what a query finds in the database."""
    connection = sqlite3.connect(data / "curbside.db")
    try:
        return connection.execute(query).fetchall()
    finally:
        connection.close()
