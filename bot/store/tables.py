"""The schema: communities, the jokes asked for there, where they are shown, votes and flags."""

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Float,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    SmallInteger,
    String,
    Table,
    Text,
    UniqueConstraint,
    text,
)

from bot.store.moments import UtcDateTime

__all__ = [
    "communities",
    "contributions",
    "flags",
    "joke_features",
    "jokes",
    "metadata",
    "notes",
    "outbox",
    "posts",
    "roles",
    "runs",
    "shelf",
    "taste_bases",
    "versions",
    "votes",
]

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
        "pk": "pk_%(table_name)s",
    }
)

# SQLite numbers rows by itself only in a column whose type is exactly INTEGER.
_RowNumber = BigInteger().with_variant(Integer(), "sqlite")
_Member = String(32)

communities = Table(
    "communities",
    metadata,
    Column("id", _RowNumber, primary_key=True),
    Column("front", Text, nullable=False),
    Column("key", Text, nullable=False),
    Column("settings", JSON, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    UniqueConstraint("front", "key"),
)

jokes = Table(
    "jokes",
    metadata,
    Column("id", _RowNumber, primary_key=True),
    Column("community_id", _RowNumber, ForeignKey("communities.id"), nullable=False),
    Column("member", _Member),
    Column("state", String(8), nullable=False),
    Column("reason", String(32)),
    Column("owner", String(32)),
    Column("address", Text),
    Column("topic", Text),
    Column("opening", Text),
    Column("seed", BigInteger),
    Column("operator", Boolean, nullable=False),
    Column("asked_at", UtcDateTime, nullable=False),
    Column("told_at", UtcDateTime),
    Column("text", Text),
    Column("fingerprint", Text),
    Column("model_version", Text),
    Column("sampling", JSON(none_as_null=True)),
    Column("score", Float),
    Column("tokens", Integer),
    Column("seconds", Float),
    Column("origin", Text),
    Column("hidden_at", UtcDateTime),
    CheckConstraint("state IN ('pending', 'told', 'declined')", name="state"),
    CheckConstraint("(state = 'pending') = (owner IS NOT NULL)", name="pending_has_owner"),
    CheckConstraint("(state = 'declined') = (reason IS NOT NULL)", name="declined_has_reason"),
    CheckConstraint("(state = 'told') = (told_at IS NOT NULL)", name="told_has_time"),
    CheckConstraint(
        "state <> 'told' OR (text IS NOT NULL AND model_version IS NOT NULL"
        " AND sampling IS NOT NULL AND score IS NOT NULL"
        " AND tokens IS NOT NULL AND seconds IS NOT NULL)",
        name="told_is_complete",
    ),
    # Quotas of a community; the jokes of a community.
    Index(None, "community_id", "asked_at"),
    # Quotas of a member; /forget.
    Index(None, "member", "asked_at"),
    # Recovery after a crash looks at few rows.
    Index(
        "ix_jokes_owner",
        "owner",
        sqlite_where=text("owner IS NOT NULL"),
        postgresql_where=text("owner IS NOT NULL"),
    ),
    # Two requests at the same moment cannot tell the same joke in one community.
    Index(
        "uq_jokes_community_id_fingerprint",
        "community_id",
        "fingerprint",
        unique=True,
        sqlite_where=text("fingerprint IS NOT NULL"),
        postgresql_where=text("fingerprint IS NOT NULL"),
    ),
    # An event that the platform delivers twice asks once.
    Index(
        "uq_jokes_community_id_origin",
        "community_id",
        "origin",
        unique=True,
        sqlite_where=text("origin IS NOT NULL"),
        postgresql_where=text("origin IS NOT NULL"),
    ),
    # What is put on the shelf is compared with them.
    Index(
        "ix_jokes_hidden_at",
        "hidden_at",
        sqlite_where=text("hidden_at IS NOT NULL"),
        postgresql_where=text("hidden_at IS NOT NULL"),
    ),
)

votes = Table(
    "votes",
    metadata,
    Column("joke_id", _RowNumber, ForeignKey("jokes.id"), primary_key=True),
    Column("member", _Member, primary_key=True, index=True),
    Column("value", SmallInteger, nullable=False),
    Column("voted_at", UtcDateTime, nullable=False),
    # The platform's number of the event that changed it last; numbers rise.
    Column("event", BigInteger),
    CheckConstraint("value IN (-1, 0, 1)", name="value"),
    sqlite_with_rowid=False,
)

flags = Table(
    "flags",
    metadata,
    Column("joke_id", _RowNumber, ForeignKey("jokes.id"), primary_key=True),
    Column("member", _Member, primary_key=True),
    Column("flagged_at", UtcDateTime, nullable=False),
    sqlite_with_rowid=False,
)

# The messages that show a joke, by the platform's own names for them.
posts = Table(
    "posts",
    metadata,
    Column("front", Text, primary_key=True),
    Column("place", Text, primary_key=True),
    Column("message", Text, primary_key=True),
    Column("joke_id", _RowNumber, ForeignKey("jokes.id"), nullable=False, index=True),
    Column("posted_at", UtcDateTime, nullable=False),
    sqlite_with_rowid=False,
)

# Told, but not yet known to have arrived.
outbox = Table(
    "outbox",
    metadata,
    Column("joke_id", _RowNumber, ForeignKey("jokes.id"), primary_key=True),
    Column("owner", String(32), nullable=False),
    Column("address", Text, nullable=False),
)

notes = Table(
    "notes",
    metadata,
    Column("name", Text, primary_key=True),
    Column("text", Text, nullable=False),
    sqlite_with_rowid=False,
)

# Model versions that were made here, also those whose files are gone.
versions = Table(
    "versions",
    metadata,
    Column("name", Text, primary_key=True),
    Column("parent", Text, nullable=False),
    Column("state", String(9), nullable=False),
    Column("snapshot", Text, nullable=False),
    Column("votes", Integer, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("manifest", JSON, nullable=False),
    Column("verdict", JSON(none_as_null=True)),
    Column("kept", Boolean, nullable=False),
    sqlite_with_rowid=False,
)

# One row says which versions serve.
roles = Table(
    "roles",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("origin", Text, nullable=False),
    Column("champion", Text, nullable=False),
    Column("challenger", Text),
    Column("previous", Text),
    Column("trial_began", UtcDateTime),
    Column("changed_at", UtcDateTime, nullable=False),
    CheckConstraint("id = 1", name="only_row"),
    CheckConstraint("(challenger IS NULL) = (trial_began IS NULL)", name="trial"),
)

# How many votes of a member each version learned from.
contributions = Table(
    "contributions",
    metadata,
    Column("version", Text, primary_key=True),
    Column("member", _Member, primary_key=True, index=True),
    Column("votes", Integer, nullable=False),
    sqlite_with_rowid=False,
)

runs = Table(
    "runs",
    metadata,
    Column("id", _RowNumber, primary_key=True),
    Column("owner", String(32)),
    Column("stage", String(8), nullable=False),
    Column("parent", Text, nullable=False),
    Column("version", Text),
    Column("snapshot", Text),
    Column("ending", String(9)),
    Column("detail", Text, nullable=False),
    Column("began_at", UtcDateTime, nullable=False),
    Column("ended_at", UtcDateTime),
    # 1 while it goes on: one at a time, however it is started.
    Column("going_on", SmallInteger),
    CheckConstraint("(ending IS NULL) = (ended_at IS NULL)", name="ended_has_time"),
    CheckConstraint("(going_on IS NULL) = (ending IS NOT NULL)", name="goes_on_until_ended"),
    UniqueConstraint("going_on"),
)

# What a model version makes of a joke, float16 numbers in little-endian order.
joke_features = Table(
    "joke_features",
    metadata,
    Column("model_version", Text, primary_key=True),
    Column("joke_id", _RowNumber, ForeignKey("jokes.id"), primary_key=True),
    Column("features", LargeBinary, nullable=False),
)

# The directions in which the features of a version are looked at.
taste_bases = Table(
    "taste_bases",
    metadata,
    Column("model_version", Text, primary_key=True),
    Column("basis", LargeBinary, nullable=False),
)

# Jokes that were made before anybody asked; those of one seed were made for one request.
shelf = Table(
    "shelf",
    metadata,
    Column("model_version", Text, primary_key=True),
    Column("seed", BigInteger, primary_key=True, autoincrement=False),
    Column("place", SmallInteger, primary_key=True, autoincrement=False),
    Column("recipe", Text, nullable=False),
    Column("tier", String(8), nullable=False),
    Column("text", Text, nullable=False),
    Column("fingerprint", Text, nullable=False),
    Column("tokens", Integer, nullable=False),
    Column("score", Float, nullable=False),
    Column("features", LargeBinary),
)
