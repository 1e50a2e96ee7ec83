"""Floods: many votes of new members of one community in a short time."""

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.jokes import Community
from bot.settings import LearningSettings
from bot.votes.rows import IMPORTED, VoteRow

__all__ = ["Flood", "find_floods"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Flood:
    """Votes that came as a flood, oldest first; never empty."""

    community: Community
    votes: tuple[VoteRow, ...]


def find_floods(rows: Sequence[VoteRow], rules: LearningSettings) -> list[Flood]:
    """The floods among these votes, by community and time.

    A member is new who never voted `new_member_days` or longer after their first vote; whoever
    comes back later counts after all. In such a community's own first days everybody is new and
    nothing is a flood. Otherwise `flood_votes` votes of new members within `flood_minutes` are
    one, if they outnumber what the others voted meanwhile. Imported votes are never one, since an
    admin asked for them.
    """
    by_time = sorted(rows, key=lambda row: (row.voted_at, row.joke_id, row.member))
    newness = timedelta(days=rules.new_member_days)
    first: dict[str, datetime] = {}
    settled: set[str] = set()
    by_community: dict[Community, list[VoteRow]] = {}
    for row in by_time:
        if row.voted_at - first.setdefault(row.member, row.voted_at) >= newness:
            settled.add(row.member)
        if row.community != IMPORTED:
            by_community.setdefault(row.community, []).append(row)
    floods: list[Flood] = []
    for votes in by_community.values():
        grown_up = votes[0].voted_at + newness
        new = [row for row in votes if row.member not in settled and row.voted_at >= grown_up]
        others = [row.voted_at for row in votes if row.member in settled]
        floods += _floods_among(new, others, rules)
    return floods


def _floods_among(
    new: Sequence[VoteRow], others: Sequence[datetime], rules: LearningSettings
) -> list[Flood]:
    """The floods of one community's `new` votes, with the times of the `others`, both by time."""
    window = timedelta(minutes=rules.flood_minutes)
    times = [row.voted_at for row in new]
    spans: list[tuple[int, int]] = []
    for start, begins in enumerate(times):
        end = bisect_right(times, begins + window)
        meanwhile = bisect_right(others, begins + window) - bisect_left(others, begins)
        if end - start < max(rules.flood_votes, meanwhile + 1):
            continue
        if spans and start < spans[-1][1]:
            spans[-1] = (spans[-1][0], end)
        else:
            spans.append((start, end))
    return [Flood(community=new[a].community, votes=tuple(new[a:b])) for a, b in spans]
