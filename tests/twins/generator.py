"""The `Generator` port in memory: it answers what a test has written down."""

import asyncio
from collections.abc import Iterable, Sequence

from bot.generation.port import Generation, GenerationError, GenerationRequest, Wait
from bot.generation.queue import Place
from bot.jokes import Reason
from finetune.candidates import Candidate

__all__ = ["Scripted", "ScriptedGenerator"]

Scripted = Sequence[Candidate] | GenerationError | asyncio.Future[Sequence[Candidate]]
"""An answer: candidates, a refusal, or candidates that a test delivers later."""


class ScriptedGenerator:
    """Gives the `answers` in order, at once; a future is waited for until the deadline.

    `requests` are those that came, `abandoned` those whose asker was cancelled meanwhile. `place`
    is what anybody who waits is shown.
    """

    def __init__(
        self,
        answers: Iterable[Scripted],
        *,
        model_version: str = "scripted",
        place: Place | None = None,
    ) -> None:
        self._answers = iter(answers)
        self._model_version = model_version
        self.place = place
        self.requests: list[GenerationRequest] = []
        self.abandoned: list[GenerationRequest] = []

    async def generate(self, request: GenerationRequest, *, wait: Wait | None = None) -> Generation:
        """The next answer. Raises `GenerationError`, and `AssertionError` when none is left."""
        self.requests.append(request)
        if wait is not None:
            wait.follow(lambda: self.place)
        answer = next(self._answers, None)
        if answer is None:
            raise AssertionError(f"no answer is written down for request {len(self.requests)}")
        if isinstance(answer, GenerationError):
            raise answer
        if isinstance(answer, asyncio.Future):
            answer = await self._delivered(answer, request)
        return Generation(model_version=self._model_version, candidates=tuple(answer))

    def seconds_to_wait(self) -> int:
        """Always seven."""
        return 7

    def nothing_fit(self, version: str) -> bool:
        """There is no other version."""
        return False

    async def _delivered(
        self, answer: asyncio.Future[Sequence[Candidate]], request: GenerationRequest
    ) -> Sequence[Candidate]:
        try:
            async with asyncio.timeout(request.deadline):
                return await answer
        except TimeoutError:
            raise GenerationError(Reason.DEADLINE) from None
        except asyncio.CancelledError:
            self.abandoned.append(request)
            raise
