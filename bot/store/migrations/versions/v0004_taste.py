"""What model versions make of jokes, and the directions in which that is looked at."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the tables."""
    number = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
    op.create_table(
        "joke_features",
        sa.Column("model_version", sa.Text, nullable=False),
        sa.Column("joke_id", number, nullable=False),
        sa.Column("features", sa.LargeBinary, nullable=False),
        sa.PrimaryKeyConstraint("model_version", "joke_id", name=op.f("pk_joke_features")),
        sa.ForeignKeyConstraint(
            ["joke_id"], ["jokes.id"], name=op.f("fk_joke_features_joke_id_jokes")
        ),
    )
    op.create_table(
        "taste_bases",
        sa.Column("model_version", sa.Text, nullable=False),
        sa.Column("basis", sa.LargeBinary, nullable=False),
        sa.PrimaryKeyConstraint("model_version", name=op.f("pk_taste_bases")),
    )
