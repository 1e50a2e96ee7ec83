"""Batched decoding: jobs join and leave a running batch, one token a step.

A job is one prompt with one or more candidates. Its prompt is read once (prefill) and its keys
and values are copied to a row for each candidate; a step then extends every running row by one
token, and a row that ends its joke frees its place at once. Nothing a row computes depends on
the content of other rows, and its randomness is drawn beforehand from its own seed, so the same
job gives the same joke alone or in company.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from transformers import PreTrainedModel
from transformers.cache_utils import DynamicCache

from bot.generation.features import HiddenState, JokeReader, packed
from bot.generation.jobs import EngineJob, Generated, Jobs, Running
from bot.generation.native.step import NativeStep
from bot.generation.sampling import SamplingRows, sample
from bot.generation.slots import SlotCache

__all__ = ["TorchEngine"]


@dataclass(kw_only=True, eq=False)
class _Row(Running):
    """A running candidate: its place in the batch is its index in the engine's list."""

    uniform: torch.Tensor


class TorchEngine:
    """The general engine: any transformers causal language model, on CPU or CUDA.

    `shared_prefix` is what most prompts begin with; it is read once and kept.
    """

    def __init__(
        self,
        *,
        model: PreTrainedModel,
        end_ids: frozenset[int],
        slots: int,
        shared_prefix: Sequence[int] = (),
    ) -> None:
        self._model: Any = model
        self._device = model.device
        self._end_ids = end_ids
        self._slots = slots
        self._prefix = tuple(shared_prefix)
        self._prefix_cache: DynamicCache | None = None
        self._limit = int(getattr(model.config, "max_position_embeddings", 1 << 30))
        self._vocabulary = int(model.config.vocab_size)
        self._cache = SlotCache(slots=slots)
        self._hidden = HiddenState(model)
        self._native: NativeStep | None = None
        # For each row, the sum of the hidden states of the tokens it has read of its own joke.
        self._sums = torch.zeros((slots, self._hidden.width), device=self._device)
        self._jobs = Jobs(slots=slots, limit=self._limit)
        self._rows: list[_Row] = []
        self._drawn = 0

    @property
    def free(self) -> int:
        return self._slots - len(self._rows) - self._jobs.candidates

    @property
    def busy(self) -> bool:
        return bool(self._rows or self._jobs)

    @property
    def drawn(self) -> int:
        return self._drawn

    def submit(self, job: EngineJob) -> None:
        self._jobs.submit(job)

    @property
    def features_layer(self) -> int:
        """The layer whose output becomes features."""
        return self._hidden.layer

    def quicken(self, step: NativeStep) -> None:
        """Decode with a compiled step from now on, rows that are under way included.

        Prompts are still read in bfloat16 by the model itself; both share keys and values.
        """
        self._native = step

    @torch.inference_mode()
    def cancel(self, job_id: str) -> None:
        self._jobs.cancel(job_id)
        for place in reversed(range(len(self._rows))):
            if self._rows[place].job.id == job_id:
                self._leave(place)

    @torch.inference_mode()
    def step(self) -> list[tuple[str, list[Generated]]]:
        joining = self._jobs.next(self._slots - len(self._rows))
        if joining:
            return self._accept(*self._prefill(joining))
        if self._rows:
            return self._accept(self._decode(), first_row=0)
        return []

    def read(self, jokes: Sequence[tuple[Sequence[int], Sequence[int]]]) -> list[bytes | None]:
        reader = JokeReader(model=self._model, hidden=self._hidden, limit=self._limit)
        return reader.read(jokes)

    def _prefill(self, jobs: list[EngineJob]) -> tuple[torch.Tensor, int]:
        """Read the prompts as one right-padded batch and give each candidate a row.

        Returns the logits [new rows, vocabulary] after each prompt and the first new row.
        Padding is on the right, where causal attention never lets a prompt look.
        """
        cache, skip = self._start(jobs)
        prompts = [list(job.prompt[skip:]) for job in jobs]
        width = max(map(len, prompts))
        ids = torch.tensor([prompt + [0] * (width - len(prompt)) for prompt in prompts])
        ends = torch.tensor([len(prompt) - 1 for prompt in prompts])
        kept, place = torch.unique(ends, return_inverse=True)
        logits = self._model(
            input_ids=ids.to(self._device),
            position_ids=torch.arange(skip, skip + width, device=self._device)[None],
            cache=cache,
            use_cache=True,
            logits_to_keep=kept.to(self._device),
        ).logits
        sources = [number for number, job in enumerate(jobs) for _ in range(job.count)]
        first_row = len(self._rows)
        longest = max(job.length for job in jobs)
        self._cache.admit(cache, sources=sources, first_row=first_row, length=longest)
        self._sums[first_row : first_row + len(sources)] = 0
        for job in jobs:
            self._rows += [
                _Row(job=job, number=number, uniform=job.uniforms(number))
                for number in range(job.count)
            ]
        return logits[sources, place[sources].to(self._device)].float(), first_row

    def _start(self, jobs: list[EngineJob]) -> tuple[DynamicCache, int]:
        """A cache that already holds the shared prefix when every prompt goes on from it."""
        cache = DynamicCache(config=self._model.config)
        skip = len(self._prefix)
        if not skip or any(
            len(job.prompt) <= skip or tuple(job.prompt[:skip]) != self._prefix for job in jobs
        ):
            return cache, 0
        if self._prefix_cache is None:
            self._prefix_cache = DynamicCache(config=self._model.config)
            self._model(
                input_ids=torch.tensor([self._prefix], device=self._device),
                cache=self._prefix_cache,
                use_cache=True,
                logits_to_keep=1,
            )
        layers: list[Any] = list(self._prefix_cache.layers)
        for number, layer in enumerate(layers):
            shape = (len(jobs), -1, -1, -1)
            cache.update(layer.keys.expand(shape), layer.values.expand(shape), number)
        return cache, skip

    def _decode(self) -> torch.Tensor:
        """One forward pass over the last token of every row; logits [rows, vocabulary]."""
        rows = self._rows
        positions = torch.tensor([row.length - 1 for row in rows], device=self._device)
        if self._native is not None:
            latest = torch.tensor([row.tokens[-1] for row in rows])
            quick, states = self._native(latest, positions, self._cache.tensors())
            self._sums[: len(rows)] += states
            return quick
        length = max(row.length for row in rows)
        seen = torch.arange(length, device=self._device)[None] <= positions[:, None]
        output = self._model(
            input_ids=torch.tensor([[row.tokens[-1]] for row in rows], device=self._device),
            position_ids=positions[:, None],
            attention_mask=seen[:, None, None],
            cache=self._cache.stepping(positions=positions, length=length),
            use_cache=True,
        )
        self._sums[: len(rows)] += self._hidden.latest[:, -1]
        logits: torch.Tensor = output.logits
        return logits[:, -1].float()

    def _accept(self, logits: torch.Tensor, first_row: int) -> list[tuple[str, list[Generated]]]:
        """Sample a token for the rows from `first_row` on and let finished ones leave."""
        rows = self._rows[first_row:]
        settings = SamplingRows.of(
            [(row.job.temperature, row.job.top_k, row.job.top_p) for row in rows],
            vocabulary=self._vocabulary,
            device=self._device,
        )
        uniform = torch.stack([row.uniform[len(row.tokens)] for row in rows]).to(self._device)
        draw = sample if self._native is None else self._native.draw
        tokens, logprobs = draw(logits, settings, uniform)
        self._drawn += len(rows)
        done: list[tuple[str, list[Generated]]] = []
        leaving: list[int] = []
        drawn = zip(tokens.tolist(), logprobs.tolist(), strict=True)
        for place, (row, (token, logprob)) in enumerate(zip(rows, drawn, strict=True), first_row):
            if row.accept(token, logprob, end_ids=self._end_ids):
                leaving.append(place)
                mean = packed(self._sums[place] / row.read) if row.read else None
                done += self._jobs.finish(row, mean)
        for place in reversed(leaving):
            self._leave(place)
        return done

    def _leave(self, place: int) -> None:
        """Free a place; the last row moves into it."""
        last = self._rows.pop()
        if place < len(self._rows):
            self._cache.move(source=len(self._rows), target=place)
            self._sums[place] = self._sums[len(self._rows)]
            self._rows[place] = last
