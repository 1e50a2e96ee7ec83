"""The estimate counts what is there, and lies near what a real step takes."""

from dataclasses import replace

import pytest
import torch
from transformers import GPT2Config, LlamaConfig, PretrainedConfig, T5Config

from finetune.bases import BaseModelError
from finetune.memory.choices import Method, Optimizer
from finetune.memory.configurations import GPT2_SIZES, configuration
from finetune.memory.estimate import Estimate, estimate
from finetune.memory.failures import MeasurementError
from finetune.memory.measurement import measure
from finetune.memory.plan import Plan, model_of
from tests.tiny import tiny_model

CPU = torch.device("cpu")
PLAN = Plan(
    method=Method.FULL,
    rank=8,
    batch=4,
    length=128,
    dtype=torch.float32,
    gradient_checkpointing=False,
    optimizer=Optimizer.ADAMW,
)
SMALL = GPT2Config(n_embd=256, n_layer=6, n_head=4, vocab_size=2048, bos_token_id=0, eos_token_id=0)


def estimated(config: PretrainedConfig = SMALL, plan: Plan = PLAN, **changes: object) -> Estimate:
    return estimate(config, replace(plan, **changes), fused_attention=False)  # type: ignore[arg-type]


@pytest.mark.parametrize("family", ["gpt2", "llama"])
def test_weights_are_counted_exactly_and_shared_ones_once(family: str) -> None:
    model = tiny_model(family)
    needed = estimated(model.config)
    weights = sum(weight.numel() for weight in model.parameters())
    assert (needed.parameters, needed.trained) == (weights, weights)
    assert needed.weights == needed.gradients == 4 * weights
    assert needed.optimizer == 8 * weights
    assert needed.total == sum(needed.parts().values())


@pytest.mark.parametrize(
    ("base", "millions"),
    [("", 124), ("-medium", 355), ("-large", 774), ("-xl", 1558)],
)
def test_the_four_gpt2_are_known_without_a_network(
    base: str, millions: int, tmp_path: pytest.TempPathFactory
) -> None:
    name = f"openai-community/gpt2{base}"
    assert name in GPT2_SIZES
    config = configuration(name, cache=tmp_path, progress=lambda *_: None)  # type: ignore[arg-type]
    model = model_of(config, PLAN, device=torch.device("meta"))
    weights = sum(weight.numel() for weight in model.parameters())
    assert round(weights / 1e6) == millions


@pytest.mark.parametrize("family", ["gpt2", "llama"])
def test_an_adapter_trains_few_weights_over_a_base_in_the_chosen_precision(family: str) -> None:
    config = tiny_model(family).config
    full = estimated(config)
    lora = estimated(config, method=Method.LORA, dtype=torch.bfloat16)
    adapter = lora.parameters - full.parameters
    assert lora.trained == adapter > 0
    assert lora.weights == 2 * full.parameters + 4 * adapter
    assert lora.gradients == 4 * adapter
    assert estimated(config, method=Method.LORA, rank=16).trained == 2 * adapter


def test_what_is_kept_for_the_backward_pass_grows_with_batch_and_length() -> None:
    one, two = estimated(batch=1), estimated(batch=2)
    assert two.activations / one.activations == pytest.approx(2, rel=0.1)
    assert two.logits == 2 * one.logits
    assert two.weights == one.weights
    # Attention with dropout keeps the score of every pair of tokens on a CPU.
    assert estimated(length=256).activations > 2.2 * estimated(length=128).activations


def test_a_gpu_keeps_no_attention_scores() -> None:
    fused = estimate(SMALL, PLAN, fused_attention=True)
    assert fused.activations < estimated().activations
    longer = estimate(SMALL, replace(PLAN, length=256), fused_attention=True)
    assert longer.activations / fused.activations == pytest.approx(2, rel=0.02)


def test_less_is_kept_in_bfloat16_with_checkpoints_and_without_optimizer_states() -> None:
    plain = estimated()
    assert estimated(dtype=torch.bfloat16).activations < plain.activations
    assert estimated(gradient_checkpointing=True).activations < plain.activations / 4
    assert estimated(optimizer=Optimizer.SGD).optimizer == 0


def test_it_computes_nothing_however_large_the_model(tmp_path: pytest.TempPathFactory) -> None:
    config = LlamaConfig(hidden_size=8192, num_hidden_layers=4, intermediate_size=28672)
    needed = estimated(config, batch=64, length=2048)
    assert needed.total > 500 * 2**30


def test_steps_that_cannot_be_computed_are_one_sentence() -> None:
    impossible = GPT2Config(n_embd=64, n_layer=1, n_head=2, vocab_size=64, n_positions=16)
    with pytest.raises(MeasurementError, match="could not be computed here: IndexError") as refusal:
        measure(impossible, PLAN, device=CPU)
    assert len(str(refusal.value).splitlines()) == 1


def test_sequences_longer_than_the_model_reads_are_refused() -> None:
    with pytest.raises(BaseModelError, match="reads at most 512 tokens"):
        estimated(tiny_model("gpt2").config, length=513)


def test_a_model_of_another_kind_is_refused() -> None:
    with pytest.raises(BaseModelError, match="no causal language model"):
        estimated(T5Config())
