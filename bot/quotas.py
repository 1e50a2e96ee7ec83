"""How many jokes a member and a community may ask for in a stretch of time."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from bot.jokes import Declined, JokeRequest, Reason
from bot.store.port import Quota, QuotaReached

__all__ = ["QuotaLimits", "quotas_for", "refusal"]

_DAY = timedelta(days=1)


@dataclass(frozen=True, kw_only=True, slots=True)
class QuotaLimits:
    """Jokes in any stretch of `window_seconds`; 0 jokes is no limit."""

    member_jokes: int
    community_jokes: int
    window_seconds: float


def quotas_for(
    request: JokeRequest, limits: QuotaLimits, *, daily_jokes: int = 0
) -> Sequence[Quota]:
    """What a request has to keep to; whoever is over several hears of their own first.

    `daily_jokes` is what the community allows a member in 24 hours; 0 is no limit.
    """
    usual = timedelta(seconds=limits.window_seconds)
    quotas = (
        Quota(reason=Reason.MEMBER_QUOTA, jokes=limits.member_jokes, window=usual),
        Quota(
            reason=Reason.COMMUNITY_QUOTA,
            jokes=limits.community_jokes,
            window=usual,
            of_everybody=True,
        ),
        Quota(reason=Reason.DAILY_QUOTA, jokes=daily_jokes, window=_DAY),
    )
    return () if request.operator else [quota for quota in quotas if quota.jokes]


def refusal(reached: QuotaReached) -> Declined:
    """The answer with the seconds to wait, which are one at least."""
    seconds = max(1, math.ceil(reached.left.total_seconds()))
    return Declined(reason=reached.quota.reason, seconds=seconds)
