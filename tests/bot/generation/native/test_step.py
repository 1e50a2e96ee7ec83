"""The compiled step computes what the model computes, each row by itself."""

from pathlib import Path

import pytest
import torch

from bot.generation.engine import TorchEngine
from bot.generation.families import UnknownFamilyError
from bot.generation.jobs import EngineJob, Generated
from bot.generation.native.compiling import built_step, compiler
from bot.generation.native.quickening import Quickening
from bot.generation.native.step import NativeStep
from bot.generation.native.weights import DecoderWeights, PackedLinear
from bot.generation.sampling import DRAWS, SamplingRows, sample
from finetune.models import LoadedModel, load_model
from tests.stepping import step_through

pytestmark = pytest.mark.skipif(compiler() is None, reason="no C++ compiler on this machine")


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Built once for this file."""
    return built_step(tmp_path_factory.mktemp("steps"))


@pytest.fixture(scope="module", params=["tiny_version", "tiny_gpt2_version"])
def loaded(request: pytest.FixtureRequest) -> LoadedModel:
    """The tiny version of each family, in bfloat16."""
    directory: Path = request.getfixturevalue(request.param)
    return load_model(directory, name="tiny", device=torch.device("cpu"), dtype=torch.bfloat16)


def step_for(loaded: LoadedModel, library: Path, *, threads: int = 2) -> NativeStep:
    weights = DecoderWeights.of(loaded.model)
    return NativeStep(library=library, weights=weights, read_layer=0, threads=threads)


def decode(step: NativeStep, loaded: LoadedModel, ids: torch.Tensor) -> torch.Tensor:
    """Logits [rows, tokens, vocabulary] of ids [rows, tokens], one token at a time."""
    return step_through(step, DecoderWeights.of(loaded.model), ids)


def random_ids(loaded: LoadedModel, rows: int, tokens: int) -> torch.Tensor:
    generator = torch.Generator().manual_seed(rows)
    return torch.randint(0, loaded.model.config.vocab_size, (rows, tokens), generator=generator)


@torch.inference_mode()
def test_it_predicts_what_the_model_in_float32_predicts(loaded: LoadedModel, library: Path) -> None:
    ids = random_ids(loaded, 5, 20)
    exact = type(loaded.model)(loaded.model.config)
    exact.load_state_dict(loaded.model.state_dict())
    expected = exact.float().eval()(input_ids=ids).logits.log_softmax(-1)

    got = decode(step_for(loaded, library), loaded, ids).log_softmax(-1)

    divergence = (expected.exp() * (expected - got)).sum(-1)
    assert divergence.max() < 0.02


@pytest.mark.parametrize("rows", [2, 3, 4, 7, 32])
def test_a_row_is_the_same_alone_and_among_others(
    loaded: LoadedModel, library: Path, rows: int
) -> None:
    step = step_for(loaded, library)
    ids = random_ids(loaded, rows, 8)

    together = decode(step, loaded, ids)

    for row in range(rows):
        assert torch.equal(decode(step, loaded, ids[row : row + 1])[0], together[row])


def test_threads_do_not_change_a_result(loaded: LoadedModel, library: Path) -> None:
    ids = random_ids(loaded, 4, 8)

    assert torch.equal(
        decode(step_for(loaded, library, threads=1), loaded, ids),
        decode(step_for(loaded, library, threads=4), loaded, ids),
    )


def greedy(loaded: LoadedModel, *, library: Path | None, after: int) -> Generated:
    """One greedy joke; the compiled step comes in after some steps."""
    prompt = loaded.template.prompt(loaded.tokenizer, topic=None, opening=None)
    engine = TorchEngine(model=loaded.model, end_ids=frozenset(), slots=4)
    usual = {"count": 2, "max_tokens": 24, "temperature": 0.0, "top_k": 0, "top_p": 1.0}
    engine.submit(EngineJob(id="one", prompt=prompt, seed=1, **usual))
    for number in range(100):
        if number == after and library is not None:
            engine.quicken(step_for(loaded, library))
        if done := engine.step():
            return done[0][1][0]
    raise AssertionError("the joke never ended")


def test_a_joke_under_way_goes_on_when_the_step_is_ready(
    loaded: LoadedModel, library: Path
) -> None:
    plain = greedy(loaded, library=None, after=0)
    switched = greedy(loaded, library=library, after=7)

    assert len(switched.tokens) == 24
    assert switched.tokens[:7] == plain.tokens[:7]
    assert switched.features is not None


def test_another_family_stays_with_the_general_path(loaded: LoadedModel) -> None:
    strange = type(loaded.model)(loaded.model.config)
    strange.config = type(strange.config)(**loaded.model.config.to_dict())
    strange.config.model_type = "mamba"

    with pytest.raises(UnknownFamilyError, match="mamba"):
        DecoderWeights.of(strange)


def test_float32_stays_with_the_general_path(loaded: LoadedModel, tmp_path: Path) -> None:
    exact = type(loaded.model)(loaded.model.config).float()
    engine = TorchEngine(model=exact, end_ids=frozenset(), slots=1)

    assert Quickening.begin(exact, engine=engine, directory=tmp_path) is None


def test_weights_are_padded_to_whole_blocks() -> None:
    weight = torch.randn(70, 8)

    packed = PackedLinear.of(weight, None)

    assert packed.weights.shape == (2, 2, 64, 4)
    rows = packed.weights.transpose(1, 2).reshape(128, 8).float() - 128
    assert torch.allclose(rows[:70] * packed.scales[:70, None], weight, atol=0.02)
    assert not rows[70:].any()


@pytest.mark.parametrize(
    ("temperature", "top_k", "top_p"),
    [(0.0, 0, 1.0), (0.9, 0, 0.95), (1.0, 0, 1.0), (0.7, 40, 0.9), (1.3, 1, 1.0), (2.0, 0, 0.01)],
)
def test_it_draws_what_the_general_path_draws(
    loaded: LoadedModel, library: Path, temperature: float, top_k: int, top_p: float
) -> None:
    generator = torch.Generator().manual_seed(1)
    logits = (torch.randn((64, 5_000), generator=generator) * 3)[:, :4_999]
    rows = SamplingRows.of(
        [(temperature, top_k, top_p)] * 64, vocabulary=4_999, device=torch.device("cpu")
    )
    uniform = torch.rand((64, DRAWS), generator=generator)
    expected, expected_logprobs = sample(logits, rows, uniform)

    tokens, logprobs = step_for(loaded, library).draw(logits, rows, uniform)

    # A number that falls on the very border of two tokens may be rounded to either.
    assert (tokens == expected).sum() >= 63
    same = tokens == expected
    torch.testing.assert_close(logprobs[same], expected_logprobs[same], atol=1e-4, rtol=1e-4)
