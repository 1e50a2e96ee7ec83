"""A step that has been sent to the device and whose outcome is under way to the host."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch

from bot.generation.features import packed
from bot.generation.graphs.step import Outcome
from bot.generation.jobs import Running

__all__ = ["Flight", "Passenger"]


@dataclass(kw_only=True, eq=False)
class Passenger(Running):
    """A running candidate; `sent` is how many tokens it will have at most after what was sent.

    `gone` is one that has ended or was cancelled; a step sent before that still carries it.
    """

    sent: int = 1
    gone: bool = False


class Flight:
    """Copies of an outcome's first rows, each with whom it is about."""

    def __init__(self, outcome: Outcome, passengers: Sequence[Passenger]) -> None:
        self._passengers = tuple(passengers)
        count = len(self._passengers)
        self._tokens = _copied(outcome.tokens[:count])
        self._logprobs = _copied(outcome.logprobs[:count])
        self._features = _copied(outcome.features[:count])
        self._landed: torch.cuda.Event | None = None
        if outcome.tokens.is_cuda:
            self._landed = torch.cuda.Event()  # type: ignore[no-untyped-call]
            self._landed.record(torch.cuda.current_stream(outcome.tokens.device))

    def land(self) -> list[tuple[Passenger, int, float, int]]:
        """Wait for it; who is still there, the token drawn, its log-probability, and the row."""
        if self._landed is not None:
            self._landed.synchronize()
        drawn = zip(self._passengers, self._tokens.tolist(), self._logprobs.tolist(), strict=True)
        return [
            (passenger, token, logprob, row)
            for row, (passenger, token, logprob) in enumerate(drawn)
            if not passenger.gone
        ]

    def features(self, row: int) -> bytes:
        """The features of a row that has landed."""
        return packed(self._features[row])


def _copied(values: torch.Tensor) -> torch.Tensor:
    """A copy on the host, which on a GPU is there only after an event that is recorded later."""
    copy = torch.empty(values.shape, dtype=values.dtype, pin_memory=values.is_cuda)
    return copy.copy_(values, non_blocking=True)
