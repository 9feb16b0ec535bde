"""Reactions in time: an index by which the first people of one are found among many."""

from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the index."""
    op.create_index(
        "ix_reactions_at", "reactions", ["message", "emoji", "at", "person"], unique=False
    )
