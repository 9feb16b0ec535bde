"""Settings: the environment, read once into one frozen value. Nothing else reads it.

What is wrong raises Misconfigured with a single line that says what to do.
"""

import os
from ipaddress import ip_address
from pathlib import Path
from typing import Any, Literal, Self
from urllib.parse import urlsplit

from pydantic import (
    AliasChoices,
    Field,
    SecretStr,
    ValidationError,
    field_validator,
    model_validator,
)
from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from chat.redis_links import read_url
from storage.engines import SQLITE, engine_of
from storage.seals import is_recipient

SECRET_LENGTH = 32  # characters; 128 bits where they are hexadecimal
DAY = 86_400.0  # seconds
DEFAULT_PORTS = {"http": 80, "https": 443}

_OWN_WORDS = {
    "bool_parsing": "say on or off",
    "bool_type": "say on or off",
    "int_parsing": "give a whole number",
    "float_parsing": "give a number",
}


class Misconfigured(Exception):
    """The server cannot run as it was told to; the text says what to change."""


class Settings(BaseSettings):
    """What an operator may set. Each field's alias is the variable's name."""

    model_config = SettingsConfigDict(
        frozen=True, populate_by_name=True, extra="ignore", env_ignore_empty=True
    )

    host: str = "127.0.0.1"
    """Where the server listens: a flag of ``curbside serve``, which no variable sets."""
    port: int = Field(
        8000,
        validation_alias=AliasChoices("PORT", "port"),
        description="Where the server listens.",
        ge=0,
        le=65_535,
    )
    database_url: str = Field(
        "",
        validation_alias="DATABASE_URL",
        description="The database, `postgresql://person@host/name` or `sqlite:////path/to/file`;"
        " else `curbside.db` in CURBSIDE_DATA.",
    )
    redis_url: str = Field(
        "",
        validation_alias="REDIS_URL",
        description="Redis or Valkey, `redis://host:6379/0`, between servers; else there is one.",
    )
    url: str = Field(
        "",
        validation_alias="CURBSIDE_URL",
        description="The server's own origin, as people reach it.",
    )
    is_limited: bool = Field(
        True,
        validation_alias="CURBSIDE_LIMITS",
        description="`off` lifts rates and connection bounds, for benchmarks.",
    )
    edit_seconds: float = Field(
        600.0,
        validation_alias="CURBSIDE_EDIT_SECONDS",
        description="How long an author may edit a message, seconds.",
        ge=0.0,
        allow_inf_nan=False,
    )
    has_test_echo: bool = Field(
        False,
        validation_alias="CURBSIDE_TEST_ECHO",
        description="`1` adds the WebSocket `/echo`, for conformance tests on loopback.",
    )
    allows_insecure_http: bool = Field(
        False,
        validation_alias="CURBSIDE_INSECURE_HTTP",
        description="`1` allows plain http off this machine.",
    )
    data: Path = Field(
        Path("var"),
        validation_alias="CURBSIDE_DATA",
        description="The folder of the database, the keys and the demo sign-ins.",
    )
    secret: SecretStr | None = Field(
        None,
        validation_alias="CURBSIDE_SECRET",
        description="At least 32 random characters; else made once and kept in CURBSIDE_DATA.",
    )
    backup_recipient: str = Field(
        "",
        validation_alias="CURBSIDE_BACKUP_RECIPIENT",
        description="Whose key alone reads backups, `age1…`; else `backup.key` in CURBSIDE_DATA.",
    )
    proxies: str = Field(
        "",
        validation_alias="CURBSIDE_PROXIES",
        description="Addresses or networks of proxies whose `X-Forwarded-For` is believed.",
    )
    log: Literal["", "json", "console"] = Field(
        "",
        validation_alias="CURBSIDE_LOG",
        description="`json` or `console`; else whichever fits the terminal.",
    )
    session_seconds: float = Field(
        7 * DAY,  # guessed: a week of shifts without typing a password on a ward's machine
        validation_alias="CURBSIDE_SESSION_SECONDS", ge=60.0, le=365 * DAY,
        description="How long a sign-in lasts, seconds.",
    )  # fmt: skip

    @field_validator("url")
    @classmethod
    def _origin(cls, url: str) -> str:
        return origin_of(url) if url else url

    @field_validator("redis_url")
    @classmethod
    def _readable(cls, url: str) -> str:
        if url:
            read_url(url)
        return url

    @field_validator("database_url")
    @classmethod
    def _known(cls, url: str) -> str:
        if url:
            engine_of(url)
        return url

    @field_validator("backup_recipient")
    @classmethod
    def _sealable(cls, recipient: str) -> str:
        if recipient and not is_recipient(recipient):
            raise ValueError("give what age-keygen prints, age1…")
        return recipient

    @field_validator("secret")
    @classmethod
    def _long(cls, secret: SecretStr | None) -> SecretStr | None:
        if secret is not None and len(secret.get_secret_value()) < SECRET_LENGTH:
            raise ValueError(f"give at least {SECRET_LENGTH} random characters")
        return secret

    @model_validator(mode="after")
    def _safe(self) -> Self:
        if self.has_test_echo and not is_loopback(self.host):
            raise ValueError("CURBSIDE_TEST_ECHO: unset it, or listen on 127.0.0.1")
        is_open = self.origin.startswith("http:") and not is_loopback(self.hostname)
        if is_open and not self.allows_insecure_http:
            raise ValueError(
                "CURBSIDE_URL: use https://, or set CURBSIDE_INSECURE_HTTP=1 to send"
                " passwords and cookies in the clear"
            )
        return self

    @property
    def origin(self) -> str:
        """Return the server's own origin, without a slash at its end."""
        return self.url or f"http://127.0.0.1:{self.port}"

    @property
    def hostname(self) -> str:
        """Return the host of the server's own origin."""
        return urlsplit(self.origin).hostname or ""

    @property
    def is_https(self) -> bool:
        """Return whether browsers reach the server encrypted."""
        return self.origin.startswith("https:")

    @property
    def database(self) -> str:
        """Return the URL of the database."""
        return self.database_url or f"sqlite:///{self.data / 'curbside.db'}"

    @property
    def database_file(self) -> Path | None:
        """Return where the database is, or None for one that a server of its own keeps."""
        if engine_of(self.database) != SQLITE:
            return None
        return Path(self.database.removeprefix("sqlite:///"))

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Read arguments, the environment, then the files that it names."""
        return init_settings, env_settings, _NamedFiles(settings_cls)


class _NamedFiles(PydanticBaseSettingsSource):
    """``NAME_FILE`` holds the path of a file whose first line is ``NAME``: for secrets."""

    def get_field_value(self, field: FieldInfo, field_name: str) -> tuple[Any, str, bool]:
        name = field.validation_alias
        path = os.environ.get(f"{name}_FILE") if isinstance(name, str) else None
        if not path:
            return None, field_name, False
        if os.environ.get(str(name)):
            raise Misconfigured(f"{name}: set it or {name}_FILE, not both.")
        return _first_line(f"{name}_FILE", path), str(name), False

    def __call__(self) -> dict[str, Any]:
        found = [self.get_field_value(f, n) for n, f in self.settings_cls.model_fields.items()]
        return {name: value for value, name, _ in found if value is not None}


def load_settings(*, host: str | None = None, port: int | None = None) -> Settings:
    """Return the settings; ``host`` and ``port`` are the command line's. Raises Misconfigured."""
    given: dict[str, Any] = {"host": host, "port": port}
    try:
        return Settings(**{name: value for name, value in given.items() if value is not None})
    except ValidationError as error:
        raise Misconfigured(_sentence(error)) from None


def origin_of(url: str) -> str:
    """Return ``scheme://host[:port]`` as browsers write it. Raises ValueError."""
    parts = urlsplit(url)
    if parts.scheme not in DEFAULT_PORTS or not parts.hostname or parts.path not in ("", "/"):
        raise ValueError("write it as https://chat.example.org, without a path")
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    if parts.port in (None, DEFAULT_PORTS[parts.scheme]):
        return f"{parts.scheme}://{host}"
    return f"{parts.scheme}://{host}:{parts.port}"


def is_loopback(host: str) -> bool:
    """Return whether only this machine can reach the host."""
    try:
        return ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")


def _first_line(name: str, path: str) -> str:
    try:
        return Path(path).read_text().partition("\n")[0].strip()
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "not a text"
        raise Misconfigured(f"{name}: {path} cannot be read: {reason}.") from None


def _sentence(error: ValidationError) -> str:
    """Return the first fault, without the value: it may be a secret."""
    first = error.errors(include_input=False, include_url=False)[0]
    what = _OWN_WORDS.get(first["type"], first["msg"].removeprefix("Value error, "))
    name = str(first["loc"][0]) if first["loc"] else ""
    return f"{name}: {what}." if name else f"{what}."
