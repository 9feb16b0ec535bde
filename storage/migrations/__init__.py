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
    if not is_current(connection):
        upgrade_to(connection, "head")


def upgrade_to(connection: Connection, revision: str) -> None:
    """Bring the schema to a revision that it is below, in the connection's transaction."""
    config = _config()
    config.attributes["connection"] = connection
    command.upgrade(config, revision)


def is_current(connection: Connection) -> bool:
    """Return whether nothing is missing: so it is too where a newer version has added to it."""
    revision = revision_of(connection)
    if revision is None:
        return False
    return revision == _scripts().get_current_head() or not is_known(revision)


def is_known(revision: str | None) -> bool:
    """Return whether a revision is of this version or an older one, which it can upgrade."""
    return revision in [script.revision for script in _scripts().walk_revisions()]


def revision_of(connection: Connection) -> str | None:
    """Return the revision of the schema, or None where there is none."""
    return MigrationContext.configure(connection).get_current_revision()


def _scripts() -> ScriptDirectory:
    return ScriptDirectory.from_config(_config())


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent))
    return config
