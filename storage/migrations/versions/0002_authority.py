"""Authority: the number that moves when a sign-in, a token or a standing changes."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

KEY = sa.Text().with_variant(postgresql.TEXT(collation="C"), "postgresql")
NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Make the table, empty: the first change fills it."""
    op.create_table(
        "authority",
        sa.Column("person", KEY, nullable=False),
        sa.Column("revision", NUMBER, nullable=False),
        sa.PrimaryKeyConstraint("person", name=op.f("pk_authority")),
    )
    op.create_index("ix_authority_revision", "authority", ["revision"], unique=False)
