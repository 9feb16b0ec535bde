"""First rows: those that are locked are there from the start, so that no two nodes insert them."""

from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

FIRST_ROWS = (
    "INSERT INTO authority (person, revision) SELECT '', 0"
    " WHERE NOT EXISTS (SELECT 1 FROM authority WHERE person = '')",
    "INSERT INTO audit_head (id, seq, hash) SELECT 0, 0, {nothing}"
    " WHERE NOT EXISTS (SELECT 1 FROM audit_head)",
)


def upgrade() -> None:
    """Insert them where they are missing."""
    nothing = {"sqlite": "x''", "postgresql": "''::bytea"}[op.get_bind().dialect.name]
    for statement in FIRST_ROWS:
        op.execute(statement.format(nothing=nothing))
