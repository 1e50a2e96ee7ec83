"""One model version that is live: its pool, who waits for it, and how often it failed them."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from bot.generation.pool import WorkerPool
from bot.generation.supervisor import WorkerState
from bot.jokes import Reason
from bot.model import ServedModel

__all__ = ["Faults", "LiveVersion"]

_ERRORS = frozenset((Reason.MODEL_DOWN, Reason.GAVE_UP))


@dataclass(frozen=True, kw_only=True, slots=True)
class Faults:
    """How a version served: requests `answered`, failed by its worker (`errors`) or without a joke.

    A request counts once as answered, however many rounds it took.
    """

    errors: int = 0
    empty: int = 0
    answered: int = 0

    def __add__(self, other: "Faults") -> "Faults":
        return Faults(
            errors=self.errors + other.errors,
            empty=self.empty + other.empty,
            answered=self.answered + other.answered,
        )

    @classmethod
    def by(cls, reason: Reason) -> "Faults":
        """What a refusal counts as; one that is not the version's fault as nothing."""
        return cls(errors=int(reason in _ERRORS), empty=int(reason is Reason.NOTHING_FIT))


class LiveVersion:
    """A pool in use; `quiet` is set while no request is with it."""

    def __init__(self, *, model: ServedModel, pool: WorkerPool) -> None:
        self.model = model
        self.version = model.name
        self.pool = pool
        self.quiet = asyncio.Event()
        self.quiet.set()
        self._requests = 0

    @property
    def serving(self) -> bool:
        """Whether its worker has loaded the model and lives."""
        return self.pool.status.worker.state is WorkerState.SERVING

    @property
    def blameless(self) -> bool:
        """Whether it does not serve because what serves cannot be reached."""
        return self.pool.status.worker.outage

    @property
    def trouble(self) -> str:
        """Why the first worker could not serve, or nothing if it can; for after `pool.met`."""
        return "" if self.serving else self.pool.status.worker.trouble or "it was stopped"

    @contextmanager
    def used(self) -> Iterator[None]:
        """A request is with the pool for as long as this lasts."""
        self._requests += 1
        self.quiet.clear()
        try:
            yield
        finally:
            self._requests -= 1
            if not self._requests:
                self.quiet.set()
