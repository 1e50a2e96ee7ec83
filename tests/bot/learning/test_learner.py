"""From votes to a champion: one run at a time, carried on by whoever comes after."""

import asyncio
import json
from collections.abc import Callable
from pathlib import Path

import pytest

from bot.generation.live import Faults
from bot.learning.port import LearningRefused, Role, RunReport
from bot.settings import TrainingSettings, TrialSettings
from bot.store.version_port import Contribution, Ending, Stage
from finetune.artifacts import MANIFEST
from tests.bot.learning.conftest import Loop, make_loop
from tests.twins.workshop import ScriptedWorkshop, verdict


async def reach_trial(loop: Loop) -> str:
    """Retrain until there is a challenger, and return its name."""
    run = await loop.learner.retrain()
    async for report in loop.learner.watch(run):
        if report.trial is not None:
            return report.trial.challenger
    raise AssertionError("the run ended without a trial")


async def until_reported(loop: Loop, hoped: Callable[[RunReport], bool]) -> RunReport:
    """The first report that is as hoped, of a run that somebody else began perhaps."""
    while (report := await loop.learner.report()) is None or not hoped(report):  # noqa: ASYNC110
        await asyncio.sleep(0.01)
    return report


async def vote_in_trial(loop: Loop, version: str, *, up: int, down: int) -> None:
    joke_id = await loop.tell(f"Of {version}.", version=version)
    for number in range(up + down):
        await loop.store.vote(joke_id, f"member {number}", 1 if number < up else -1)


# All goes well


async def test_votes_become_a_champion_that_members_like_better(loop: Loop) -> None:
    await reach_trial(loop)
    await vote_in_trial(loop, "starter", up=0, down=12)
    await vote_in_trial(loop, "punchline-1", up=12, down=0)
    report = await loop.ended(1)
    assert report.run.ending is Ending.PROMOTED
    roles = await loop.stand.roles()
    assert (roles.champion, roles.previous, roles.challenger) == ("punchline-1", "starter", None)
    assert report.verdict is not None
    assert report.learned_votes > 0


async def test_it_learns_from_the_frozen_votes_and_not_from_those_held_out(loop: Loop) -> None:
    await reach_trial(loop)
    (learned,) = loop.workshop.votes
    lines = [json.loads(line) for line in learned]
    assert {line["label"] for line in lines} == {True, False}
    run = await loop.store.model_versions.last()
    assert run is not None
    assert run.snapshot is not None
    held_out = loop.places.held_out(run.snapshot).read_text(encoding="utf-8").splitlines()
    assert len(lines) + len(held_out) == 20
    assert not {line["joke_id"] for line in lines} & {
        json.loads(line)["joke_id"] for line in held_out
    }


async def test_the_trainers_progress_can_be_watched(loop: Loop) -> None:
    loop.workshop.may_teach.clear()
    run = await loop.learner.retrain()
    await loop.workshop.teaching.wait()
    async for report in loop.learner.watch(run):
        if report.step:
            break
    assert (report.run.stage, report.doing) == (Stage.TRAINING, "training")
    assert (report.step, report.of, report.loss, report.seconds_left) == (1, 4, 2.5, 9.0)


async def test_members_learn_that_their_votes_helped_once_the_version_has_won(loop: Loop) -> None:
    version = await reach_trial(loop)
    assert await loop.learner.helped("discord", "ann") is None
    await loop.learner.decide(version, promote=True)
    await loop.ended(1)
    helped = await loop.learner.helped("discord", "ann")
    assert helped is not None
    assert helped.version == version
    assert await loop.learner.helped("discord", "nobody") is None
    assert isinstance(helped, Contribution)


async def test_what_training_left_is_put_away_at_the_end(loop: Loop) -> None:
    version = await reach_trial(loop)
    leftovers = loop.places.version(version).with_name(f"{version}.run")
    assert leftovers.is_dir()
    await loop.learner.decide(version, promote=False)
    await loop.ended(1)
    assert not leftovers.exists()
    assert loop.places.version(version).is_dir()


# The gate and the trial


async def test_a_version_that_fails_at_the_gate_is_kept_and_explained(loop: Loop) -> None:
    loop.workshop.says = verdict(passed=False, reasons=["It forgot its jokes."])
    report = await loop.ended(await loop.learner.retrain())
    assert report.run.ending is Ending.REJECTED
    assert report.run.detail == "It forgot its jokes."
    assert (await loop.stand.roles()).challenger is None
    lines = {line.version: line for line in await loop.learner.models()}
    assert lines["punchline-1"].role is Role.REJECTED
    assert loop.places.version("punchline-1").is_dir()


async def test_a_version_that_members_like_less_is_retired(loop: Loop) -> None:
    await reach_trial(loop)
    await vote_in_trial(loop, "starter", up=30, down=0)
    await vote_in_trial(loop, "punchline-1", up=0, down=30)
    assert (await loop.ended(1)).run.ending is Ending.RETIRED
    assert (await loop.stand.roles()).champion == "starter"


async def test_a_version_that_answers_nothing_is_retired(loop: Loop) -> None:
    loop.stand.wrong["punchline-1"] = Faults(answered=10, empty=90)
    report = await loop.ended(await loop.learner.retrain())
    assert report.run.ending is Ending.RETIRED
    assert (await loop.stand.roles()).challenger is None


async def test_an_admin_is_asked_where_votes_alone_may_not_decide(tmp_path: Path) -> None:
    asking = TrialSettings(minimum_votes=3, auto_promote=False)
    loop = await make_loop(tmp_path, trial=asking)
    await loop.enough_votes()
    loop.workshop.may_teach.set()
    loop.workshop.may_judge.set()
    try:
        version = await reach_trial(loop)
        await vote_in_trial(loop, "starter", up=0, down=12)
        await vote_in_trial(loop, version, up=12, down=0)
        async for report in loop.learner.watch(1):
            if report.trial is not None and report.trial.waits_for_admin:
                break
        assert (await loop.stand.roles()).champion == "starter"
        await loop.learner.decide(version, promote=True)
        assert (await loop.ended(1)).run.ending is Ending.PROMOTED
    finally:
        await loop.learner.close()
        await loop.store.close()


async def test_only_the_challenger_can_be_decided_on(loop: Loop) -> None:
    with pytest.raises(LearningRefused, match="punchline-9 is not on trial"):
        await loop.learner.decide("punchline-9", promote=True)


# One at a time


async def test_a_second_run_is_refused_while_one_goes_on(loop: Loop) -> None:
    loop.workshop.may_teach.clear()
    first, second = await asyncio.gather(
        loop.learner.retrain(), loop.learner.retrain(), return_exceptions=True
    )
    refusals = [each for each in (first, second) if isinstance(each, LearningRefused)]
    assert [str(refusal) for refusal in refusals] == [
        "I am learning already; /retrain cancel ends it."
    ]


async def test_another_process_cannot_learn_at_the_same_time(loop: Loop, tmp_path: Path) -> None:
    loop.workshop.may_teach.clear()
    await loop.learner.retrain()
    other = await make_loop(tmp_path)
    try:
        with pytest.raises(LearningRefused, match="learning already"):
            await other.learner.retrain()
        with pytest.raises(LearningRefused, match="has to be ended there"):
            await other.learner.cancel()
    finally:
        await other.store.close()


async def test_too_few_votes_are_refused_with_how_many_are_missing(tmp_path: Path) -> None:
    loop = await make_loop(tmp_path)
    try:
        joke_id = await loop.tell("A joke.")
        await loop.store.vote(joke_id, "ann", 1)
        with pytest.raises(LearningRefused) as caught:
            await loop.learner.retrain()
        assert caught.value.values == {"votes": 1, "missing": 7, "up": 0, "down": 1}
        assert await loop.store.model_versions.last() is None
    finally:
        await loop.store.close()


async def test_a_base_that_was_never_taught_cannot_learn(loop: Loop, tmp_path: Path) -> None:
    (tmp_path / "champion" / MANIFEST).unlink()
    with pytest.raises(LearningRefused, match="never taught"):
        await loop.learner.retrain()


# Stopped on the way


async def test_an_admin_can_end_the_training(loop: Loop) -> None:
    loop.workshop.may_teach.clear()
    run = await loop.learner.retrain()
    await loop.workshop.teaching.wait()
    await loop.learner.cancel()
    assert loop.workshop.stopped == 1
    assert (await loop.ended(run)).run.ending is Ending.CANCELLED
    assert not loop.places.version("punchline-1").with_name("punchline-1.run").exists()
    loop.workshop.may_teach.set()
    assert await loop.learner.retrain() == run + 1


async def test_an_admin_can_end_the_trial(loop: Loop) -> None:
    await reach_trial(loop)
    await loop.learner.cancel()
    assert (await loop.stand.roles()).challenger is None
    assert (await loop.ended(1)).run.ending is Ending.CANCELLED


async def test_there_is_nothing_to_end_when_nothing_goes_on(loop: Loop) -> None:
    with pytest.raises(LearningRefused, match="not learning anything"):
        await loop.learner.cancel()


async def test_a_trainer_that_fails_ends_the_run_with_its_own_words(loop: Loop) -> None:
    loop.workshop.failing = "There is no space left on the device."
    report = await loop.ended(await loop.learner.retrain())
    assert report.run.ending is Ending.FAILED
    assert report.run.detail == "There is no space left on the device."
    assert {line.version: line.role for line in await loop.learner.models()} == {
        "starter": Role.CHAMPION,
        "punchline-1": Role.PRUNED,
    }


@pytest.mark.parametrize("stage", [Stage.TRAINING, Stage.GATE, Stage.TRIAL])
async def test_the_next_process_carries_on_where_the_last_one_was(
    tmp_path: Path, stage: Stage
) -> None:
    first = await make_loop(tmp_path)
    await first.enough_votes()
    run = await first.learner.retrain()
    await first.workshop.teaching.wait()
    if stage is not Stage.TRAINING:
        first.workshop.may_teach.set()
        await first.workshop.judging.wait()
    if stage is Stage.TRIAL:
        first.workshop.may_judge.set()
        await until_reported(first, lambda report: report.trial is not None)
    await first.learner.close()
    await first.store.close()

    workshop = ScriptedWorkshop(directory=tmp_path)
    workshop.may_teach.set()
    workshop.may_judge.set()
    second = await make_loop(tmp_path, workshop=workshop)
    second.learner.start()
    try:
        report = await until_reported(second, lambda report: report.trial is not None)
        assert report.run.id == run
        assert report.verdict is not None
        assert workshop.lessons == ([("punchline-1", True)] if stage is Stage.TRAINING else [])
        await second.learner.decide("punchline-1", promote=True)
        assert (await second.ended(run)).run.ending is Ending.PROMOTED
    finally:
        await second.learner.close()
        await second.store.close()


# Versions


async def test_models_lists_the_champion_first_with_roles_and_rates(loop: Loop) -> None:
    version = await reach_trial(loop)
    await vote_in_trial(loop, version, up=2, down=1)
    champion, challenger = await loop.learner.models()
    assert (champion.version, champion.role, champion.jokes) == ("starter", Role.CHAMPION, 10)
    assert (challenger.version, challenger.role) == (version, Role.CHALLENGER)
    assert challenger.parent == "starter"
    assert challenger.learned_votes == len(loop.workshop.votes[0])
    assert (challenger.up, challenger.down) == (2, 1)
    assert 0 < challenger.low < 2 / 3 < challenger.high < 1


async def test_a_roll_back_during_a_trial_ends_the_trial(loop: Loop) -> None:
    version = await reach_trial(loop)
    await loop.learner.decide(version, promote=True)
    await loop.ended(1)
    await reach_trial(loop)
    assert await loop.learner.roll_back(None) == "starter"
    assert (await loop.ended(2)).run.ending is Ending.RETIRED


async def test_it_learns_by_itself_when_it_is_time(tmp_path: Path) -> None:
    loop = await make_loop(tmp_path, training=TrainingSettings(every_hours=24.0))
    await loop.enough_votes()
    loop.workshop.says = verdict(passed=False, reasons=["No."])
    loop.workshop.may_teach.set()
    loop.workshop.may_judge.set()
    loop.learner.start()
    try:
        await until_reported(loop, lambda report: report.ended)
        await asyncio.sleep(0.1)
        last = await loop.store.model_versions.last()
        assert last is not None
        assert last.id == 1
    finally:
        await loop.learner.close()
        await loop.store.close()
