"""Generation as the service sees it; `tests/twins/generator.py` holds the in-memory twin."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from bot.generation.protocol import KnownJoke, Sampling
from bot.generation.queue import Place
from bot.jokes import Reason
from finetune.candidates import Candidate

__all__ = [
    "Embedder",
    "Embedding",
    "Generation",
    "GenerationError",
    "GenerationRequest",
    "Generator",
    "Wait",
]


class GenerationError(Exception):
    """No candidates: `reason` says why, `seconds` how long to wait where that helps."""

    def __init__(self, reason: Reason, *, seconds: int | None = None) -> None:
        super().__init__(reason.value)
        self.reason = reason
        self.seconds = seconds


@dataclass(frozen=True, kw_only=True, slots=True)
class GenerationRequest:
    """What to generate and for whom; `again` marks a further round of a request already served.

    `joke_id` decides which of two versions on trial answers, unless it is to be answered
    `by_champion`. `tries` is how many workers may die over it, where that is fewer than usual.
    """

    joke_id: int
    community: str
    member: str
    topic: str | None
    opening: str | None
    count: int
    seed: int
    sampling: Sampling
    deadline: float
    again: bool = False
    by_champion: bool = False
    tries: int | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Generation:
    """Candidates, in the order they were asked for, and the version that wrote them."""

    model_version: str
    candidates: tuple[Candidate, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Embedding:
    """The features of jokes in their order, None for one without, and whose they are."""

    model_version: str
    features: tuple[bytes | None, ...]


class Wait:
    """A window for whoever waits: shows the request's place for as long as it is in the line."""

    def __init__(self) -> None:
        self._source: Callable[[], Place | None] | None = None

    def follow(self, source: Callable[[], Place | None]) -> None:
        """Called by the generator: where to read the place from."""
        self._source = source

    def place(self) -> Place | None:
        """The place in the line, or None while not (or no longer) waiting."""
        return self._source() if self._source else None


class Generator(Protocol):
    """Makes candidates. Cancelling the awaiting task gives up the request and frees its slot."""

    async def generate(self, request: GenerationRequest, *, wait: Wait | None = None) -> Generation:
        """Candidates for a prompt. `deadline` is in seconds from now.

        Raises `GenerationError`.
        """

    def seconds_to_wait(self) -> int:
        """About how long until a request that came now would be answered, at least 1."""

    def nothing_fit(self, version: str) -> bool:
        """Note that no candidate a version made for a joke could be told.

        Returns whether a request `by_champion` would be answered by another version.
        """


class Embedder(Protocol):
    """Tells what one live model version makes of jokes that are there already."""

    @property
    def serves(self) -> str | None:
        """The version that would read now, or None while there is none."""

    async def embed(self, jokes: Sequence[KnownJoke]) -> Embedding:
        """The features of a few jokes, which may take long while others are waiting for jokes.

        Raises `GenerationError` when there is no worker, or when it died over it.
        """
