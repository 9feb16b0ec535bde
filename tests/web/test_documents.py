"""The protocol's page says all that is declared, and is not out of date."""

from pathlib import Path

import pytest

from chat.errors import Close
from chat.events import EVENTS, SIGNALS
from web.curbside import all_commands
from web.documents import PAGES, main, protocol_page, variable_of
from web.openapi import refusals
from web.settings import Settings


def test_every_command_event_signal_refusal_close_code_and_setting_is_on_the_page() -> None:
    page = protocol_page()
    declared = [
        *(command.name for command in all_commands()), *EVENTS, *SIGNALS,
        *(refusal.code for refusal in refusals()), *(str(int(code)) for code in Close),
        *(variable_of(setting) for setting in Settings.model_fields.values()),
    ]  # fmt: skip
    assert {"message.post", "message.posted", "PORT"} <= set(declared)
    assert [name for name in declared if name not in page] == []


def test_the_pages_in_the_tree_are_current() -> None:
    assert main(["--check"], PAGES) == 0


def test_a_stale_page_is_named_and_then_made(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pages = {tmp_path / "page.md": lambda: "as declared"}
    (tmp_path / "page.md").write_text("as it was")

    assert main(["--check"], pages) == 1
    assert capsys.readouterr().err == "page.md is stale; run bin/docs.\n"
    assert (tmp_path / "page.md").read_text() == "as it was"
    assert main([], pages) == 0

    assert main(["--check"], pages) == 0
