"""Jobs: what is to be done later."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

KEY = sa.Text().with_variant(postgresql.TEXT(collation="C"), "postgresql")
NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Make the table, empty."""
    op.create_table(
        "jobs",
        sa.Column("id", KEY, nullable=False),
        sa.Column("command", sa.Text(), nullable=False),
        sa.Column("person", KEY, nullable=False),
        sa.Column("given", sa.LargeBinary(), nullable=False),
        sa.Column("due", sa.Float(), nullable=False),
        sa.Column("tries", NUMBER, nullable=False),
        sa.Column("gave_up", sa.Float()),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_jobs")),
    )
    op.create_index("ix_jobs_due", "jobs", ["due"], unique=False)
