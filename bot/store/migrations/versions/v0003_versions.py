"""Model versions made from votes, which of them serve, and the runs that make them."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the tables."""
    op.create_table(
        "versions",
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("parent", sa.Text, nullable=False),
        sa.Column("state", sa.String(9), nullable=False),
        sa.Column("snapshot", sa.Text, nullable=False),
        sa.Column("votes", sa.Integer, nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("manifest", sa.JSON, nullable=False),
        sa.Column("verdict", sa.JSON),
        sa.Column("kept", sa.Boolean, nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_versions")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "roles",
        sa.Column("id", sa.Integer, nullable=False, autoincrement=False),
        sa.Column("origin", sa.Text, nullable=False),
        sa.Column("champion", sa.Text, nullable=False),
        sa.Column("challenger", sa.Text),
        sa.Column("previous", sa.Text),
        sa.Column("trial_began", sa.DateTime(timezone=True)),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_roles")),
        sa.CheckConstraint("id = 1", name=op.f("ck_roles_only_row")),
        sa.CheckConstraint(
            "(challenger IS NULL) = (trial_began IS NULL)", name=op.f("ck_roles_trial")
        ),
    )
    op.create_table(
        "contributions",
        sa.Column("version", sa.Text, nullable=False),
        sa.Column("member", sa.String(32), nullable=False),
        sa.Column("votes", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("version", "member", name=op.f("pk_contributions")),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_contributions_member", "contributions", ["member"])
    _create_runs()


def _create_runs() -> None:
    op.create_table(
        "runs",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("owner", sa.String(32)),
        sa.Column("stage", sa.String(8), nullable=False),
        sa.Column("parent", sa.Text, nullable=False),
        sa.Column("version", sa.Text),
        sa.Column("snapshot", sa.Text),
        sa.Column("ending", sa.String(9)),
        sa.Column("detail", sa.Text, nullable=False),
        sa.Column("began_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True)),
        sa.Column("going_on", sa.SmallInteger),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_runs")),
        sa.CheckConstraint(
            "(ending IS NULL) = (ended_at IS NULL)", name=op.f("ck_runs_ended_has_time")
        ),
        sa.CheckConstraint(
            "(going_on IS NULL) = (ending IS NOT NULL)", name=op.f("ck_runs_goes_on_until_ended")
        ),
        sa.UniqueConstraint("going_on", name=op.f("uq_runs_going_on")),
    )
