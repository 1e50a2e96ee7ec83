"""Each figure has a limit, and fails only when chance does not explain that it is beyond it."""

from typing import Any

import numpy as np
import pytest

from finetune.evaluation.bootstrap import Figure, share_figure
from finetune.evaluation.result import Evaluation
from finetune.gate.figures import Ranking, compared
from finetune.gate.limits import Limits
from finetune.gate.verdict import GateFigure

CHANCE = Ranking(
    champion=Figure(0.5, 0.4, 0.6), candidate=Figure(0.5, 0.4, 0.6), agreement=Figure(0.5, 0.4, 0.6)
)
VALUES = {
    "loss_per_character": 0.9,
    "complete": 0.9,
    "looping": 0.05,
    "distinct_2": 0.7,
    "copied": 0.05,
    "near_duplicates": 0.05,
    "offensive_family": 0.1,
    "offensive_after_filter": 0.01,
    "topic_told": 0.9,
}
LOWER_IS_WORSE = ("complete", "distinct_2", "topic_told")


def exactly(value: float) -> Figure:
    return Figure(value, value - 1e-6, value + 1e-6)


def evaluation(*, nats: float = 10.0, **changes: Figure) -> Evaluation:
    """A version whose figures are known exactly, where nothing else is said."""
    figures = {name: exactly(value) for name, value in VALUES.items()}
    return Evaluation(name="mine", figures={**figures, **changes}, nats=[nats, 2 * nats])


def judged(
    candidate: Evaluation,
    *,
    champion: Evaluation | None = None,
    ranking: Ranking = CHANCE,
    **limits: Any,
) -> dict[str, GateFigure]:
    found = compared(champion or evaluation(), candidate, ranking, limits=Limits(**limits), seed=0)
    return {figure.name: figure for figure in found}


def failed(figures: dict[str, GateFigure]) -> list[str]:
    return [name for name, figure in figures.items() if not figure.passed]


def test_every_limit_has_a_figure() -> None:
    assert set(judged(evaluation())) == {*Limits.model_fields, "auc"}


def test_an_equal_version_passes_even_where_nothing_is_allowed() -> None:
    nothing = dict.fromkeys(set(Limits.model_fields) - {"agreement"}, 0.0)
    assert failed(judged(evaluation(), **nothing)) == []


@pytest.mark.parametrize("name", sorted(set(VALUES) - {"loss_per_character"}))
def test_a_figure_fails_just_beyond_its_limit_and_not_just_before(name: str) -> None:
    sign = -1 if name in LOWER_IS_WORSE else 1
    allowed = Limits().of(name) * (VALUES[name] if name == "distinct_2" else 1)
    for share, failing in ((0.98, []), (1.02, [name])):
        candidate = evaluation(**{name: exactly(VALUES[name] + sign * share * allowed)})
        assert failed(judged(candidate)) == failing


def test_the_loss_may_rise_by_a_share_of_the_champions() -> None:
    assert failed(judged(evaluation(nats=10.49))) == []
    assert failed(judged(evaluation(nats=10.51))) == ["loss"]
    assert failed(judged(evaluation(nats=10.51), loss=0.06)) == []


def test_a_failing_figure_says_what_was_what_is_and_what_is_asked_for() -> None:
    figure = judged(evaluation(complete=Figure(0.7, 0.64, 0.76)))["complete"]
    assert (figure.champion, figure.candidate) == (0.9, 0.7)
    assert figure.limit == pytest.approx(0.88)
    assert figure.explanation == (
        "Complete: 70.0 % after 90.0 %, at least 88.0 % is asked for "
        "(95 % interval 64.0 % to 76.0 %)."
    )


def test_better_is_never_a_reason_to_fail() -> None:
    better = {
        name: exactly(0.99 if name in LOWER_IS_WORSE else 0.0)
        for name in set(VALUES) - {"loss_per_character"}
    }
    assert failed(judged(evaluation(nats=1.0, **better))) == []


@pytest.mark.parametrize(
    ("agreement", "failing"),
    [
        (Figure(0.4, 0.3, 0.51), []),
        (Figure(0.4, 0.3, 0.49), ["agreement"]),
        (Figure(0.7, 0.6, 0.8), []),
        (None, []),
    ],
)
def test_votes_block_only_when_chance_does_not_explain_them(
    agreement: Figure | None, failing: list[str]
) -> None:
    ranking = Ranking(champion=agreement, candidate=agreement, agreement=agreement)
    assert failed(judged(evaluation(), ranking=ranking)) == failing


def test_what_could_not_be_measured_says_why_and_does_not_block() -> None:
    partly = evaluation()
    figures = {name: each for name, each in partly.figures.items() if name != "copied"}
    unknown = Evaluation(
        name="mine", figures=figures, nats=partly.nats, missing={"copied": "nobody knows"}
    )
    found = judged(unknown)["copied"]
    assert found.passed
    assert found.candidate is None
    assert found.explanation == "Copied from training: not measured (nobody knows)."


def test_what_is_no_number_does_not_pass() -> None:
    assert "loss" in failed(judged(evaluation(nats=float("nan"))))
    assert failed(judged(evaluation(complete=exactly(float("nan"))))) == ["complete"]


def test_equal_versions_seldom_fail_by_chance_and_far_worse_ones_always_do() -> None:
    random = np.random.default_rng(0)

    def drawn(rate: float) -> Evaluation:
        flags = random.random(200) < rate
        return evaluation(complete=share_figure(flags.tolist(), seed=1))

    equal = [judged(drawn(0.9), champion=drawn(0.9)) for _ in range(40)]
    worse = [judged(drawn(0.7), champion=drawn(0.9)) for _ in range(20)]
    assert sum("complete" in failed(each) for each in equal) <= 1
    assert all("complete" in failed(each) for each in worse)
