"""Layers are compiled for training where that works, and nothing else changes.

The backend `eager` traces the layers like any other and then computes what they computed before,
so no compiler is needed here.
"""

from pathlib import Path
from typing import Any

import pytest
import torch

from finetune.training.compiling import CompiledLayers, repeated_layers
from finetune.training.likelihood import joke_nats
from tests.finetune.training.material import SmallRun, losses, small_recipe
from tests.finetune.training.test_likelihood import batch
from tests.tiny import tiny_model


def counted(calls: list[torch.Size]) -> Any:
    """A backend that notes the shape of the states whenever what it compiled is called."""

    def backend(graph: torch.fx.GraphModule, examples: list[Any]) -> Any:
        def call(*arguments: Any) -> Any:
            calls.append(next(each.shape for each in arguments if each.dim() == 3))
            return graph(*arguments)

        return call

    return backend


def test_one_layer_is_compiled_for_all() -> None:
    model, graphs = tiny_model(), []

    def backend(graph: torch.fx.GraphModule, examples: list[Any]) -> Any:
        graphs.append(graph)
        return graph

    assert CompiledLayers(model=model, backend=backend).prepare(batch(), mixed_precision=False)
    assert len(graphs) == 1


def broken(graph: torch.fx.GraphModule, examples: list[Any]) -> Any:
    raise RuntimeError("there is no compiler here")


@pytest.mark.parametrize("family", ["llama", "gpt2"])
def test_all_layers_of_a_model_are_found(family: str) -> None:
    layers = repeated_layers(tiny_model(family))
    assert len(layers) == 2
    assert len({type(layer).__name__ for layer in layers} & {"LlamaDecoderLayer", "GPT2Block"}) == 1


@pytest.mark.parametrize("family", ["llama", "gpt2"])
def test_loss_and_gradients_are_as_before(family: str) -> None:
    model, rows = without_dropout(tiny_model(family)).train(), batch()
    expected = joke_nats(model, rows)[0].mean()
    wanted = torch.autograd.grad(expected, list(model.parameters()))
    assert CompiledLayers(model=model, backend="eager").prepare(rows, mixed_precision=False)
    found = joke_nats(model, rows)[0].mean()
    torch.testing.assert_close(found, expected)
    for one, other in zip(
        torch.autograd.grad(found, list(model.parameters())), wanted, strict=True
    ):
        torch.testing.assert_close(one, other, atol=1e-6, rtol=1e-5)


def without_dropout(model: Any) -> Any:
    for part in model.modules():
        if isinstance(part, torch.nn.Dropout):
            part.p = 0.0
    return model


def test_preparing_draws_no_chance_and_leaves_no_gradient() -> None:
    model, rows = tiny_model("gpt2"), batch()
    chance = torch.random.get_rng_state()
    assert CompiledLayers(model=model, backend="eager").prepare(rows, mixed_precision=False)
    assert torch.equal(torch.random.get_rng_state(), chance)
    assert not model.training
    assert all(weights.grad is None for weights in model.parameters())


def test_only_training_with_the_prepared_shape_is_compiled() -> None:
    model, rows = tiny_model(), batch()
    calls: list[torch.Size] = []
    assert CompiledLayers(model=model, backend=counted(calls)).prepare(rows, mixed_precision=False)
    shape = rows["input_ids"].shape
    assert [each[:2] for each in calls] == [shape, shape]
    calls.clear()
    model.train()
    joke_nats(model, rows)
    assert len(calls) == 2
    joke_nats(model, {name: each[:1] for name, each in rows.items()})
    model.eval()
    joke_nats(model, rows)
    with torch.no_grad():
        joke_nats(model.train(), rows)
    assert len(calls) == 2


def test_without_a_compiler_all_stays_as_it_was_and_the_log_says_so(
    caplog: pytest.LogCaptureFixture,
) -> None:
    model, rows = tiny_model(), batch()
    expected = joke_nats(model, rows)[0]
    assert not CompiledLayers(model=model, backend=broken).prepare(rows, mixed_precision=False)
    (said,) = [each.getMessage() for each in caplog.records if "finetune" in each.name]
    assert said.startswith("Training goes on uncompiled:")
    assert "there is no compiler here" in said
    assert torch.equal(joke_nats(model.train(), rows)[0], expected)


@pytest.mark.parametrize(("wanted", "compiles"), [("auto", False), (False, False)])
def test_a_short_run_is_not_worth_compiling_for(
    llama: Path, corpus: Path, tmp_path: Path, wanted: Any, compiles: bool
) -> None:
    run = SmallRun(
        recipe=small_recipe(llama, compiled=wanted, epochs=1), corpus=corpus, directory=tmp_path
    )
    run.run()
    assert ("compiling the layers" in run.heard.stages) is compiles


def test_a_compiled_run_learns_the_same(llama: Path, corpus: Path, tmp_path: Path) -> None:
    plain = SmallRun(recipe=small_recipe(llama, epochs=1), corpus=corpus, directory=tmp_path / "a")
    compiled = SmallRun(
        recipe=small_recipe(llama, epochs=1, compiled=True), corpus=corpus, directory=tmp_path / "b"
    )
    pupil = compiled.learner()
    assert losses(compiled.run(pupil=pupil)) == pytest.approx(losses(plain.run()), abs=1e-4)
    assert all("forward" in vars(layer) for layer in repeated_layers(pupil.model))
    assert "compiling the layers" in compiled.heard.stages
