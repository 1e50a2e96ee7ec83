"""Whether jokes can be made: something was generated a moment ago, or is now."""

import asyncio
import time
from typing import Protocol

from bot.generation.port import GenerationError
from bot.generation.protocol import Sampling
from bot.jokes import Reason

__all__ = ["Readiness", "Tried"]

_AGAIN_SECONDS = 0.05
_ONE_TOKEN = Sampling(temperature=0.0, top_k=0, top_p=1.0, max_tokens=1)

_NOT_READY = {
    Reason.MODEL_DOWN: "No worker can generate: the model is still being loaded, or cannot be"
    " loaded; to see which, run: punchline doctor.",
    Reason.CLOSING: "Punchline is stopping.",
}
_UNFIT = "The model made nothing of a prompt; to see what is wrong, run: punchline doctor."


class Tried(Protocol):
    """Who generates; `generated_at` is when it last did, on the monotonic clock."""

    @property
    def generated_at(self) -> float | None:
        """None before the first time."""

    async def try_out(self, sampling: Sampling) -> None:
        """Generate for nobody. Raises `GenerationError`: busy when somebody wants a joke."""


class Readiness:
    """Answers any number of probes with one generation, which gives way to members.

    What was generated `fresh_seconds` ago still counts; a generation made now has
    `deadline_seconds`.
    """

    def __init__(
        self, *, tried: Tried, fresh_seconds: float = 60.0, deadline_seconds: float = 5.0
    ) -> None:
        self._tried = tried
        self._fresh_seconds = fresh_seconds
        self._deadline_seconds = deadline_seconds
        self._trying: asyncio.Task[str] | None = None

    async def trouble(self) -> str:
        """Nothing when jokes can be made, else the reason why not, in a sentence."""
        if self._fresh():
            return ""
        if self._trying is None or self._trying.done():
            self._trying = asyncio.create_task(self._try(), name="readiness")
        # Shielded: others may wait for the same generation.
        return await asyncio.shield(self._trying)

    async def close(self) -> None:
        """Give up a generation that is under way."""
        if self._trying is not None:
            self._trying.cancel()
            await asyncio.gather(self._trying, return_exceptions=True)

    def _fresh(self) -> bool:
        at = self._tried.generated_at
        return at is not None and time.monotonic() - at <= self._fresh_seconds

    async def _try(self) -> str:
        try:
            async with asyncio.timeout(self._deadline_seconds):
                return await self._generated()
        except TimeoutError:
            return f"Nothing was generated within {self._deadline_seconds:g} seconds."

    async def _generated(self) -> str:
        """Generate, or see a member's joke being made, whichever comes first."""
        while True:
            try:
                await self._tried.try_out(_ONE_TOKEN)
            except GenerationError as error:
                if error.reason is not Reason.BUSY:
                    return _NOT_READY.get(error.reason, _UNFIT)
            if self._fresh():
                return ""
            await asyncio.sleep(_AGAIN_SECONDS)
