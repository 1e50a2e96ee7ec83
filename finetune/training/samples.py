"""Sample jokes of a model in training, drawn as its recipe says."""

from typing import Any

import torch
from transformers import GenerationConfig, LogitsProcessor, LogitsProcessorList

from finetune.recipes.recipe import SamplingRecipe
from finetune.template import Template

__all__ = ["FirstTokensTopK", "sample_jokes"]


class FirstTokensTopK(LogitsProcessor):
    """Keeps only the `first_top_k` likeliest of the first tokens, the `top_k` likeliest after.

    `prompt` is the number of tokens before the joke; a k of 0 keeps all.
    """

    def __init__(self, *, prompt: int, sampling: SamplingRecipe) -> None:
        self._prompt = prompt
        self._sampling = sampling

    def __call__(self, input_ids: torch.Tensor, scores: torch.Tensor) -> torch.Tensor:
        """Scores [rows, vocabulary] with the others at minus infinity."""
        first = input_ids.shape[1] - self._prompt < self._sampling.first_tokens
        k = self._sampling.first_top_k if first else self._sampling.top_k
        if not 0 < k < scores.shape[-1]:
            return scores
        lowest = scores.topk(k, dim=-1).values[:, -1:]
        return scores.masked_fill(scores < lowest, float("-inf"))


@torch.no_grad()
def sample_jokes(
    model: Any,
    tokenizer: Any,
    template: Template,
    *,
    sampling: SamplingRecipe,
    count: int,
    seed: int,
    topic: str | None = None,
) -> list[str]:
    """Jokes in the model's present state; the randomness of training is left as it was."""
    prompt = template.prompt(tokenizer, topic=topic, opening=None)
    ids = torch.tensor([prompt] * count, device=model.device)
    greedy = sampling.temperature == 0
    config = GenerationConfig(  # type: ignore[no-untyped-call]
        do_sample=not greedy,
        temperature=None if greedy else sampling.temperature,
        top_p=None if greedy else sampling.top_p,
        top_k=None if greedy else 0,
        max_new_tokens=sampling.max_tokens,
        eos_token_id=sorted(template.end_ids(tokenizer)),
        pad_token_id=tokenizer.eos_token_id,
    )
    limits = LogitsProcessorList([FirstTokensTopK(prompt=len(prompt), sampling=sampling)])
    was_training = model.training
    model.eval()
    devices = [model.device] if model.device.type == "cuda" else []
    try:
        with torch.random.fork_rng(devices=devices):
            torch.manual_seed(seed)
            written = model.generate(
                input_ids=ids,
                attention_mask=torch.ones_like(ids),
                generation_config=config,
                logits_processor=limits,
            )
    finally:
        model.train(was_training)
    return [
        template.joke(tokenizer, opening=None, generated=row[len(prompt) :].tolist())
        for row in written
    ]
