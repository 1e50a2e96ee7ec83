"""What a crowd's trial measures, and what was promised of it."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from finetune.evaluation.bootstrap import Figure, share_figure
from tests.bench.measure import percentile

__all__ = ["Growth", "Latency", "RatedLesson", "Shares", "Taught", "promises_broken"]

_SEED = 1
_FEW = 0.4
_LOSS = 0.05
_MINUTES = 30.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Shares:
    """The share of jokes that fit the hidden taste, after so many votes.

    `told` are jokes as members get them: of the candidates that may be told, the one the taste
    model ranks first. `freely` are those of them that came without a topic: where one is asked
    for, jokes that mention it come first, whatever is liked. `raw` are drawn with the taste model
    left out, so the language model's own score chooses; what changes in it only a retrain can have
    done. `auc` says how well the taste model alone ranks raw jokes, of which it has heard no vote,
    by votes as the crowd would cast them, and `auc_rule` by the taste itself; None while it knows
    nothing.
    """

    votes: int
    told: Figure
    freely: Figure
    raw: Figure
    auc: Figure | None = None
    auc_rule: Figure | None = None

    @classmethod
    def of(
        cls, votes: int, *, told: Sequence[bool], freely: Sequence[bool], raw: Sequence[bool]
    ) -> "Shares":
        """From whether each joke fits; at least one of each kind."""
        return cls(
            votes=votes,
            told=share_figure(told, seed=_SEED),
            freely=share_figure(freely, seed=_SEED),
            raw=share_figure(raw, seed=_SEED),
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class Latency:
    """Seconds that members waited for one joke, asking now and then."""

    seconds: tuple[float, ...]

    def text(self) -> str:
        """Median and 95th percentile for a person."""
        if not self.seconds:
            return "nobody asked"
        p50, p95 = (percentile(self.seconds, percent) for percent in (50, 95))
        return f"p50 {p50:.2f} s, p95 {p95:.2f} s ({len(self.seconds)} jokes)"


@dataclass(frozen=True, kw_only=True, slots=True)
class Taught:
    """What became of a retrain: `ending` and `detail` are the run's own words.

    `loss` is that of held-out jokes in the champion and in the candidate; `auc` by votes held out
    of the candidate's lesson: how each of both ranks them, and how far what was learned agrees
    with them. None is what nobody measured. `minutes` go from the wish to the verdict.
    """

    ending: str
    detail: str
    version: str | None
    minutes: float
    stage_minutes: dict[str, float]
    loss: tuple[float, float] | None = None
    auc: tuple[float, float] | None = None
    agreement: Figure | None = None
    passed: bool = False
    reasons: tuple[str, ...] = ()
    clique_share: float = 0.0
    learned_votes: int = 0
    trial_votes: tuple[int, int] | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Growth:
    """A whole trial of one taste: the shares with more and more votes, then those after a retrain.

    `after` is None where no version came of it; `served` says whether the bot itself let it serve.
    """

    taste: str
    sabotaged: bool
    recipe: str
    with_taste_model: bool
    by_votes: Sequence[Shares]
    taught: Taught | None = None
    after: Shares | None = None
    served: bool = False
    latency: dict[str, Latency] = field(default_factory=dict)
    cast: dict[str, int] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        """Plain JSON."""
        return asdict(self)


@dataclass(frozen=True, kw_only=True, slots=True)
class RatedLesson:
    """AUC of held-out ratings by what each scorer makes of the jokes, with 95 % intervals.

    `before` and `after` go by the mean log-probability of a token in the version that learned and
    in what became of it, `learned` by how that has changed (the log-ratio). `taste` is the taste
    model of the bot on the same votes, and `logistic` a plain logistic regression on all features.
    `metrics` are those that the new version records of itself.
    """

    learned_from: dict[str, int]
    judged_by: dict[str, int]
    minutes: float
    before: Figure | None
    after: Figure | None
    learned: Figure | None
    taste: Figure | None
    logistic: Figure | None
    metrics: dict[str, Any]

    def to_json(self) -> dict[str, Any]:
        """Plain JSON."""
        return asdict(self)


def promises_broken(growth: Growth) -> tuple[str, ...]:
    """One sentence for each promise of a retrain that was not kept; none where none was wanted.

    A fitting share that began below 40 % at least doubles, otherwise misses shrink by half;
    held-out loss rises by 5 % at most; all of it takes less than 30 minutes. Saboteurs do not turn
    the result around: there the share rises.
    """
    taught, after = growth.taught, growth.after
    if taught is None:
        return ()
    if after is None or not growth.served:
        return (f"No new version serves ({taught.ending}): {taught.detail}",)
    before = growth.by_votes[0].told.value
    wanted = 2 * before if before < _FEW else 1 - (1 - before) / 2
    sentences = {
        f"{after.told.value:.1%} fit after {before:.1%}; {wanted:.1%} were promised.": (
            not growth.sabotaged and after.told.value < wanted
        ),
        f"{after.told.value:.1%} fit after {before:.1%}: saboteurs turned the taste around.": (
            growth.sabotaged and after.told.value <= before
        ),
        f"It took {taught.minutes:.0f} minutes.": taught.minutes > _MINUTES,
    }
    if taught.loss is None:
        sentences["Nobody measured the loss of held-out jokes."] = True
    else:
        change = taught.loss[1] / taught.loss[0] - 1
        sentences[f"The loss of held-out jokes rose by {change:.1%}."] = change > _LOSS
    return tuple(sentence for sentence, broken in sentences.items() if broken)
