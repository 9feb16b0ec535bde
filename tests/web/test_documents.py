"""The protocol's page says all that is declared, and is not out of date."""

from pathlib import Path

from chat.errors import Close
from chat.events import EVENTS, SIGNALS
from web.curbside import all_commands
from web.documents import PAGES, main, protocol_page
from web.openapi import refusals
from web.settings import Settings


def test_every_command_event_signal_refusal_close_code_and_setting_is_on_the_page() -> None:
    page = protocol_page()
    declared = [
        *(command.name for command in all_commands()), *EVENTS, *SIGNALS,
        *(refusal.code for refusal in refusals()), *(str(int(code)) for code in Close),
        *(str(f.validation_alias) for f in Settings.model_fields.values() if f.validation_alias),
    ]  # fmt: skip
    missing = [name for name in declared if name not in page and not name.startswith("Alias")]
    assert missing == []


def test_the_pages_in_the_tree_are_current() -> None:
    assert main(["--check"]) == 0


def test_a_stale_page_is_named(tmp_path: Path) -> None:
    path, make = next(iter(PAGES.items()))
    assert path.read_text() == make()
    assert make() + "more" != path.read_text()
