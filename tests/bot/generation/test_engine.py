"""Batched decoding gives each request what it would get alone, and leaves nothing behind."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch

from bot.generation.engine import TorchEngine
from bot.generation.jobs import EngineJob, Generated
from finetune.models import LoadedModel, load_model
from tests.bot.generation.counting_model import CountingModel
from tests.tiny import TOPICS, tiny_model

SLOTS = 32


@pytest.fixture(scope="module", params=["llama", "gpt2"])
def loaded(request: pytest.FixtureRequest) -> LoadedModel:
    """The tiny version of each family, in float32."""
    fixture = {"llama": "tiny_version", "gpt2": "tiny_gpt2_version"}[request.param]
    directory: Path = request.getfixturevalue(fixture)
    return load_model(directory, name="tiny", device=torch.device("cpu"), dtype=torch.float32)


def engine_for(loaded: LoadedModel, *, slots: int = SLOTS, **keywords: Any) -> TorchEngine:
    keywords = {"end_ids": loaded.template.end_ids(loaded.tokenizer), **keywords}
    return TorchEngine(model=loaded.model, slots=slots, **keywords)


def job(loaded: LoadedModel, name: str, **keywords: Any) -> EngineJob:
    """A job called `name`; its topic is `topic`, its settings are usual ones unless given."""
    topic = keywords.pop("topic", None)
    opening = keywords.pop("opening", None)
    prompt = loaded.template.prompt(loaded.tokenizer, topic=topic, opening=opening)
    usual = {
        "prompt": prompt,
        "count": 1,
        "max_tokens": 48,
        "temperature": 1.0,
        "top_k": 0,
        "top_p": 0.95,
        "seed": 1,
    }
    return EngineJob(id=name, **{**usual, **keywords})


def thirty_two_jobs(loaded: LoadedModel) -> list[EngineJob]:
    """Different topics, openings, seeds and settings."""
    return [
        job(
            loaded,
            str(number),
            topic=(*TOPICS, None)[number % 7],
            opening="Why did the" if number % 3 == 0 else None,
            seed=number,
            temperature=(0.0, 0.8, 1.2, 2.0)[number % 4],
            top_k=(0, 20)[number % 2],
            max_tokens=24 + number,
        )
        for number in range(32)
    ]


def finish(engine: TorchEngine) -> Iterator[tuple[str, list[Generated]]]:
    """Step until nothing is left to do."""
    while engine.busy:
        yield from engine.step()


def assert_same(one: list[Generated], other: list[Generated]) -> None:
    """The same tokens, and the same scores but for rounding."""
    for left, right in zip(one, other, strict=True):
        assert (left.tokens, left.complete) == (right.tokens, right.complete)
        assert left.logprob == pytest.approx(right.logprob, abs=1e-3)


def test_the_same_request_gives_the_same_joke_alone_and_in_a_batch_of_32(
    loaded: LoadedModel,
) -> None:
    engine = engine_for(loaded)
    jobs = thirty_two_jobs(loaded)
    for each in jobs:
        engine.submit(each)
    together = dict(finish(engine))
    assert len(together) == 32
    for each in jobs:
        engine.submit(each)
        [(name, alone)] = finish(engine)
        assert_same(alone, together[name])
    assert len({generated.tokens for [generated] in together.values()}) > 10


def test_jobs_may_join_and_leave_at_any_step_without_changing_anyones_joke(
    loaded: LoadedModel,
) -> None:
    engine = engine_for(loaded, slots=7)
    jobs = thirty_two_jobs(loaded)
    for each in jobs:
        engine.submit(each)
    in_order = dict(finish(engine))
    scattered: dict[str, list[Generated]] = {}
    for number, each in enumerate(reversed(jobs)):
        engine.submit(each)
        for _ in range(number % 5):
            scattered.update(engine.step())
    scattered.update(finish(engine))
    assert scattered.keys() == in_order.keys()
    for name, generated in scattered.items():
        assert_same(generated, in_order[name])


def test_greedy_decoding_matches_transformers_generate_token_for_token(
    loaded: LoadedModel,
) -> None:
    engine = engine_for(loaded)
    jobs = [
        job(loaded, str(topic), topic=topic, temperature=0.0, max_tokens=40)
        for topic in (*TOPICS, "something nobody ever joked about", None)
    ]
    for each in jobs:
        engine.submit(each)
    ours = dict(finish(engine))
    for each in jobs:
        prompt = torch.tensor([each.prompt])
        plain = loaded.model.generate(  # type: ignore[operator]
            prompt, attention_mask=torch.ones_like(prompt), do_sample=False, max_new_tokens=40
        )[0, len(each.prompt) :].tolist()
        [generated] = ours[each.id]
        assert [*generated.tokens, 0][:40] == plain


@pytest.mark.parametrize("family", ["llama", "gpt2"])
def test_long_jokes_outgrow_the_first_cache_beside_short_ones(family: str) -> None:
    model = tiny_model(family)
    engine = TorchEngine(model=model, end_ids=frozenset(), slots=4)
    settings: dict[str, Any] = {"count": 1, "temperature": 0.0, "top_k": 0, "top_p": 1.0, "seed": 0}
    prompts = {"short": [5, 9], "long": list(range(2, 202))}
    engine.submit(EngineJob(id="short", prompt=prompts["short"], max_tokens=60, **settings))
    for _ in range(10):
        engine.step()
    engine.submit(EngineJob(id="long", prompt=prompts["long"], max_tokens=150, **settings))
    done = dict(finish(engine))
    model.generation_config.eos_token_id = None
    for name, length in (("short", 60), ("long", 150)):
        prompt = torch.tensor([prompts[name]])
        mask = torch.ones_like(prompt)
        plain = model.generate(prompt, attention_mask=mask, do_sample=False, max_new_tokens=length)
        assert list(done[name][0].tokens) == plain[0, prompt.shape[1] :].tolist()


def test_the_candidates_of_a_job_share_one_reading_of_the_prompt(loaded: LoadedModel) -> None:
    counting: Any = CountingModel(loaded.model)
    engine = TorchEngine(model=counting, end_ids=frozenset(), slots=8)
    each = job(loaded, "shared", topic="cat", count=8, max_tokens=5)
    engine.submit(each)
    [(_, generated)] = finish(engine)
    assert counting.shapes == [(1, len(each.prompt)), (8, 1), (8, 1), (8, 1), (8, 1)]
    assert len({candidate.tokens for candidate in generated}) > 1


def test_asking_for_more_candidates_leaves_the_first_ones_as_they_are(
    loaded: LoadedModel,
) -> None:
    engine = engine_for(loaded)
    for count in (4, 12):
        engine.submit(job(loaded, str(count), topic=None, count=count, temperature=1.5))
    done = dict(finish(engine))
    lengths = [len(generated.tokens) for generated in done["12"]]
    assert lengths != sorted(lengths)
    assert_same(done["12"][:4], done["4"])


def test_jobs_that_come_together_are_read_together(loaded: LoadedModel) -> None:
    counting: Any = CountingModel(loaded.model)
    engine = TorchEngine(model=counting, end_ids=frozenset(), slots=8)
    jobs = [job(loaded, topic, topic=topic, count=2, max_tokens=2) for topic in TOPICS[:3]]
    for each in jobs:
        engine.submit(each)
    assert len(dict(finish(engine))) == 3
    assert counting.shapes == [(3, max(len(each.prompt) for each in jobs)), (6, 1)]


def test_a_shared_prefix_is_read_once_and_changes_no_joke(loaded: LoadedModel) -> None:
    plain = engine_for(loaded)
    jobs = [job(loaded, topic, topic=topic, count=2, seed=5) for topic in TOPICS]
    for each in jobs:
        plain.submit(each)
    expected = dict(finish(plain))
    counting: Any = CountingModel(loaded.model)
    prefix = loaded.tokenizer.encode("TOPIC:", add_special_tokens=False)
    assert all(list(each.prompt[: len(prefix)]) == prefix for each in jobs)
    engine = TorchEngine(
        model=counting,
        end_ids=loaded.template.end_ids(loaded.tokenizer),
        slots=SLOTS,
        shared_prefix=prefix,
    )
    for each in jobs:
        engine.submit(each)
        [(name, generated)] = finish(engine)
        assert_same(generated, expected[name])
        assert (1, len(each.prompt) - len(prefix)) in counting.shapes
    assert counting.shapes.count((1, len(prefix))) == 1


def test_a_prompt_without_the_shared_prefix_is_read_whole(loaded: LoadedModel) -> None:
    each = job(loaded, "plain", topic=None, seed=3)
    plain = engine_for(loaded)
    plain.submit(each)
    [(_, expected)] = finish(plain)
    engine = engine_for(loaded, shared_prefix=[7, 8, 9])
    engine.submit(each)
    engine.submit(job(loaded, "with the prefix", prompt=[7, 8, 9, 10]))
    assert_same(dict(finish(engine))["plain"], expected)


def test_a_prompt_that_is_nothing_but_the_shared_prefix_is_read_whole(
    loaded: LoadedModel,
) -> None:
    each = job(loaded, "plain", topic="cat", seed=3)
    plain, engine = engine_for(loaded), engine_for(loaded, shared_prefix=each.prompt)
    for one in (plain, engine):
        one.submit(each)
    assert_same(dict(finish(engine))["plain"], dict(finish(plain))["plain"])


def test_a_finished_candidate_frees_its_place_at_once(loaded: LoadedModel) -> None:
    engine = engine_for(loaded, slots=8)
    engine.submit(job(loaded, "brief", max_tokens=3, count=5))
    engine.submit(job(loaded, "longer", max_tokens=6, count=3))
    seen = [engine.free]
    done: dict[str, list[Generated]] = {}
    while engine.busy:
        done.update(engine.step())
        seen.append(engine.free)
        if "brief" in done and "longer" not in done:
            assert engine.free >= 5
    assert seen[0] == 0
    assert seen[-1] == 8
    assert seen == sorted(seen)
    assert {name: len(generated) for name, generated in done.items()} == {"brief": 5, "longer": 3}


def test_a_joke_that_ends_itself_is_complete_and_one_cut_off_is_not(loaded: LoadedModel) -> None:
    engine = engine_for(loaded)
    engine.submit(job(loaded, "whole", temperature=0.0))
    engine.submit(job(loaded, "cut off", temperature=0.0, max_tokens=5))
    engine.submit(job(loaded, "one word", temperature=0.0, max_tokens=1))
    done = dict(finish(engine))
    whole, cut, word = done["whole"][0], done["cut off"][0], done["one word"][0]
    assert whole.complete
    assert 0 not in whole.tokens
    assert not cut.complete
    assert not word.complete
    assert cut.tokens == whole.tokens[:5]
    assert word.tokens == whole.tokens[:1]


def test_the_score_is_the_models_log_probability_of_joke_and_ending(loaded: LoadedModel) -> None:
    engine = engine_for(loaded)
    each = job(loaded, "scored", topic="cat", temperature=0.7, top_k=10, seed=8)
    engine.submit(each)
    [(_, [generated])] = finish(engine)
    assert generated.complete
    whole = torch.tensor([[*each.prompt, *generated.tokens, 0]])
    logits = loaded.model(input_ids=whole).logits[0, len(each.prompt) - 1 : -1]
    own = torch.log_softmax(logits.double(), dim=-1)
    expected = own.gather(1, whole[0, len(each.prompt) :, None]).sum().item()
    assert generated.logprob == pytest.approx(expected, abs=1e-3)


def test_a_job_waits_until_all_its_candidates_fit(loaded: LoadedModel) -> None:
    engine = engine_for(loaded, slots=4)
    engine.submit(job(loaded, "first", count=3, max_tokens=4))
    engine.submit(job(loaded, "second", count=2, max_tokens=4))
    engine.submit(job(loaded, "third", count=1, max_tokens=4))
    assert engine.free == -2
    order = [name for name, _ in finish(engine)]
    assert order == ["first", "second", "third"] or set(order[1:]) == {"second", "third"}
    assert engine.free == 4


def test_a_cancelled_job_is_never_reported_and_frees_its_places(loaded: LoadedModel) -> None:
    engine = engine_for(loaded, slots=4)
    jobs = [job(loaded, str(number), count=2, seed=number) for number in range(4)]
    for each in jobs:
        engine.submit(each)
    for _ in range(3):
        assert engine.step() == []
    engine.cancel("0")
    engine.cancel("2")
    engine.cancel("unknown")
    assert engine.free == 0
    done = dict(finish(engine))
    assert done.keys() == {"1", "3"}
    assert engine.free == 4
    for number in (1, 3):
        engine.submit(jobs[number])
        [(name, alone)] = finish(engine)
        assert_same(done[name], alone)


def test_cancelling_everything_leaves_an_idle_engine(loaded: LoadedModel) -> None:
    engine = engine_for(loaded, slots=4)
    engine.submit(job(loaded, "running", count=4))
    engine.step()
    engine.submit(job(loaded, "waiting"))
    engine.cancel("waiting")
    engine.cancel("running")
    assert not engine.busy
    assert engine.free == 4
    assert engine.step() == []


@pytest.mark.parametrize(
    "wrong",
    [
        {"count": 5},
        {"count": 0},
        {"prompt": []},
        {"max_tokens": 0},
        {"prompt": [3] * 500, "max_tokens": 13},
    ],
    ids=" ".join,
)
def test_a_job_that_can_never_fit_is_refused_at_once(
    loaded: LoadedModel, wrong: dict[str, Any]
) -> None:
    engine = engine_for(loaded, slots=4)
    with pytest.raises(ValueError, match="fit"):
        engine.submit(job(loaded, "wrong", **wrong))
    assert not engine.busy
    engine.submit(job(loaded, "largest", prompt=[3] * 500, max_tokens=12, count=4))
    assert len(dict(finish(engine))) == 1


def test_after_200_jobs_nothing_is_left_of_them(loaded: LoadedModel) -> None:
    engine = engine_for(loaded, slots=16)
    done = []
    for number in range(200):
        engine.submit(job(loaded, str(number), count=1 + number % 4, max_tokens=8, seed=number))
        done += [name for name, _ in engine.step()]
        if number % 10 == 0:
            engine.cancel(str(number))
    done += [name for name, _ in finish(engine)]
    assert len(done) == len(set(done))
    assert {str(number) for number in range(200) if number % 10} <= set(done)
    assert engine.free == 16
    left = [value for value in vars(engine).values() if isinstance(value, list | dict)]
    assert not any(left)
