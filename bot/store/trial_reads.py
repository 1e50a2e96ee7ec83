"""What versions got in a trial: plain functions of a connection."""

from collections import Counter, defaultdict
from collections.abc import Collection, Mapping
from datetime import datetime

import sqlalchemy as sa

from bot.store.tables import communities, flags, jokes, votes
from bot.store.version_port import TrialVotes
from bot.votes.rows import IMPORTED

__all__ = ["trial_votes"]


def trial_votes(
    connection: sa.Connection, *, names: Collection[str], since: datetime
) -> Mapping[str, TrialVotes]:
    """What each version got for the jokes it told since then; a single statement."""
    told: Counter[str] = Counter()
    flagged: Counter[str] = Counter()
    members: defaultdict[str, defaultdict[str, list[int]]] = defaultdict(
        lambda: defaultdict(lambda: [0, 0])
    )
    for row in connection.execute(_query(names, since)):
        if row.member is None:
            told[row.model_version] += 1
            flagged[row.model_version] += row.withheld
        elif not row.withheld:
            members[row.model_version][row.member][row.value < 0] += 1
    return {
        name: TrialVotes(
            version=name,
            jokes=told[name],
            flagged=flagged[name],
            members=tuple((up, down) for up, down in members[name].values()),
        )
        for name in names
    }


def _query(names: Collection[str], since: datetime) -> sa.Select[tuple[object, ...]]:
    """A row for each joke, without a member, and one for each vote on it."""
    withheld = sa.or_(
        jokes.c.hidden_at.is_not(None), sa.exists().where(flags.c.joke_id == jokes.c.id)
    ).label("withheld")
    ours = (
        jokes.c.state == "told",
        jokes.c.model_version.in_(names),
        jokes.c.told_at >= since,
        communities.c.front != IMPORTED.front,
    )
    here = jokes.join(communities, communities.c.id == jokes.c.community_id)
    each_joke = (
        sa.select(
            jokes.c.model_version,
            sa.cast(sa.null(), votes.c.member.type).label("member"),
            sa.literal(0).label("value"),
            withheld,
        )
        .select_from(here)
        .where(*ours)
    )
    each_vote = (
        sa.select(jokes.c.model_version, votes.c.member, votes.c.value, withheld)
        .select_from(here.join(votes, votes.c.joke_id == jokes.c.id))
        .where(*ours, votes.c.value != 0)
    )
    return sa.select(sa.union_all(each_joke, each_vote).subquery())
