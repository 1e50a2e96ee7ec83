"""Jokes that were made before anybody asked, and a quick way to those that are hidden."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the table and the index."""
    op.create_table(
        "shelf",
        sa.Column("model_version", sa.Text, nullable=False),
        sa.Column("seed", sa.BigInteger, nullable=False),
        sa.Column("place", sa.SmallInteger, nullable=False),
        sa.Column("recipe", sa.Text, nullable=False),
        sa.Column("tier", sa.String(8), nullable=False),
        sa.Column("text", sa.Text, nullable=False),
        sa.Column("fingerprint", sa.Text, nullable=False),
        sa.Column("tokens", sa.Integer, nullable=False),
        sa.Column("score", sa.Float, nullable=False),
        sa.Column("features", sa.LargeBinary),
        sa.PrimaryKeyConstraint("model_version", "seed", "place", name=op.f("pk_shelf")),
    )
    op.create_index(
        "ix_jokes_hidden_at",
        "jokes",
        ["hidden_at"],
        sqlite_where=sa.text("hidden_at IS NOT NULL"),
        postgresql_where=sa.text("hidden_at IS NOT NULL"),
    )
