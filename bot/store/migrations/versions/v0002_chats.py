"""What chats need: where jokes are shown, what must still arrive, events seen, hidden jokes."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the tables and columns."""
    op.add_column("jokes", sa.Column("origin", sa.Text))
    op.add_column("jokes", sa.Column("hidden_at", sa.DateTime(timezone=True)))
    op.add_column("votes", sa.Column("event", sa.BigInteger))
    op.create_index(
        "uq_jokes_community_id_origin",
        "jokes",
        ["community_id", "origin"],
        unique=True,
        sqlite_where=sa.text("origin IS NOT NULL"),
        postgresql_where=sa.text("origin IS NOT NULL"),
    )
    _create_posts()
    op.create_table(
        "outbox",
        sa.Column("joke_id", _row_number(), nullable=False),
        sa.Column("owner", sa.String(32), nullable=False),
        sa.Column("address", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("joke_id", name=op.f("pk_outbox")),
        sa.ForeignKeyConstraint(["joke_id"], ["jokes.id"], name=op.f("fk_outbox_joke_id_jokes")),
    )
    op.create_table(
        "notes",
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("text", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_notes")),
        sqlite_with_rowid=False,
    )


def _row_number() -> sa.types.TypeEngine[int]:
    return sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def _create_posts() -> None:
    op.create_table(
        "posts",
        sa.Column("front", sa.Text, nullable=False),
        sa.Column("place", sa.Text, nullable=False),
        sa.Column("message", sa.Text, nullable=False),
        sa.Column("joke_id", _row_number(), nullable=False),
        sa.Column("posted_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("front", "place", "message", name=op.f("pk_posts")),
        sa.ForeignKeyConstraint(["joke_id"], ["jokes.id"], name=op.f("fk_posts_joke_id_jokes")),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_posts_joke_id", "posts", ["joke_id"])
