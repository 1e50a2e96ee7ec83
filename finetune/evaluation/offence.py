"""How many jokes each content tier refuses, and what is left of that after the service's filter."""

from collections.abc import Sequence

from finetune.candidates import Candidate
from finetune.evaluation.bootstrap import Figure, share_figure
from finetune.moderation import Moderator, Tier
from finetune.selection import Selector

__all__ = ["after_filter", "refused_shares"]


def refused_shares(texts: Sequence[str], *, moderator: Moderator, seed: int) -> dict[str, Figure]:
    """Share of the texts that each tier refuses, before any filter."""
    return {
        f"offensive_{tier.value}": share_figure(_refused(texts, moderator, tier), seed=seed)
        for tier in Tier
    }


def after_filter(
    candidates: Sequence[Candidate], *, selector: Selector, moderator: Moderator, seed: int
) -> dict[str, Figure]:
    """Share of candidates that the filter of tier `family` keeps back, for whatever reason, and
    the share of those let through that the tier refuses after all: none, if the filter works.
    """
    told = [
        choice.text
        for candidate in candidates
        for choice in selector.choices([candidate], opening=None)
    ]
    kept_back = [index >= len(told) for index in range(len(candidates))]
    figures = {"filtered": share_figure(kept_back, seed=seed)}
    if told:
        offensive = _refused(told, moderator, Tier.FAMILY)
        figures["offensive_after_filter"] = share_figure(offensive, seed=seed)
    return figures


def _refused(texts: Sequence[str], moderator: Moderator, tier: Tier) -> list[bool]:
    return [not verdict.allowed for verdict in moderator.verdicts(texts, tier=tier)]
