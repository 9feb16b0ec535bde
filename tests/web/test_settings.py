"""Settings: what the environment may say, and one line for what it may not."""

import os
import stat
from pathlib import Path

import pytest

from web.keys import server_key
from web.settings import Misconfigured, Settings, load_settings

LONG = "0123456789abcdef0123456789abcdef"


@pytest.fixture(autouse=True)
def bare_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in list(os.environ):
        if name.startswith("CURBSIDE_") or name in ("PORT", "DATABASE_URL", "REDIS_URL"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("CURBSIDE_DATA", str(tmp_path))


def test_nothing_has_to_be_set(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CURBSIDE_DATA")

    settings = load_settings()

    assert (settings.host, settings.port) == ("127.0.0.1", 8000)
    assert settings.origin == "http://127.0.0.1:8000"
    assert settings.database == "sqlite:///var/curbside.db"
    assert settings.is_limited
    assert settings.edit_seconds == 600.0


def test_the_environment_is_read(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name, value in {
        "PORT": "9000", "CURBSIDE_URL": "https://Chat.Example.org:443/", "CURBSIDE_LIMITS": "off",
        "CURBSIDE_EDIT_SECONDS": "60", "CURBSIDE_LOG": "json", "CURBSIDE_TEST_ECHO": "1",
    }.items():  # fmt: skip
        monkeypatch.setenv(name, value)

    settings = load_settings()

    assert (settings.port, settings.origin) == (9000, "https://chat.example.org")
    assert (settings.is_limited, settings.edit_seconds) == (False, 60.0)
    assert (settings.log, settings.has_test_echo) == ("json", True)
    assert settings.database == f"sqlite:///{tmp_path}/curbside.db"


def test_the_command_line_goes_before_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PORT", "9000")

    assert load_settings(port=9100).origin == "http://127.0.0.1:9100"
    assert load_settings().port == 9000


def test_an_empty_variable_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("PORT", "REDIS_URL", "CURBSIDE_SECRET", "CURBSIDE_LIMITS"):
        monkeypatch.setenv(name, "")

    assert load_settings().port == 8000


@pytest.mark.parametrize(
    ("name", "value", "advice"),
    [
        ("PORT", "http", "give a whole number"),
        ("PORT", "70000", "less than or equal to 65535"),
        ("REDIS_URL", "localhost:6379", "redis://host:6379/0"),
        ("DATABASE_URL", "mysql://localhost/curbside", "postgresql://person@host/name"),
        ("DATABASE_URL", "curbside.db", "sqlite:////path/to/file"),
        ("CURBSIDE_LIMITS", "lots", "say on or off"),
        ("CURBSIDE_EDIT_SECONDS", "-1", "greater than or equal to 0"),
        ("CURBSIDE_EDIT_SECONDS", "nan", "finite"),
        ("CURBSIDE_EDIT_SECONDS", "ten minutes", "give a number"),
        ("CURBSIDE_LOG", "xml", "'json' or 'console'"),
        ("CURBSIDE_URL", "chat.example.org", "https://chat.example.org"),
        ("CURBSIDE_URL", "https://chat.example.org/curbside", "without a path"),
        ("CURBSIDE_URL", "ftp://chat.example.org", "https://chat.example.org"),
        ("CURBSIDE_URL", "http://chat.example.org", "CURBSIDE_INSECURE_HTTP=1"),
        ("CURBSIDE_SECRET", "hunter2", "at least 32 random characters"),
        ("CURBSIDE_SECRET_FILE", "/no/such/file", "No such file"),
        ("CURBSIDE_BACKUP_RECIPIENT", "age1hunter2", "give what age-keygen prints"),
    ],
)
def test_what_cannot_be_is_refused_in_one_line(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str, advice: str
) -> None:
    monkeypatch.setenv(name, value)

    with pytest.raises(Misconfigured) as refused:
        load_settings()

    line = str(refused.value)
    assert line.startswith(f"{name}: ")
    assert advice in line
    assert "\n" not in line
    assert "hunter2" not in line


def test_plain_http_in_public_has_to_be_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CURBSIDE_URL", "http://chat.example.org")
    monkeypatch.setenv("CURBSIDE_INSECURE_HTTP", "1")

    assert not load_settings().is_https


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "::1"])
def test_the_test_echo_is_for_this_machine(monkeypatch: pytest.MonkeyPatch, host: str) -> None:
    monkeypatch.setenv("CURBSIDE_TEST_ECHO", "1")

    assert load_settings(host=host).has_test_echo
    with pytest.raises(Misconfigured, match="CURBSIDE_TEST_ECHO"):
        load_settings(host="0.0.0.0")


def test_settings_cannot_be_changed() -> None:
    settings = load_settings()

    with pytest.raises(ValueError, match="frozen"):
        settings.port = 1  # type: ignore[misc]  # which is the test


def test_a_secret_may_stand_in_a_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "mounted").write_text(f"{LONG}\n")
    monkeypatch.setenv("CURBSIDE_SECRET", LONG)
    given = server_key(load_settings())
    monkeypatch.delenv("CURBSIDE_SECRET")
    monkeypatch.setenv("CURBSIDE_SECRET_FILE", str(tmp_path / "mounted"))

    read = server_key(load_settings())

    assert read == given
    monkeypatch.setenv("CURBSIDE_SECRET", LONG)
    with pytest.raises(Misconfigured, match="not both"):
        load_settings()


def test_no_secret_is_shown_with_the_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CURBSIDE_SECRET", LONG)

    assert LONG not in repr(load_settings())


def test_a_key_is_made_once_for_its_owner_alone(tmp_path: Path) -> None:
    settings = Settings(data=tmp_path / "new")

    first, again = server_key(settings), server_key(settings)

    assert first == again
    assert len(first) == 32
    assert [each.name for each in settings.data.iterdir()] == ["secret"]
    assert stat.S_IMODE((settings.data / "secret").stat().st_mode) == 0o600
    assert server_key(Settings(data=tmp_path / "other")) != first


@pytest.mark.parametrize(("mode", "text"), [(0o644, LONG), (0o600, "short")])
def test_a_key_that_is_no_secret_is_refused(tmp_path: Path, mode: int, text: str) -> None:
    (tmp_path / "secret").write_text(text)
    (tmp_path / "secret").chmod(mode)

    with pytest.raises(Misconfigured, match="secret: "):
        server_key(load_settings())


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("")

    with pytest.raises(Misconfigured, match=r"CURBSIDE_DATA: .*taken"):
        server_key(Settings(data=tmp_path / "taken" / "var"))
