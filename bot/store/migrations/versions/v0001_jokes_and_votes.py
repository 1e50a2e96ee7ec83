"""Communities, jokes, votes and flags."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the tables."""
    _create_communities()
    _create_jokes()
    _create_marks("votes", "voted_at", sa.Column("value", sa.SmallInteger, nullable=False))
    _create_marks("flags", "flagged_at")
    op.create_index("ix_votes_member", "votes", ["member"])


def _row_number() -> sa.types.TypeEngine[int]:
    return sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def _moment() -> sa.DateTime:
    return sa.DateTime(timezone=True)


def _create_communities() -> None:
    op.create_table(
        "communities",
        sa.Column("id", _row_number(), nullable=False),
        sa.Column("front", sa.Text, nullable=False),
        sa.Column("key", sa.Text, nullable=False),
        sa.Column("settings", sa.JSON, nullable=False),
        sa.Column("created_at", _moment(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_communities")),
        sa.UniqueConstraint("front", "key", name=op.f("uq_communities_front_key")),
    )


def _create_jokes() -> None:
    op.create_table(
        "jokes",
        sa.Column("id", _row_number(), nullable=False),
        sa.Column("community_id", _row_number(), nullable=False),
        sa.Column("member", sa.String(32)),
        sa.Column("state", sa.String(8), nullable=False),
        sa.Column("reason", sa.String(32)),
        sa.Column("owner", sa.String(32)),
        sa.Column("address", sa.Text),
        sa.Column("topic", sa.Text),
        sa.Column("opening", sa.Text),
        sa.Column("seed", sa.BigInteger),
        sa.Column("operator", sa.Boolean, nullable=False),
        sa.Column("asked_at", _moment(), nullable=False),
        sa.Column("told_at", _moment()),
        sa.Column("text", sa.Text),
        sa.Column("fingerprint", sa.Text),
        sa.Column("model_version", sa.Text),
        sa.Column("sampling", sa.JSON),
        sa.Column("score", sa.Float),
        sa.Column("tokens", sa.Integer),
        sa.Column("seconds", sa.Float),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_jokes")),
        sa.CheckConstraint("state IN ('pending', 'told', 'declined')", name=op.f("ck_jokes_state")),
        sa.CheckConstraint(
            "(state = 'pending') = (owner IS NOT NULL)",
            name=op.f("ck_jokes_pending_has_owner"),
        ),
        sa.CheckConstraint(
            "(state = 'declined') = (reason IS NOT NULL)",
            name=op.f("ck_jokes_declined_has_reason"),
        ),
        sa.CheckConstraint(
            "(state = 'told') = (told_at IS NOT NULL)", name=op.f("ck_jokes_told_has_time")
        ),
        sa.CheckConstraint(
            "state <> 'told' OR (text IS NOT NULL AND model_version IS NOT NULL"
            " AND sampling IS NOT NULL AND score IS NOT NULL"
            " AND tokens IS NOT NULL AND seconds IS NOT NULL)",
            name=op.f("ck_jokes_told_is_complete"),
        ),
        sa.ForeignKeyConstraint(
            ["community_id"], ["communities.id"], name=op.f("fk_jokes_community_id_communities")
        ),
    )
    op.create_index("ix_jokes_community_id_asked_at", "jokes", ["community_id", "asked_at"])
    op.create_index("ix_jokes_member_asked_at", "jokes", ["member", "asked_at"])
    _create_partial_index("ix_jokes_owner", ["owner"], "owner IS NOT NULL", unique=False)
    _create_partial_index(
        "uq_jokes_community_id_fingerprint",
        ["community_id", "fingerprint"],
        "fingerprint IS NOT NULL",
        unique=True,
    )


def _create_partial_index(name: str, columns: list[str], where: str, *, unique: bool) -> None:
    condition = sa.text(where)
    op.create_index(
        name, "jokes", columns, unique=unique, sqlite_where=condition, postgresql_where=condition
    )


def _create_marks(table: str, time: str, *columns: sa.Column[int]) -> None:
    checks = [
        sa.CheckConstraint(f"{column.name} IN (-1, 0, 1)", name=op.f(f"ck_{table}_{column.name}"))
        for column in columns
    ]
    op.create_table(
        table,
        sa.Column("joke_id", _row_number(), nullable=False),
        sa.Column("member", sa.String(32), nullable=False),
        *columns,
        sa.Column(time, _moment(), nullable=False),
        sa.PrimaryKeyConstraint("joke_id", "member", name=op.f(f"pk_{table}")),
        *checks,
        sa.ForeignKeyConstraint(["joke_id"], ["jokes.id"], name=op.f(f"fk_{table}_joke_id_jokes")),
        sqlite_with_rowid=False,
    )
