"""What an engine is asked for and gives back, and the line of jobs that every engine keeps."""

import hashlib
from collections import deque
from collections.abc import Container, Sequence
from dataclasses import dataclass, field
from typing import Protocol

import torch

from bot.generation.sampling import uniforms

__all__ = ["Engine", "EngineJob", "Generated", "Jobs", "Running"]


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

    def uniforms(self, number: int) -> torch.Tensor:
        """The randomness of one of its candidates, as `bot.generation.sampling` draws it."""
        digest = hashlib.blake2b(f"{self.seed}:{number}".encode(), digest_size=8).digest()
        return uniforms(int.from_bytes(digest) >> 1, self.max_tokens)


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


@dataclass(kw_only=True, eq=False)
class Running:
    """A candidate under way: what has been drawn of it so far."""

    job: EngineJob
    number: int
    tokens: list[int] = field(default_factory=list)
    logprob: float = 0.0
    complete: bool = False

    @property
    def length(self) -> int:
        """How many tokens its prompt and its joke have."""
        return len(self.job.prompt) + len(self.tokens)

    @property
    def read(self) -> int:
        """How many tokens of its own joke the model had read when it ended."""
        return len(self.tokens) - (not self.complete)

    def accept(self, token: int, logprob: float, *, end_ids: Container[int]) -> bool:
        """Go on with a token; whether the joke ends with it."""
        self.logprob += logprob
        self.complete = token in end_ids
        if not self.complete:
            self.tokens.append(token)
        return self.complete or len(self.tokens) >= self.job.max_tokens

    def generated(self, features: bytes | None) -> Generated:
        """What became of it."""
        return Generated(
            tokens=tuple(self.tokens),
            logprob=self.logprob,
            complete=self.complete,
            features=features,
        )


class Jobs:
    """Jobs that wait until their candidates fit into `slots`, and candidates of those that run.

    `limit` is how many tokens a prompt and a joke may have together.
    """

    def __init__(self, *, slots: int, limit: int) -> None:
        self._slots = slots
        self._limit = limit
        self._waiting: deque[EngineJob] = deque()
        self._finished: dict[str, dict[int, Generated]] = {}

    def __bool__(self) -> bool:
        """Whether any job waits."""
        return bool(self._waiting)

    @property
    def candidates(self) -> int:
        """How many candidates the waiting jobs have."""
        return sum(job.count for job in self._waiting)

    def submit(self, job: EngineJob) -> None:
        """Let a job wait. Raises `ValueError` when it can never fit."""
        if not 1 <= job.count <= self._slots:
            raise ValueError(f"{job.count} candidates do not fit into {self._slots} slots")
        if min(len(job.prompt), job.max_tokens) < 1 or job.length > self._limit:
            raise ValueError(f"the prompt and the joke do not fit into {self._limit} tokens")
        self._waiting.append(job)

    def next(self, room: int) -> list[EngineJob]:
        """The first jobs whose candidates fit into `room`; they run from now on."""
        jobs: list[EngineJob] = []
        while self._waiting and self._waiting[0].count <= room:
            room -= self._waiting[0].count
            jobs.append(self._waiting.popleft())
            self._finished[jobs[-1].id] = {}
        return jobs

    def cancel(self, job_id: str) -> None:
        """Forget a job, whether it waits or runs."""
        self._waiting = deque(job for job in self._waiting if job.id != job_id)
        self._finished.pop(job_id, None)

    def finish(
        self, candidate: Running, features: bytes | None
    ) -> list[tuple[str, list[Generated]]]:
        """Note a candidate that has ended; its job with all of them if it was the last one."""
        job = candidate.job
        by_number = self._finished[job.id]
        by_number[candidate.number] = candidate.generated(features)
        if len(by_number) < job.count:
            return []
        del self._finished[job.id]
        return [(job.id, [by_number[each] for each in range(job.count)])]
