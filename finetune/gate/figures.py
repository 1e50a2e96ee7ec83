"""The figures of a candidate beside the champion's, each with its limit."""

import math
from collections.abc import Mapping
from dataclasses import dataclass

from finetune.evaluation.bootstrap import Figure
from finetune.evaluation.metrics import LOSS_CHANGE
from finetune.evaluation.result import Evaluation, against
from finetune.gate.limits import Limits
from finetune.gate.ranking import CHANCE
from finetune.gate.verdict import GateFigure, value_text

__all__ = ["AGREEMENT", "Ranking", "compared"]

_ONE_KIND = "the held-out votes are not of both kinds"

AGREEMENT = "agreement"
"""The figure that says whether what a candidate learned agrees with votes it has not seen."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Ranking:
    """AUC on held-out votes, by the likelihood in either version and by how it has changed."""

    champion: Figure | None
    candidate: Figure | None
    agreement: Figure | None


@dataclass(frozen=True, kw_only=True, slots=True)
class _Rule:
    """`relative` limits are shares of the champion's value, others are differences."""

    name: str
    title: str
    higher_is_better: bool
    metric: str = ""
    share: bool = True
    relative: bool = False

    def text(self, value: float) -> str:
        return value_text(value, share=self.share)

    def worst(self, champion: float, limit: float) -> float:
        """The worst value that is allowed beside the champion's."""
        allowed = limit * abs(champion) if self.relative else limit
        return champion - allowed if self.higher_is_better else champion + allowed

    def figure(
        self,
        explanation: str,
        *,
        champion: float | None = None,
        candidate: Figure | None = None,
        limit: float | None = None,
        passed: bool = True,
    ) -> GateFigure:
        return GateFigure(
            name=self.name,
            title=self.title,
            share=self.share,
            higher_is_better=self.higher_is_better,
            champion=champion,
            candidate=candidate.value if candidate else None,
            low=candidate.low if candidate else None,
            high=candidate.high if candidate else None,
            limit=limit,
            passed=passed,
            explanation=f"{self.title}: {explanation}.",
        )


_LOSS = _Rule(
    name="loss",
    title="Loss of held-out jokes",
    higher_is_better=False,
    metric="loss_per_character",
    share=False,
    relative=True,
)
_RANKING = _Rule(name="auc", title="Ranks held-out votes", higher_is_better=True)
_AGREEMENT = _Rule(name=AGREEMENT, title="Agrees with held-out votes", higher_is_better=True)
_JOKES = (
    _Rule(name="complete", title="Complete", higher_is_better=True),
    _Rule(name="looping", title="Looping", higher_is_better=False),
    _Rule(name="distinct_2", title="Distinct-2", higher_is_better=True, share=False, relative=True),
    _Rule(name="copied", title="Copied from training", higher_is_better=False),
    _Rule(name="near_duplicates", title="Nearly a training joke", higher_is_better=False),
    _Rule(name="offensive_family", title="Offensive before the filter", higher_is_better=False),
    _Rule(
        name="offensive_after_filter", title="Offensive after the filter", higher_is_better=False
    ),
    _Rule(name="topic_told", title="On topic, as told", higher_is_better=True),
)


def compared(
    champion: Evaluation, candidate: Evaluation, ranking: Ranking, *, limits: Limits, seed: int
) -> list[GateFigure]:
    """Every figure of both versions, which were measured alike, and whether it passes.

    A figure fails when the friendly end of its 95 % interval is beyond the limit: when even a
    lucky reading of the candidate is too bad. An equal version therefore fails less often than
    once in forty figures even where nothing is allowed, and hardly ever with the limits there are;
    the price is that a small harm passes where few jokes were drawn. The loss is compared joke by
    joke, which leaves little to chance. The other intervals are put together from those of both
    versions (MOVER; Newcombe 1998, and Zou & Donner 2008), as if their jokes were drawn apart.
    """
    change = against(candidate, champion, seed=seed).figures[LOSS_CHANGE]
    old = champion.figures[_LOSS.metric].value
    loss = Figure(
        candidate.figures[_LOSS.metric].value, old * (1 + change.low), old * (1 + change.high)
    )
    return [
        _judged(_LOSS, old, loss, limits),
        _agreement(ranking.agreement, limits),
        _ranking(ranking.champion, ranking.candidate),
        *(_of_jokes(rule, champion, candidate, limits) for rule in _JOKES),
    ]


def _of_jokes(
    rule: _Rule, champion: Evaluation, candidate: Evaluation, limits: Limits
) -> GateFigure:
    before, after = champion.figures.get(rule.name), candidate.figures.get(rule.name)
    if before is None or after is None:
        why: Mapping[str, str] = {**champion.missing, **candidate.missing}
        return _unmeasured(rule, why.get(rule.name, "there was no joke to measure it on"))
    beside = _beside_relative(before, after) if rule.relative else _beside(before, after)
    if rule.share:  # no share of jokes lies outside, which changes no comparison with a limit
        beside = Figure(beside.value, max(0.0, beside.low), min(1.0, beside.high))
    return _judged(rule, before.value, beside, limits)


def _beside(champion: Figure, candidate: Figure) -> Figure:
    """The candidate's value, with the interval of the difference around the champion's."""
    value = candidate.value
    return Figure(
        value,
        value - math.hypot(value - candidate.low, champion.high - champion.value),
        value + math.hypot(candidate.high - value, champion.value - champion.low),
    )


def _beside_relative(champion: Figure, candidate: Figure) -> Figure:
    """The same by ratios: differences of logarithms. Both values are above zero, or nothing is."""
    figures = [(figure.value, figure.low, figure.high) for figure in (champion, candidate)]
    if min(min(each) for each in figures) <= 0:
        return _beside(champion, candidate)
    before, after = (Figure(*map(math.log, each)) for each in figures)
    beside = _beside(before, after)
    return Figure(candidate.value, math.exp(beside.low), math.exp(beside.high))


def _judged(rule: _Rule, champion: float, candidate: Figure, limits: Limits) -> GateFigure:
    limit = rule.worst(champion, limits.of(rule.name))
    if not all(map(math.isfinite, (champion, candidate.value, candidate.low, candidate.high))):
        return rule.figure("what was measured is no number", passed=False)
    bound = "least" if rule.higher_is_better else "most"
    return rule.figure(
        f"{rule.text(candidate.value)} after {rule.text(champion)}, at {bound} {rule.text(limit)} "
        f"is asked for{_interval(rule, candidate)}",
        champion=champion,
        candidate=candidate,
        limit=limit,
        passed=candidate.high >= limit if rule.higher_is_better else candidate.low <= limit,
    )


def _agreement(auc: Figure | None, limits: Limits) -> GateFigure:
    rule = _AGREEMENT
    if auc is None:
        return _unmeasured(rule, _ONE_KIND)
    limit = limits.of(rule.name)
    return rule.figure(
        f"what it learned puts the liked joke first in {rule.text(auc.value)} of pairs, where "
        f"{rule.text(CHANCE)} is chance and at least {rule.text(limit)} is asked for"
        f"{_interval(rule, auc)}",
        candidate=auc,
        limit=limit,
        passed=auc.high >= limit,
    )


def _ranking(before: Figure | None, after: Figure | None) -> GateFigure:
    rule = _RANKING
    if before is None or after is None:
        return _unmeasured(rule, _ONE_KIND)
    return rule.figure(
        f"the liked joke is the likelier one in {rule.text(after.value)} of pairs after "
        f"{rule.text(before.value)}{_interval(rule, after)}; it decides nothing",
        champion=before.value,
        candidate=after,
    )


def _interval(rule: _Rule, figure: Figure) -> str:
    return f" (95 % interval {rule.text(figure.low)} to {rule.text(figure.high)})"


def _unmeasured(rule: _Rule, why: str) -> GateFigure:
    return rule.figure(f"not measured ({why})")
