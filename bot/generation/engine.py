"""Batched decoding: jobs join and leave a running batch, one token a step.

A job is one prompt with one or more candidates. Its prompt is read once (prefill) and its keys
and values are copied to a row for each candidate; a step then extends every running row by one
token, and a row that ends its joke frees its place at once. Nothing a row computes depends on
the content of other rows, and its randomness is drawn beforehand from its own seed, so the same
job gives the same joke alone or in company.
"""

import hashlib
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import torch
from transformers import PreTrainedModel
from transformers.cache_utils import DynamicCache

from bot.generation.features import HiddenState, JokeReader, packed
from bot.generation.native.step import NativeStep
from bot.generation.sampling import SamplingRows, sample, uniforms
from bot.generation.slots import SlotCache

__all__ = ["Engine", "EngineJob", "Generated", "TorchEngine"]


@dataclass(frozen=True, kw_only=True)
class EngineJob:
    """A prompt as token ids and how to continue it."""

    id: str
    prompt: Sequence[int]
    count: int
    max_tokens: int
    temperature: float
    top_k: int
    top_p: float
    seed: int

    @property
    def length(self) -> int:
        """How many tokens the prompt and a joke may have together."""
        return len(self.prompt) + self.max_tokens


@dataclass(frozen=True, kw_only=True)
class Generated:
    """One continuation, the end token left out; `logprob` is the sum over `tokens` in nats.

    `features` is the mean hidden state of its tokens, as `bot.generation.features` packs it.
    """

    tokens: tuple[int, ...]
    logprob: float
    complete: bool
    features: bytes | None = None


class Engine(Protocol):
    """Decodes jobs. A second engine only has to keep these promises."""

    @property
    def free(self) -> int:
        """Candidates that could still join."""

    @property
    def busy(self) -> bool:
        """Whether `step` has anything to do."""

    @property
    def drawn(self) -> int:
        """Tokens drawn so far, those of candidates that were dropped included."""

    def submit(self, job: EngineJob) -> None:
        """Queue a job; it joins as soon as its candidates fit. Raises `ValueError`."""

    def cancel(self, job_id: str) -> None:
        """Drop a job and free its places; an unknown id is ignored."""

    def step(self) -> list[tuple[str, list[Generated]]]:
        """Advance every running candidate by a token; returns the jobs that are done."""

    def read(self, jokes: Sequence[tuple[Sequence[int], Sequence[int]]]) -> list[bytes | None]:
        """The features that `step` would give to jokes, each a prompt and what follows, as ids.

        None for each where the engine has none.
        """


@dataclass
class _Row:
    """A running candidate: its place in the batch is its index in the engine's list."""

    job: EngineJob
    number: int
    uniform: torch.Tensor
    length: int
    tokens: list[int] = field(default_factory=list)
    logprob: float = 0.0


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
        self._waiting: deque[EngineJob] = deque()
        self._rows: list[_Row] = []
        self._drawn = 0
        self._finished: dict[str, dict[int, Generated]] = {}

    @property
    def free(self) -> int:
        return self._slots - len(self._rows) - sum(job.count for job in self._waiting)

    @property
    def busy(self) -> bool:
        return bool(self._rows or self._waiting)

    @property
    def drawn(self) -> int:
        return self._drawn

    def submit(self, job: EngineJob) -> None:
        if not 1 <= job.count <= self._slots:
            raise ValueError(f"{job.count} candidates do not fit into {self._slots} slots")
        if min(len(job.prompt), job.max_tokens) < 1 or job.length > self._limit:
            raise ValueError(f"the prompt and the joke do not fit into {self._limit} tokens")
        self._waiting.append(job)

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
        self._waiting = deque(job for job in self._waiting if job.id != job_id)
        for place in reversed(range(len(self._rows))):
            if self._rows[place].job.id == job_id:
                self._leave(place)
        self._finished.pop(job_id, None)

    @torch.inference_mode()
    def step(self) -> list[tuple[str, list[Generated]]]:
        joining = self._next_jobs()
        if joining:
            return self._accept(*self._prefill(joining))
        if self._rows:
            return self._accept(self._decode(), first_row=0)
        return []

    def read(self, jokes: Sequence[tuple[Sequence[int], Sequence[int]]]) -> list[bytes | None]:
        reader = JokeReader(model=self._model, hidden=self._hidden, limit=self._limit)
        return reader.read(jokes)

    def _next_jobs(self) -> list[EngineJob]:
        room = self._slots - len(self._rows)
        jobs: list[EngineJob] = []
        while self._waiting and self._waiting[0].count <= room:
            room -= self._waiting[0].count
            jobs.append(self._waiting.popleft())
        return jobs

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
            self._finished[job.id] = {}
            self._rows += [
                _Row(
                    job=job,
                    number=number,
                    uniform=uniforms(_candidate_seed(job.seed, number), job.max_tokens),
                    length=len(job.prompt),
                )
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
        done: list[str] = []
        drawn = zip(tokens.tolist(), logprobs.tolist(), strict=True)
        for place, (row, (token, logprob)) in enumerate(zip(rows, drawn, strict=True), first_row):
            row.logprob += logprob
            ended = token in self._end_ids
            read = len(row.tokens)
            if not ended:
                row.tokens.append(token)
                row.length += 1
            if ended or len(row.tokens) >= row.job.max_tokens:
                self._finished[row.job.id][row.number] = Generated(
                    tokens=tuple(row.tokens),
                    logprob=row.logprob,
                    complete=ended,
                    features=packed(self._sums[place] / read) if read else None,
                )
                done.append(row.job.id)
        for place in reversed(range(first_row, len(self._rows))):
            row = self._rows[place]
            if row.number in self._finished[row.job.id]:
                self._leave(place)
        return [
            (job_id, self._collect(job_id)) for job_id in dict.fromkeys(done) if self._whole(job_id)
        ]

    def _whole(self, job_id: str) -> bool:
        return all(row.job.id != job_id for row in self._rows)

    def _collect(self, job_id: str) -> list[Generated]:
        by_number = self._finished.pop(job_id)
        return [by_number[number] for number in sorted(by_number)]

    def _leave(self, place: int) -> None:
        """Free a place; the last row moves into it."""
        last = self._rows.pop()
        if place < len(self._rows):
            self._cache.move(source=len(self._rows), target=place)
            self._sums[place] = self._sums[len(self._rows)]
            self._rows[place] = last


def _candidate_seed(seed: int, number: int) -> int:
    digest = hashlib.blake2b(f"{seed}:{number}".encode(), digest_size=8).digest()
    return int.from_bytes(digest) >> 1
