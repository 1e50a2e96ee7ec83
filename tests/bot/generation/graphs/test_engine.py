"""The engine for GPUs tells the jokes the general one tells, whatever it sends ahead."""

import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from bot.generation.engine import TorchEngine
from bot.generation.families import UnknownFamilyError
from bot.generation.graphs.engine import GraphEngine
from bot.generation.graphs.recording import Recorder
from bot.generation.jobs import Engine, EngineJob, Generated
from finetune.models import LoadedModel, load_model
from tests.bot.generation.test_engine import assert_same, finish, job, thirty_two_jobs
from tests.tiny import TOPICS, tiny_model
from tests.twins.recorder import ReplayingRecorder

USUAL: dict[str, Any] = {"temperature": 1.0, "top_k": 0, "top_p": 0.95, "seed": 1}


@pytest.fixture(scope="module", params=["llama", "gpt2"])
def loaded(request: pytest.FixtureRequest) -> LoadedModel:
    """The tiny version of each family, in float32."""
    fixture = {"llama": "tiny_version", "gpt2": "tiny_gpt2_version"}[request.param]
    directory: Path = request.getfixturevalue(fixture)
    return load_model(directory, name="tiny", device=torch.device("cpu"), dtype=torch.float32)


def graph_engine(loaded: LoadedModel, **keywords: Any) -> GraphEngine:
    usual = {"end_ids": loaded.template.end_ids(loaded.tokenizer), "slots": 7}
    return GraphEngine(model=loaded.model, **{**usual, **keywords})


def told_by(engine: Engine, jobs: list[EngineJob]) -> dict[str, list[Generated]]:
    for each in jobs:
        engine.submit(each)
    return dict(finish(engine))  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def expected(loaded: LoadedModel) -> dict[str, list[Generated]]:
    """What the general engine makes of the 32 jobs."""
    ends = loaded.template.end_ids(loaded.tokenizer)
    engine = TorchEngine(model=loaded.model, end_ids=ends, slots=32)
    return told_by(engine, thirty_two_jobs(loaded))


def assert_all_same(got: dict[str, list[Generated]], expected: dict[str, list[Generated]]) -> None:
    assert got.keys() == expected.keys()
    for name, generated in got.items():
        assert_same(generated, expected[name])


def recorded_engine(loaded: LoadedModel, **keywords: Any) -> tuple[GraphEngine, ReplayingRecorder]:
    """An engine that has recorded all its steps before the first job comes."""
    recorder = ReplayingRecorder()
    engine = graph_engine(loaded, recorder=recorder, slots=4, **keywords)
    while engine.busy:
        assert engine.step() == []
    return engine, recorder


def test_it_tells_what_the_general_engine_tells(
    loaded: LoadedModel, expected: dict[str, list[Generated]]
) -> None:
    for slots in (32, 7):
        engine = graph_engine(loaded, slots=slots)
        assert_all_same(told_by(engine, thirty_two_jobs(loaded)), expected)


def test_recorded_steps_tell_the_same(
    loaded: LoadedModel, expected: dict[str, list[Generated]]
) -> None:
    engine, recorder = recorded_engine(loaded, longest=127)
    before = recorder.recorded

    got = told_by(engine, thirty_two_jobs(loaded))

    assert_all_same(got, expected)
    assert recorder.recorded == before
    assert recorder.repeated > 100


def test_recording_in_the_middle_of_jokes_disturbs_none(
    loaded: LoadedModel, expected: dict[str, list[Generated]]
) -> None:
    recorder = ReplayingRecorder()
    engine = graph_engine(loaded, recorder=recorder, slots=4, longest=127)

    got = told_by(engine, thirty_two_jobs(loaded))

    assert_all_same(got, expected)
    assert recorder.recorded > 0
    assert recorder.repeated > 0


def test_a_joke_alone_is_the_joke_in_company(
    loaded: LoadedModel, expected: dict[str, list[Generated]]
) -> None:
    engine = graph_engine(loaded)
    for each in thirty_two_jobs(loaded)[:12]:
        [generated] = told_by(engine, [each]).values()
        assert_same(generated, expected[each.id])


def test_jobs_may_join_and_leave_at_any_step(
    loaded: LoadedModel, expected: dict[str, list[Generated]]
) -> None:
    engine, _ = recorded_engine(loaded, longest=127)
    got: dict[str, list[Generated]] = {}
    for number, each in enumerate(reversed(thirty_two_jobs(loaded))):
        engine.submit(each)
        for _ in range(number % 5):
            got.update(engine.step())
    got.update(finish(engine))  # type: ignore[arg-type]

    assert_all_same(got, expected)


def test_a_cancelled_job_is_never_reported_whatever_was_sent_for_it(
    loaded: LoadedModel, expected: dict[str, list[Generated]]
) -> None:
    jobs = thirty_two_jobs(loaded)
    for steps in range(5):
        engine = graph_engine(loaded, slots=4)
        for each in jobs[:6]:
            engine.submit(each)
        got: dict[str, list[Generated]] = {}
        for _ in range(steps):
            got.update(engine.step())
        dropped = {"0", "2", "5"} - got.keys()
        for name in (*dropped, "unknown"):
            engine.cancel(name)
        got.update(finish(engine))  # type: ignore[arg-type]

        assert_all_same(got, {str(n): expected[str(n)] for n in range(6) if str(n) not in dropped})
        assert engine.free == 4


def test_cancelling_everything_leaves_an_engine_that_goes_on(
    loaded: LoadedModel, expected: dict[str, list[Generated]]
) -> None:
    engine = graph_engine(loaded, slots=2)
    jobs = thirty_two_jobs(loaded)
    for each in jobs[:3]:
        engine.submit(each)
    engine.step()
    engine.step()
    for each in jobs[:3]:
        engine.cancel(each.id)

    assert engine.free == 2
    assert list(finish(engine)) == []  # type: ignore[arg-type]
    assert_all_same(told_by(engine, [jobs[5]]), {"5": expected["5"]})


def test_candidates_come_in_their_order_and_need_no_company(loaded: LoadedModel) -> None:
    engine = graph_engine(loaded, slots=12)
    few, many = (
        told_by(engine, [job(loaded, "one", count=count, temperature=1.5)])["one"]
        for count in (4, 12)
    )

    assert_same(many[:4], few)
    assert len({each.tokens for each in many}) > 1


@pytest.mark.parametrize(
    "settings",
    [
        {"temperature": 3.0, "top_p": 0.02},
        {"temperature": 5.0, "top_k": 2},
        {"temperature": 0.0},
        {"temperature": 1.0, "top_p": 1.0},
    ],
    ids=str,
)
@pytest.mark.parametrize("recorder", [None, ReplayingRecorder], ids=["plain", "recorded"])
def test_a_row_that_misses_its_nucleus_is_drawn_one_step_later(
    loaded: LoadedModel, settings: dict[str, Any], recorder: Callable[[], Recorder] | None
) -> None:
    jobs = [
        job(loaded, str(number), topic=TOPICS[number], seed=number, **settings)
        for number in range(3)
    ]
    ends = loaded.template.end_ids(loaded.tokenizer)
    general = TorchEngine(model=loaded.model, end_ids=ends, slots=4)
    engine = graph_engine(loaded, slots=4, longest=63, recorder=recorder and recorder())

    got, plain = told_by(engine, jobs), told_by(general, jobs)

    assert_all_same(got, plain)
    assert_same_features(got, plain)


def assert_same_features(
    one: dict[str, list[Generated]], other: dict[str, list[Generated]]
) -> None:
    for name, generated in one.items():
        for left, right in zip(generated, other[name], strict=True):
            if left.features is None or right.features is None:
                assert left.features is right.features
                continue
            vectors = [np.frombuffer(each.features or b"", dtype="<f2") for each in (left, right)]
            np.testing.assert_allclose(*vectors, atol=0.01, rtol=0.01)


def test_features_are_those_of_the_general_engine(
    loaded: LoadedModel, expected: dict[str, list[Generated]]
) -> None:
    engine, _ = recorded_engine(loaded, longest=127)

    assert_same_features(told_by(engine, thirty_two_jobs(loaded)), expected)


def test_reading_a_joke_again_gives_the_features_of_telling_it(loaded: LoadedModel) -> None:
    engine = graph_engine(loaded)
    each = job(loaded, "one", topic="cat")
    [generated] = told_by(engine, [each])["one"]

    told = [*generated.tokens][: len(generated.tokens) - (not generated.complete)]
    [again] = engine.read([(each.prompt, told)])

    again_generated = Generated(tokens=generated.tokens, logprob=0.0, complete=True, features=again)
    assert_same_features({"one": [again_generated]}, {"one": [generated]})


def test_jokes_of_one_token_and_jokes_that_end_at_once(loaded: LoadedModel) -> None:
    jobs = [job(loaded, str(n), max_tokens=1, count=3, seed=n) for n in range(4)]
    everything = frozenset(range(512))
    for ends in (frozenset[int](), everything):
        general = TorchEngine(model=loaded.model, end_ids=ends, slots=4)
        engine = graph_engine(loaded, end_ids=ends, slots=4)
        got = told_by(engine, jobs)

        assert_all_same(got, told_by(general, jobs))
        assert all(each.features is None for told in got.values() for each in told)


def test_what_most_prompts_begin_with_is_read_once(
    loaded: LoadedModel, expected: dict[str, list[Generated]]
) -> None:
    prefix = loaded.tokenizer.encode("TOPIC:", add_special_tokens=False)
    engine = graph_engine(loaded, shared_prefix=prefix)

    assert_all_same(told_by(engine, thirty_two_jobs(loaded)), expected)


@pytest.mark.parametrize("family", ["llama", "gpt2"])
def test_long_prompts_are_read_in_pieces_and_long_jokes_make_room(family: str) -> None:
    model = tiny_model(family)
    jobs = [
        EngineJob(id="short", prompt=[5, 9], count=2, max_tokens=60, **USUAL),
        EngineJob(id="long", prompt=list(range(2, 302)), count=1, max_tokens=150, **USUAL),
        EngineJob(id="middle", prompt=list(range(2, 135)), count=1, max_tokens=20, **USUAL),
        EngineJob(id="whole", prompt=[3] * 500, count=1, max_tokens=12, **USUAL),
    ]
    general = TorchEngine(model=model, end_ids=frozenset(), slots=4)
    recorder = ReplayingRecorder()
    engine = GraphEngine(model=model, end_ids=frozenset(), slots=4, longest=127, recorder=recorder)
    engine.submit(jobs[0])
    for _ in range(10):
        engine.step()

    assert_all_same(told_by(engine, jobs[1:]), told_by(general, jobs))


def test_nothing_is_left_of_60_jobs_and_no_buffer_was_replaced(loaded: LoadedModel) -> None:
    engine = graph_engine(loaded, slots=6)
    places = engine._steps.places
    addresses = [each.data_ptr() for each in places._tensors()]
    done = []
    for number in range(60):
        engine.submit(job(loaded, str(number), count=1 + number % 4, max_tokens=8, seed=number))
        done += [name for name, _ in engine.step()]
        if number % 10 == 0:
            engine.cancel(str(number))
    done += [name for name, _ in finish(engine)]  # type: ignore[arg-type]

    assert len(done) == len(set(done))
    assert {str(number) for number in range(60) if number % 10} <= set(done)
    assert engine.free == 6
    left = [value for value in vars(engine).values() if isinstance(value, list | dict)]
    assert not any(left)
    assert [each.data_ptr() for each in engine._steps.places._tensors()] == addresses


class BrokenRecorder:
    """Implements `Recorder` for a device that cannot record."""

    def record(
        self, work: Callable[[], None], *, trial: Callable[[], None]
    ) -> Callable[[], object]:
        trial()
        raise RuntimeError("operation not permitted when stream is capturing")


def test_steps_that_cannot_be_recorded_run_the_plain_way(
    loaded: LoadedModel,
    expected: dict[str, list[Generated]],
    caplog: pytest.LogCaptureFixture,
) -> None:
    engine = graph_engine(loaded, recorder=BrokenRecorder())

    with caplog.at_level(logging.WARNING):
        got = told_by(engine, thirty_two_jobs(loaded))

    assert_all_same(got, expected)
    assert [record.levelname for record in caplog.records] == ["WARNING"]
    assert "not permitted" in caplog.text


def test_another_family_is_refused() -> None:
    model = tiny_model()
    model.config.model_type = "mamba"

    with pytest.raises(UnknownFamilyError, match="mamba"):
        GraphEngine(model=model, end_ids=frozenset(), slots=2)


@pytest.mark.parametrize(
    "wrong",
    [{"count": 5}, {"count": 0}, {"prompt": []}, {"max_tokens": 0}, {"prompt": [3] * 505}],
    ids=str,
)
def test_a_job_that_can_never_fit_is_refused_at_once(wrong: dict[str, Any]) -> None:
    engine = GraphEngine(model=tiny_model(), end_ids=frozenset(), slots=4)
    usual: dict[str, Any] = {"prompt": [3], "count": 1, "max_tokens": 8, **USUAL}

    with pytest.raises(ValueError, match="fit"):
        engine.submit(EngineJob(id="wrong", **{**usual, **wrong}))
    assert not engine.busy


def test_recording_hears_nothing_of_a_tensor_that_was_replaced() -> None:
    """The twin itself: what makes the tests above fail if a buffer is not written in place."""
    buffers = {"sum": torch.zeros(2)}

    def written() -> None:
        buffers["sum"].add_(1)

    repeat = ReplayingRecorder().record(written, trial=lambda: None)
    kept = buffers["sum"]
    repeat()
    assert kept.tolist() == [1.0, 1.0]
    buffers["sum"] = torch.zeros(2)
    repeat()
    assert buffers["sum"].tolist() == [0.0, 0.0]

    with pytest.raises(RuntimeError, match="waits"):
        ReplayingRecorder().record(lambda: print(kept.sum().item()), trial=lambda: None)
