"""Revisions: which state the schema is in, and how to bring it to any that this version knows."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory

import storage.migrations
from storage.database import Connection


def revision_of(connection: Connection) -> str | None:
    """Return the revision of the schema, or None where there is none."""
    return MigrationContext.configure(connection).get_current_revision()


def is_known(revision: str | None) -> bool:
    """Return whether this version made a revision, or an older one did."""
    scripts = ScriptDirectory.from_config(_config()).walk_revisions()
    return revision in [script.revision for script in scripts]


def upgrade_to(connection: Connection, revision: str) -> None:
    """Make the schema of a revision, in the connection's transaction."""
    config = _config()
    config.attributes["connection"] = connection
    command.upgrade(config, revision)


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(storage.migrations.__file__).parent))
    return config
