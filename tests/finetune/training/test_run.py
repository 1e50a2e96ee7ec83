"""A run ends with the weights of its best evaluation, however its steps are cut."""

import resource
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file

from finetune.training.checkpoints import last_whole_checkpoint
from finetune.training.failures import TrainingError
from tests.finetune.training.material import (
    SmallRun,
    losses,
    small_recipe,
    write_base,
)

LORA = {"method": "lora", "lora": {"rank": 2, "alpha": 4}}


def trained(directory: Path, base: Path, corpus: Path, **changes: Any) -> SmallRun:
    return SmallRun(
        recipe=small_recipe(base, **changes), corpus=corpus, directory=directory / "small.run"
    )


@pytest.mark.parametrize("method", [{"method": "full"}, LORA], ids=["full", "lora"])
def test_four_sequences_at_once_or_one_by_one_give_the_same_losses(
    llama: Path, corpus: Path, tmp_path: Path, method: dict[str, Any]
) -> None:
    at_once = trained(tmp_path / "a", llama, corpus, sequences=4, accumulation=1, **method).run()
    singly = trained(tmp_path / "b", llama, corpus, sequences=1, accumulation=4, **method).run()
    assert losses(singly) == pytest.approx(losses(at_once), abs=1e-4)
    assert losses(at_once)[-1] < losses(at_once)[0] - (0.5 if method["method"] == "full" else 1e-3)


@pytest.mark.parametrize("method", [{"method": "full"}, LORA], ids=["full", "lora"])
def test_gradient_checkpointing_saves_memory_and_changes_no_loss(
    llama: Path, corpus: Path, tmp_path: Path, method: dict[str, Any]
) -> None:
    plain = trained(tmp_path / "a", llama, corpus, epochs=1, **method).run()
    saving = trained(tmp_path / "b", llama, corpus, epochs=1, gradient_checkpointing=True, **method)
    pupil = saving.learner()
    assert losses(saving.run(pupil=pupil)) == pytest.approx(losses(plain), abs=1e-5)
    assert any(getattr(part, "gradient_checkpointing", False) for part in pupil.model.modules())


def test_the_last_report_carries_the_losses_after_the_last_step(
    llama: Path, corpus: Path, tmp_path: Path
) -> None:
    run = trained(tmp_path, llama, corpus, log_steps=2, evaluations=1)
    outcome = run.run()
    assert [now.step for now in run.heard.steps] == list(range(1, outcome.step + 1))
    assert {now.of for now in run.heard.steps} == {outcome.step}
    last = run.heard.steps[-1]
    logged = {name: entry[name] for entry in outcome.history for name in entry}
    assert (last.loss, last.held_out_loss) == (logged["loss"], logged["eval_loss"])
    assert last.seconds_left == 0
    assert last.tokens_per_second > 0
    first = run.heard.steps[0]
    assert (first.loss, first.held_out_loss) == (None, None)


def test_jokes_are_drawn_after_every_epoch(llama: Path, corpus: Path, tmp_path: Path) -> None:
    run = trained(tmp_path, llama, corpus, samples=2, sampling={"max_tokens": 4})
    run.run()
    assert run.heard.epochs == [1, 2]


def test_sample_jokes_do_not_change_what_is_learned(
    gpt2: Path, corpus: Path, tmp_path: Path
) -> None:
    silent = trained(tmp_path / "a", gpt2, corpus).run()
    telling = trained(tmp_path / "b", gpt2, corpus, samples=3, sampling={"max_tokens": 4}).run()
    assert losses(telling) == losses(silent)


def test_a_run_whose_held_out_loss_rises_stops_and_keeps_its_best_weights(
    llama: Path, corpus: Path, tmp_path: Path
) -> None:
    ruinous = {"learning_rate": 0.5, "schedule": "constant_with_warmup", "clip": 1e6}
    run = trained(tmp_path, llama, corpus, epochs=9, evaluations=4, patience=3, **ruinous)
    run.recipe = run.recipe.model_copy(update={"warmup_steps": 4.0})
    pupil = run.learner()
    outcome = run.run(pupil=pupil)
    held_out = [entry["eval_loss"] for entry in outcome.history if "eval_loss" in entry]
    assert outcome.step < run.heard.steps[-1].of
    assert len(held_out) == held_out.index(min(held_out)) + 1 + 3
    assert outcome.best is not None
    pupil.model.load_state_dict(load_file(outcome.best / "model.safetensors"), strict=False)
    still = trained(tmp_path / "still", llama, corpus, epochs=1, learning_rate=1e-9)
    found = [entry["eval_loss"] for entry in still.run(pupil=pupil).history if "eval_loss" in entry]
    assert found == pytest.approx([min(held_out)], abs=1e-4)


@pytest.mark.parametrize("epochs", [2, 1.5])
def test_a_run_that_had_ended_has_nothing_left_to_train(
    llama: Path, corpus: Path, tmp_path: Path, epochs: float
) -> None:
    run = trained(tmp_path, llama, corpus, epochs=epochs)
    outcome = run.run()
    again = trained(tmp_path, llama, corpus, epochs=epochs)
    resumed = again.run(resume=True)
    assert again.heard.steps == []
    assert (resumed.step, resumed.best) == (outcome.step, outcome.best)
    assert losses(resumed) == losses(outcome)


def test_weights_that_are_no_numbers_end_with_a_sentence_before_anything_is_learned(
    corpus: Path, tmp_path: Path
) -> None:
    ruined = write_base(tmp_path / "ruined", ruined=True)
    run = trained(tmp_path, ruined, corpus, packing=False)
    with pytest.raises(TrainingError, match=r"The loss is no longer a number; lower learning_rate"):
        run.run()
    assert run.heard.steps == []


def test_a_loss_that_explodes_leaves_the_last_good_checkpoint(
    llama: Path, corpus: Path, tmp_path: Path
) -> None:
    good = trained(tmp_path, llama, corpus, epochs=1)
    good.run()
    before = last_whole_checkpoint(good.directory)
    assert before is not None
    going_on = trained(tmp_path, llama, corpus, epochs=4)
    pupil = going_on.learner()
    pupil.model.register_forward_hook(_infinite_from(going_on))
    with pytest.raises(TrainingError, match="no longer a number"):
        going_on.run(resume=False, pupil=pupil)
    after = last_whole_checkpoint(good.directory)
    assert after is not None
    assert all(
        torch.isfinite(each).all() for each in load_file(after / "model.safetensors").values()
    )


def _infinite_from(run: SmallRun) -> Any:
    """Makes the loss infinite once seven steps are done."""

    def hook(module: Any, arguments: Any, output: Any) -> Any:
        if len(run.heard.steps) >= 7:
            output.logits = output.logits * float("inf")
        return output

    return hook


@contextmanager
def files_of_at_most(size: int) -> Iterator[None]:
    """A disk that takes no larger files."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


@pytest.mark.parametrize("size", [200_000, 500_000], ids=["weights", "optimizer"])
def test_a_full_disk_ends_with_a_sentence_and_leaves_no_torn_checkpoint_to_go_on_from(
    llama: Path, corpus: Path, tmp_path: Path, size: int
) -> None:
    run = trained(tmp_path, llama, corpus, evaluations=1)
    with files_of_at_most(size), pytest.raises(TrainingError) as failure:
        run.run()
    assert str(failure.value) == (
        "The disk is full; make room and run the same command with --resume. "
        "No checkpoint was written yet."
    )
    assert last_whole_checkpoint(run.directory) is None


def test_jokes_that_a_model_would_mix_up_get_a_sequence_each(
    llama: Path, corpus: Path, tmp_path: Path
) -> None:
    packed = trained(tmp_path / "a", llama, corpus, epochs=1).run()
    run = trained(tmp_path / "b", llama, corpus, epochs=1)
    pupil = run.learner()
    pupil.model.register_forward_pre_hook(_forgets_positions, with_kwargs=True)
    apart = run.run(pupil=pupil)
    assert apart.step == 9  # 34 jokes, four a step
    assert packed.step < apart.step


def _forgets_positions(module: Any, arguments: Any, named: dict[str, Any]) -> Any:
    return arguments, {**named, "position_ids": None}
