"""The core: people, rooms, the log, messages and what stands around them."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

KEY = sa.Text().with_variant(postgresql.TEXT(collation="C"), "postgresql")
NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Make every table of the first version."""

    op.create_table(
        "answers",
        sa.Column("room", KEY, nullable=False),
        sa.Column("by", KEY, nullable=False),
        sa.Column("cid", KEY, nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("answer", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("room", "by", "cid", name=op.f("pk_answers")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "codes",
        sa.Column("hash", sa.LargeBinary(), nullable=False),
        sa.Column("at", sa.Float(), nullable=False),
        sa.PrimaryKeyConstraint("hash", name=op.f("pk_codes")),
    )
    op.create_table(
        "events",
        sa.Column("room", KEY, nullable=False),
        sa.Column("seq", NUMBER, autoincrement=False, nullable=False),
        sa.Column("event", sa.Text(), nullable=False),
        sa.Column("at", sa.Float(), nullable=False),
        sa.Column("by", KEY, nullable=True),
        sa.Column("data", sa.LargeBinary(), nullable=False),
        sa.Column("subject", KEY, nullable=True),
        sa.Column("voids", KEY, nullable=True),
        sa.PrimaryKeyConstraint("room", "seq", name=op.f("pk_events")),
        sqlite_with_rowid=False,
    )
    op.create_index(
        "ix_events_subject",
        "events",
        ["subject"],
        unique=False,
        sqlite_where=sa.text("subject IS NOT NULL"),
        postgresql_where=sa.text("subject IS NOT NULL"),
    )
    op.create_table(
        "members",
        sa.Column("room", KEY, nullable=False),
        sa.Column("person", KEY, nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("since", NUMBER, nullable=False),
        sa.Column("at", sa.Float(), nullable=False),
        sa.PrimaryKeyConstraint("room", "person", name=op.f("pk_members")),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_members_person", "members", ["person"], unique=False)
    op.create_table(
        "messages",
        sa.Column("room", KEY, nullable=False),
        sa.Column("seq", NUMBER, autoincrement=False, nullable=False),
        sa.Column("id", KEY, nullable=False),
        sa.Column("at", sa.Float(), nullable=False),
        sa.Column("by", KEY, nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("version", NUMBER, nullable=False),
        sa.Column("reply_to", KEY, nullable=True),
        sa.Column("edited_at", sa.Float(), nullable=True),
        sa.Column("removed_at", sa.Float(), nullable=True),
        sa.Column("removed_by", KEY, nullable=True),
        sa.Column("removed_reason", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("room", "seq", name=op.f("pk_messages")),
        sa.UniqueConstraint("id", name=op.f("uq_messages_id")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "passwords",
        sa.Column("person", KEY, nullable=False),
        sa.Column("hash", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("person", name=op.f("pk_passwords")),
    )
    op.create_table(
        "people",
        sa.Column("id", KEY, nullable=False),
        sa.Column("handle", KEY, nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("specialty", sa.Text(), nullable=True),
        sa.Column("verified", sa.Boolean(), nullable=False),
        sa.Column("at", sa.Float(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_people")),
        sa.UniqueConstraint("handle", name=op.f("uq_people_handle")),
    )
    op.create_table(
        "pins",
        sa.Column("message", KEY, nullable=False),
        sa.Column("room", KEY, nullable=False),
        sa.Column("by", KEY, nullable=False),
        sa.Column("at", sa.Float(), nullable=False),
        sa.Column("note", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("message", name=op.f("pk_pins")),
    )
    op.create_index("ix_pins_room", "pins", ["room"], unique=False)
    op.create_table(
        "reactions",
        sa.Column("message", KEY, nullable=False),
        sa.Column("emoji", KEY, nullable=False),
        sa.Column("person", KEY, nullable=False),
        sa.Column("at", sa.Float(), nullable=False),
        sa.PrimaryKeyConstraint("message", "emoji", "person", name=op.f("pk_reactions")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "reads",
        sa.Column("person", KEY, nullable=False),
        sa.Column("room", KEY, nullable=False),
        sa.Column("seq", NUMBER, nullable=False),
        sa.Column("told_at", sa.Float(), nullable=False),
        sa.Column("told", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("person", "room", name=op.f("pk_reads")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "rooms",
        sa.Column("id", KEY, nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("topic", sa.Text(), nullable=False),
        sa.Column("private", sa.Boolean(), nullable=False),
        sa.Column("epoch", sa.Text(), nullable=False),
        sa.Column("head", NUMBER, nullable=False),
        sa.Column("revision", NUMBER, nullable=False),
        sa.Column("at", sa.Float(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_rooms")),
    )
    op.create_table(
        "sessions",
        sa.Column("hash", sa.LargeBinary(), nullable=False),
        sa.Column("person", KEY, nullable=False),
        sa.Column("at", sa.Float(), nullable=False),
        sa.Column("expires", sa.Float(), nullable=False),
        sa.PrimaryKeyConstraint("hash", name=op.f("pk_sessions")),
    )
    op.create_table(
        "tokens",
        sa.Column("hash", sa.LargeBinary(), nullable=False),
        sa.Column("id", KEY, nullable=False),
        sa.Column("person", KEY, nullable=False),
        sa.Column("scopes", sa.Text(), nullable=False),
        sa.Column("at", sa.Float(), nullable=False),
        sa.Column("expires", sa.Float(), nullable=True),
        sa.PrimaryKeyConstraint("hash", name=op.f("pk_tokens")),
        sa.UniqueConstraint("id", name=op.f("uq_tokens_id")),
    )
    # ### end Alembic commands ###
