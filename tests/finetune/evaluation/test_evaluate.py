"""A version is measured from its weights to its jokes; real jokes by the same measures."""

from pathlib import Path

import pytest
import torch

from finetune.corpus.jokes import CorpusJoke
from finetune.evaluation.evaluate import REAL_JOKES, evaluate, evaluate_real
from finetune.evaluation.metrics import LOSS_CHANGE, METRICS
from finetune.evaluation.result import Evaluation, against
from finetune.models import LoadedModel, load_model
from finetune.novelty import NoveltyIndex
from finetune.template import Template, TemplateKind
from tests.clean_jokes import CLEAN_JOKES
from tests.tiny import TOPICS, tiny_jokes, tiny_model, tiny_tokenizer
from tests.twins.moderator import small_moderator

HELD_OUT = [CorpusJoke(text=text) for text in CLEAN_JOKES]
TAUGHT = tiny_jokes()
_NOT_OF_REAL_JOKES = {
    "loss_per_character",
    "loss_per_word",
    "complete",
    "filtered",
    "offensive_after_filter",
    "topic_raw",
    "topic_told",
}


def measured(loaded: LoadedModel, held_out: list[CorpusJoke] = HELD_OUT) -> Evaluation:
    return evaluate(
        loaded,
        held_out=held_out,
        moderator=small_moderator(),
        training=NoveltyIndex.build(TAUGHT),
        training_jokes=TAUGHT,
        jokes=16,
        topics=TOPICS[:2],
    )


@pytest.fixture(scope="module")
def taught(tiny_version: Path) -> LoadedModel:
    return load_model(tiny_version, name="tiny", device=torch.device("cpu"), dtype=torch.float32)


@pytest.fixture(scope="module")
def base() -> LoadedModel:
    return LoadedModel(
        version="base",
        model=tiny_model(),
        tokenizer=tiny_tokenizer(),
        template=Template(kind=TemplateKind.PLAIN_EXAMPLES),
    )


@pytest.fixture(scope="module")
def evaluation(taught: LoadedModel) -> Evaluation:
    return measured(taught)


def test_a_version_has_every_figure_in_the_order_of_the_table(evaluation: Evaluation) -> None:
    expected = [metric.name for metric in METRICS if metric.name != LOSS_CHANGE]
    judged = [name for name in expected if name not in evaluation.missing]
    # Of jokes that were all copied none is told, so none of those told can be judged.
    assert [name for name in judged if name in evaluation.figures] == list(evaluation.figures)
    assert set(judged) - set(evaluation.figures) <= {"offensive_after_filter"}
    assert evaluation.name == "tiny"
    assert len(evaluation.texts) == 16
    assert len(evaluation.nats) == len(HELD_OUT)


def test_a_model_that_knows_its_jokes_by_heart_is_found_out(evaluation: Evaluation) -> None:
    assert evaluation.figures["copied"].value > 0.5
    assert evaluation.figures["filtered"].value >= evaluation.figures["copied"].value
    assert evaluation.figures["complete"].value > 0.9


def test_teaching_shows_in_the_loss_of_what_was_taught(
    taught: LoadedModel, base: LoadedModel
) -> None:
    known = [CorpusJoke(text=text) for text in TAUGHT]
    after, before = measured(taught, known), measured(base, known)
    change = against(after, before, seed=0).figures[LOSS_CHANGE]
    assert change.high < -0.5


def test_the_same_seed_finds_the_same(taught: LoadedModel, evaluation: Evaluation) -> None:
    assert measured(taught) == evaluation


def test_the_loss_can_be_taken_over_fewer_jokes(taught: LoadedModel) -> None:
    few = evaluate(
        taught,
        held_out=HELD_OUT,
        moderator=small_moderator(),
        jokes=2,
        topics=TOPICS[:1],
        loss_jokes=3,
    )
    assert len(few.nats) == 3
    assert set(few.missing) >= {"copied", "near_duplicates"}


def test_progress_names_the_version_and_what_is_being_done(taught: LoadedModel) -> None:
    seen: list[tuple[str, int, int]] = []
    evaluate(
        taught,
        held_out=HELD_OUT,
        moderator=small_moderator(),
        jokes=2,
        topics=TOPICS[:1],
        progress=lambda stage, step, of: seen.append((stage, step, of)),
    )
    assert list(dict.fromkeys(stage for stage, _, _ in seen)) == [
        "tiny: held-out loss",
        "tiny: jokes",
        "tiny: jokes about topics",
        "tiny: judging",
    ]
    assert ("tiny: jokes", 2, 2) in seen


def test_real_jokes_have_the_same_figures_except_those_only_a_model_has() -> None:
    real = evaluate_real(
        HELD_OUT,
        moderator=small_moderator(),
        training=NoveltyIndex.build(TAUGHT),
        training_jokes=TAUGHT,
    )
    expected = {metric.name for metric in METRICS} - _NOT_OF_REAL_JOKES - {LOSS_CHANGE}
    assert set(real.figures) | set(real.missing) == expected
    assert real.name == REAL_JOKES
    assert sorted(real.texts) == sorted(CLEAN_JOKES)
    assert real.figures["copied"].value == 0
