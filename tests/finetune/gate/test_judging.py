"""A candidate is measured beside the champion, and passes if it is not surely worse."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from finetune.artifacts import BrokenVersionError
from finetune.gate.verdict import GateFigure, Verdict
from finetune.retraining.votes import Vote, VotesError
from tests.finetune.gate.material import VOTES, blurred, gate, remade
from tests.tiny import write_tiny_adapter


def judged(candidate: Path, champion: Path, **changes: Any) -> Verdict:
    return gate(**changes).judge(candidate, champion=str(champion))


def figure(verdict: Verdict, name: str) -> GateFigure:
    (found,) = [each for each in verdict.figures if each.name == name]
    return found


def failed(verdict: Verdict) -> list[str]:
    return [each.name for each in verdict.figures if not each.passed]


@pytest.fixture(scope="module")
def adapter(tiny_version: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A version that tells what the tiny one tells, and knows of no training joke."""
    return write_tiny_adapter(tmp_path_factory.mktemp("gate") / "adapter", base=tiny_version)


@pytest.fixture(scope="module")
def forgetful(tiny_version: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The tiny version with some of its jokes forgotten."""
    return blurred(tiny_version, tmp_path_factory.mktemp("gate") / "forgetful", by=0.25)


@pytest.fixture(scope="module")
def equal(adapter: Path) -> Verdict:
    return judged(adapter, adapter)


@pytest.fixture(scope="module")
def worse(forgetful: Path, tiny_version: Path) -> Verdict:
    return judged(forgetful, tiny_version)


@pytest.fixture(scope="module")
def better(forgetful: Path, tiny_version: Path) -> Verdict:
    return judged(tiny_version, forgetful)


def test_an_equal_version_passes_with_equal_figures(equal: Verdict) -> None:
    assert equal.passed
    assert equal.reasons == []
    assert (equal.candidate, equal.champion) == ("tiny-adapter", "tiny-adapter")
    for each in equal.figures:
        if each.champion is not None:
            assert each.candidate == each.champion
    agreement = figure(equal, "agreement")
    assert agreement.candidate == 0.5
    assert (agreement.low or 0) < 0.5 < (agreement.high or 0)


def test_pairs_are_jokes_on_the_same_topics(equal: Verdict) -> None:
    assert len(equal.pairs) >= 3
    assert len({pair.topic for pair in equal.pairs}) == len(equal.pairs)
    assert all(pair.champion == pair.candidate for pair in equal.pairs)


def test_a_version_that_forgot_its_jokes_fails_and_says_by_how_much(worse: Verdict) -> None:
    assert not worse.passed
    assert "loss" in failed(worse)
    loss = figure(worse, "loss")
    (reason,) = [each for each in worse.reasons if each.startswith("Loss of held-out jokes")]
    assert f"{loss.candidate:.3f} after {loss.champion:.3f}" in reason
    assert f"at most {loss.limit:.3f} is asked for" in reason


def test_what_a_worse_version_lost_disagrees_with_the_votes(worse: Verdict) -> None:
    assert "agreement" in failed(worse)
    assert (figure(worse, "agreement").high or 1) < 0.5


def test_a_better_version_passes_and_agrees_with_the_votes(better: Verdict) -> None:
    assert better.passed, better.reasons
    assert better.votes_judged == len(VOTES)
    loss, agreement = figure(better, "loss"), figure(better, "agreement")
    assert (loss.high or 9) < (loss.champion or 0)
    assert (agreement.low or 0) > 0.5
    ranking = figure(better, "auc")
    assert (ranking.candidate or 0) >= (ranking.champion or 1)
    assert ranking.limit is None


def test_the_same_seed_gives_the_same_verdict(
    better: Verdict, forgetful: Path, tiny_version: Path
) -> None:
    again = judged(tiny_version, forgetful)
    assert replace(again, seconds=0) == replace(better, seconds=0)


def test_no_votes_do_not_block(adapter: Path) -> None:
    verdict = judged(adapter, adapter, votes=(), jokes=2, topics=1)
    assert verdict.passed
    assert verdict.votes_judged == 0
    assert "not measured" in figure(verdict, "agreement").explanation


def test_a_prompt_that_no_template_makes_is_nobodys_verdict(adapter: Path) -> None:
    foreign = [Vote(prompt="Tell me a joke.", completion=" No.", label=True)]
    with pytest.raises(VotesError, match="prompt that is none"):
        judged(adapter, adapter, votes=foreign)


def test_a_candidate_that_cannot_be_loaded_fails_without_being_measured(
    tiny_version: Path, tmp_path: Path
) -> None:
    candidate = remade(tiny_version, tmp_path / "mine", lambda files: None)
    (candidate / "model.safetensors").write_bytes(b"nothing")
    verdict = judged(candidate, tiny_version)
    assert not verdict.passed
    assert (verdict.candidate, verdict.champion) == ("mine", "tiny")
    assert verdict.figures == ()
    assert verdict.reasons == ("model.safetensors is damaged: its sha256 is not the recorded one.",)


def test_a_candidate_that_is_not_there_fails(tiny_version: Path, tmp_path: Path) -> None:
    verdict = judged(tmp_path / "gone", tiny_version)
    assert verdict.reasons == ("gone has no punchline.json.",)


def test_a_damaged_champion_is_nobodys_verdict(tiny_version: Path, tmp_path: Path) -> None:
    champion = remade(tiny_version, tmp_path / "old", lambda files: None)
    (champion / "tokenizer.json").unlink()
    with pytest.raises(BrokenVersionError, match=r"tokenizer\.json is missing"):
        judged(tiny_version, champion)
