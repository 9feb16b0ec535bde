"""Migrations: bring a database to this version's schema. Additive, and safe to run twice at once."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory

from storage.database import Connection

TURN = 0x6375726273696465  # the name of the lock that migrations take turns by: "curbside"


def upgrade(connection: Connection) -> None:
    """Run what is missing, in the connection's transaction; a second run at once finds nothing."""
    if connection.dialect.name == "postgresql":  # SQLite lets one transaction write at a time
        connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({TURN})")
    config = _config()
    config.attributes["connection"] = connection
    command.upgrade(config, "head")


def is_current(connection: Connection) -> bool:
    """Return whether nothing is missing."""
    return _revision(connection) == ScriptDirectory.from_config(_config()).get_current_head()


def is_known(connection: Connection) -> bool:
    """Return whether this is a database of this version or an older one, which it can upgrade."""
    scripts = ScriptDirectory.from_config(_config()).walk_revisions()
    return _revision(connection) in [script.revision for script in scripts]


def _revision(connection: Connection) -> str | None:
    return MigrationContext.configure(connection).get_current_revision()


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent))
    return config
