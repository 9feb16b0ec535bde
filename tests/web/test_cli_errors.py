"""An error of the command line is one line, and changes nothing."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.processes import curbside
from tests.web.command_lines import is_one_line, ok, rows, run


@pytest.mark.parametrize(
    ("line", "stdin", "code"),
    [
        ("person add UPPER", "", None), ("person add a", "", None),
        ("person add ana --role king", "", None), ("person add ana --password-stdin", "short\n", None),
        ("person add linden", "", 1), ("person add -", '{"handle": 7}\n', None),
        ("person add -", "no JSON\n", None), ("person add -", '{"handle": "ana", "x": 1}\n', None),
        ("person add -", '{"handle": "linden"}\n', 1),
        ("bot add pager --scope everything", "", None), ("token add nobody --scope read", "", 1),
        ("token add linden --scope everything", "", None),
        ("token revoke nothing", "", 1), ("token list nobody", "", 1), ("token revoke", "", 2),
        ("person sign-out nobody", "", 1),
        ("room add UPPER --title Upper", "", None),
        ("room add ward --title Ward --member nobody", "", 1),
        ("room add cardiology --title Cardiology", "", 1), ("restore /nowhere/copy.db --force", "", 1),
        ("backup /nowhere/copy.db", "", 1), ("seed", "", 1), ("serve --port 99999", "", 2),
        ("serve --port many", "", 2), ("paint", "", 2), ("person add", "", 2),
        ("bot add pager", "", 2), ("room add ward", "", 2), ("serve --colour", "", 2),
    ],
)  # fmt: skip
def test_an_error_is_one_line_and_changes_nothing(
    data: Path, line: str, stdin: str, code: int | None
) -> None:
    for right in ("person add linden", "room add cardiology --title Cardiology --member linden"):
        ok(run(data, *right.split()))
    before = state(data)

    ended = run(data, *line.split(), stdin=stdin)

    assert ended.code == code or (code is None and ended.code in (1, 2))
    assert ended.out == ""
    assert is_one_line(ended.err), ended.err
    assert state(data) == before


def state(data: Path) -> list[Any]:
    """Return all that could have been added."""
    tables = ("people", "rooms", "members", "events", "tokens", "passwords")
    return [rows(data, f"SELECT * FROM {table} ORDER BY 1, 2") for table in tables]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("DATABASE_URL", "mysql://db"), ("DATABASE_URL", "postgresql://127.0.0.1:1/db"),
        ("DATABASE_URL", "sqlite:////nowhere/at/all.db"),
        ("CURBSIDE_URL", "http://chat.example.org"), ("PORT", "many"), ("REDIS_URL", "http://one"),
        ("CURBSIDE_SECRET", "short"),
    ],
)  # fmt: skip
def test_a_wrong_setting_is_one_line_too(
    data: Path, monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    ok(run(data, "migrate"))
    monkeypatch.setenv(name, value)

    ended = run(data, "migrate")

    assert ended.code in (1, 2)
    assert is_one_line(ended.err), ended.err


@pytest.mark.parametrize("line", ["migrate", "doctor", "person add ana", "restore copy.db --force"])
def test_a_file_that_is_no_database_is_told_of_and_left_alone(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, line: str
) -> None:
    monkeypatch.chdir(tmp_path)
    ok(run(data, "migrate"))
    junk = tmp_path / "copy.db"
    junk.write_text("a letter")
    good = (data / "curbside.db").read_bytes()
    if "restore" not in line:
        monkeypatch.setenv("DATABASE_URL", f"sqlite:///{junk}")

    ended = run(data, *line.split())

    assert ended.code == 1
    if line == "doctor":
        assert "NO  database: file is not a database" in ended.out
    else:
        assert is_one_line(ended.err), ended.err
    assert junk.read_text() == "a letter"
    assert (data / "curbside.db").read_bytes() == good
    assert not list(data.glob("*.part"))


def test_a_folder_that_is_none_is_told_of(tmp_path: Path) -> None:
    (tmp_path / "file").touch()

    ended = run(tmp_path / "file", "person", "add", "ana")

    assert ended.code in (1, 2)
    assert is_one_line(ended.err), ended.err


def test_the_version_is_printed(data: Path) -> None:
    assert ok(run(data, "--version"))


async def test_an_error_of_the_real_command_is_one_line(data: Path) -> None:
    ended = await curbside(data, "person", "add", "-", stdin="\ud800")

    assert ended.code in (1, 2)
    assert is_one_line(ended.err), ended.err


def test_the_command_that_is_installed_is_this_one() -> None:
    installed = Path(sys.executable).with_name("curbside")

    ended = subprocess.run([installed, "room", "nonesuch"], capture_output=True, text=True)

    assert (ended.returncode, ended.stdout) == (2, "")
    assert is_one_line(ended.stderr), ended.stderr
    assert "curbside room --help" in ended.stderr
