"""Draws jokes in large batches with plain transformers."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from transformers import GenerationConfig, LogitsProcessor, LogitsProcessorList

from finetune.candidates import Candidate
from finetune.models import LoadedModel

__all__ = ["Prompt", "Sampling", "draw_jokes"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Prompt:
    """What a member may ask for."""

    topic: str | None = None
    opening: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Sampling:
    """How candidates are drawn; the defaults are the bot's."""

    temperature: float = 0.95
    top_p: float = 0.95
    max_tokens: int = 96


@dataclass(frozen=True, slots=True)
class _Job:
    place: int
    prompt: Prompt
    ids: list[int]


class _Scores(LogitsProcessor):
    """Keeps the log-probability of every drawn token, before temperature and truncation."""

    def __init__(self) -> None:
        self._predicted: torch.Tensor | None = None
        self._drawn: list[torch.Tensor] = []

    def __call__(self, input_ids: torch.Tensor, scores: torch.Tensor) -> torch.Tensor:
        self._keep(input_ids)
        self._predicted = torch.log_softmax(scores.float(), dim=-1)
        return scores

    def of(self, sequences: torch.Tensor) -> torch.Tensor:
        """The log-probabilities [rows, drawn tokens] of finished sequences."""
        self._keep(sequences)
        return torch.stack(self._drawn, dim=1)

    def _keep(self, ids: torch.Tensor) -> None:
        if self._predicted is not None:
            self._drawn.append(self._predicted.gather(1, ids[:, -1:]).squeeze(1))


def draw_jokes(
    loaded: LoadedModel,
    prompts: Sequence[Prompt],
    *,
    each: int,
    seed: int,
    sampling: Sampling = Sampling(),
    batch: int = 32,
    progress: Callable[[int], None] = lambda done: None,
) -> list[list[Candidate]]:
    """`each` candidates for every prompt, scored and decoded as the bot's worker does it.

    The same seed draws the same jokes on the same device. Raises `PromptTooLongError`.
    """
    jobs: list[_Job] = []
    for prompt in prompts:
        ids = loaded.template.prompt(loaded.tokenizer, topic=prompt.topic, opening=prompt.opening)
        jobs += [_Job(len(jobs) + number, prompt, ids) for number in range(each)]
    candidates: dict[int, Candidate] = {}
    devices = [loaded.model.device] if loaded.model.device.type == "cuda" else []
    with torch.random.fork_rng(devices):
        torch.manual_seed(seed)
        for some in _batches(jobs, batch):
            drawn = _draw(loaded, some, sampling)
            candidates |= {job.place: candidate for job, candidate in zip(some, drawn, strict=True)}
            progress(len(candidates))
    ordered = [candidates[place] for place in range(len(jobs))]
    return [ordered[start : start + each] for start in range(0, len(jobs), each)]


def _batches(jobs: Sequence[_Job], size: int) -> Iterator[list[_Job]]:
    """Jobs with prompts of like length together, so that little is padded."""
    ordered = sorted(jobs, key=lambda job: len(job.ids))
    for start in range(0, len(ordered), size):
        yield ordered[start : start + size]


@torch.inference_mode()
def _draw(loaded: LoadedModel, jobs: Sequence[_Job], sampling: Sampling) -> Iterator[Candidate]:
    ends = loaded.template.end_ids(loaded.tokenizer)
    ids, mask = _left_padded([job.ids for job in jobs])
    scores = _Scores()
    model: Any = loaded.model
    sequences = model.generate(
        input_ids=ids.to(model.device),
        attention_mask=mask.to(model.device),
        generation_config=_configuration(sampling, ends),
        logits_processor=LogitsProcessorList([scores]),
    )
    logprobs = scores.of(sequences).tolist()
    tokens = sequences[:, ids.shape[1] :].tolist()
    return (
        _candidate(loaded, job, row, logprob, ends)
        for job, row, logprob in zip(jobs, tokens, logprobs, strict=True)
    )


def _left_padded(prompts: Sequence[list[int]]) -> tuple[torch.Tensor, torch.Tensor]:
    """Ids and attention mask [rows, longest]; generate counts positions from the mask."""
    width = max(map(len, prompts))
    padding = [width - len(ids) for ids in prompts]
    rows = [[0] * pad + ids for pad, ids in zip(padding, prompts, strict=True)]
    masks = [[0] * pad + [1] * (width - pad) for pad in padding]
    return torch.tensor(rows), torch.tensor(masks)


def _configuration(sampling: Sampling, ends: frozenset[int]) -> GenerationConfig:
    # What stays unsaid would come from the model's own generation_config.json.
    return GenerationConfig(  # type: ignore[no-untyped-call]
        do_sample=True,
        temperature=sampling.temperature,
        top_p=sampling.top_p,
        top_k=0,
        repetition_penalty=1.0,
        no_repeat_ngram_size=0,
        num_beams=1,
        max_new_tokens=sampling.max_tokens,
        eos_token_id=sorted(ends) or None,
        pad_token_id=min(ends, default=0),
    )


def _candidate(
    loaded: LoadedModel, job: _Job, row: list[int], logprobs: list[float], ends: frozenset[int]
) -> Candidate:
    length = next((place for place, token in enumerate(row) if token in ends), len(row))
    tokens = row[:length]
    text = loaded.template.joke(loaded.tokenizer, opening=job.prompt.opening, generated=tokens)
    return Candidate(
        text=text,
        tokens=length,
        score=sum(logprobs[: length + 1]) / max(1, length),
        complete=length < len(row),
    )
