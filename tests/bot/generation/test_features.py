"""What the model makes of a joke: while it is decoded and when it is read again, it is the same."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from bot.generation.engine import TorchEngine
from bot.generation.features import HiddenState, packed
from bot.generation.jobs import EngineJob, Generated
from finetune.models import LoadedModel, load_model
from tests.tiny import TOPICS, tiny_model


@pytest.fixture(scope="module", params=["llama", "gpt2"])
def loaded(request: pytest.FixtureRequest) -> LoadedModel:
    """The tiny version of each family, in float32."""
    fixture = {"llama": "tiny_version", "gpt2": "tiny_gpt2_version"}[request.param]
    directory: Path = request.getfixturevalue(fixture)
    return load_model(directory, name="tiny", device=torch.device("cpu"), dtype=torch.float32)


def numbers(features: bytes | None) -> NDArray[np.float16]:
    assert features is not None
    return np.frombuffer(features, dtype="<f2")


def jobs_for(loaded: LoadedModel, **changes: Any) -> list[EngineJob]:
    usual = {"count": 3, "max_tokens": 48, "temperature": 1.0, "top_k": 0, "top_p": 0.95}
    return [
        EngineJob(
            id=topic,
            prompt=loaded.template.prompt(loaded.tokenizer, topic=topic, opening=None),
            seed=seed,
            **{**usual, **changes},
        )
        for seed, topic in enumerate(TOPICS)
    ]


def decoded(loaded: LoadedModel, *jobs: EngineJob, slots: int = 18) -> dict[str, list[Generated]]:
    ends = loaded.template.end_ids(loaded.tokenizer)
    engine = TorchEngine(model=loaded.model, end_ids=ends, slots=slots)
    for job in jobs:
        engine.submit(job)
    done: dict[str, list[Generated]] = {}
    while engine.busy:
        done.update(engine.step())
    return done


def test_reading_a_joke_gives_what_decoding_it_gave(loaded: LoadedModel) -> None:
    jobs = jobs_for(loaded)
    done = decoded(loaded, *jobs)
    engine = TorchEngine(model=loaded.model, end_ids=frozenset(), slots=1)
    for job in jobs:
        whole = [each for each in done[job.id] if each.complete]
        read = engine.read([(job.prompt, each.tokens) for each in whole])
        for each, features in zip(whole, read, strict=True):
            assert numbers(each.features) == pytest.approx(numbers(features), rel=2e-3, abs=2e-3)
    assert any(each.complete for generated in done.values() for each in generated)


def test_company_does_not_change_what_a_joke_is_like(loaded: LoadedModel) -> None:
    jobs = jobs_for(loaded)
    together = decoded(loaded, *jobs, slots=7)
    for job in jobs:
        for one, other in zip(decoded(loaded, job)[job.id], together[job.id], strict=True):
            assert one.tokens == other.tokens
            assert numbers(one.features) == pytest.approx(
                numbers(other.features), rel=2e-3, abs=2e-3
            )


def test_it_is_the_mean_of_a_late_layer_over_the_jokes_own_tokens(loaded: LoadedModel) -> None:
    engine = TorchEngine(model=loaded.model, end_ids=frozenset(), slots=1)
    prompt, joke = [5, 6, 7], [8, 9, 10, 11]
    [features] = engine.read([(prompt, joke)])
    states: list[torch.Tensor] = []
    lists = [each for each in loaded.model.modules() if isinstance(each, torch.nn.ModuleList)]
    layers = next(each for each in lists if len(each) == 2)
    layers[1].register_forward_hook(
        lambda _layer, _inputs, output: states.append(
            output if isinstance(output, torch.Tensor) else output[0]
        )
    )
    with torch.inference_mode():
        loaded.model(input_ids=torch.tensor([prompt + joke]))
    expected = states[0][0, len(prompt) :].mean(0).numpy()
    assert numbers(features) == pytest.approx(expected, rel=2e-3, abs=2e-3)


def test_different_jokes_are_different(loaded: LoadedModel) -> None:
    engine = TorchEngine(model=loaded.model, end_ids=frozenset(), slots=1)
    one, other, again = engine.read([([5, 6], [8, 9]), ([5, 6], [20, 30, 40]), ([5, 6], [8, 9])])
    assert numbers(one) == pytest.approx(numbers(again), rel=2e-3, abs=2e-3)
    assert np.abs(numbers(one) - numbers(other)).max() > 0.05


def test_a_joke_without_a_token_is_like_nothing(loaded: LoadedModel) -> None:
    engine = TorchEngine(model=loaded.model, end_ids=frozenset(), slots=1)
    nothing, something = engine.read([([5, 6, 7], []), ([5], [8])])
    assert nothing is None
    assert something is not None
    ended = TorchEngine(model=loaded.model, end_ids=frozenset(range(512)), slots=1)
    ended.submit(jobs_for(loaded, count=1)[0])
    while not (done := ended.step()):
        pass
    [(_, [generated])] = done
    assert (generated.tokens, generated.features) == ((), None)


def test_what_is_too_long_is_read_as_far_as_the_model_goes() -> None:
    engine = TorchEngine(model=tiny_model(), end_ids=frozenset(), slots=1)
    [long, longest] = engine.read([([5] * 12, [8] * 500), ([5] * 12, [8] * 5000)])
    assert long == longest


def test_numbers_too_large_or_no_numbers_stay_finite() -> None:
    features = numbers(packed(torch.tensor([1e9, -1e9, float("nan"), float("inf"), 0.5])))
    assert np.isfinite(features).all()
    assert features[4] == 0.5


def test_a_model_without_known_layers_is_refused() -> None:
    model = tiny_model()
    model.model.layers = torch.nn.ModuleList(list(model.model.layers)[:1])
    with pytest.raises(ValueError, match="layers"):
        HiddenState(model)
