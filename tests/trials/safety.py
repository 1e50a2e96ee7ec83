"""How soon a challenger goes that fails requests or whose jokes members report."""

from dataclasses import dataclass

import numpy as np

from bot.generation.live import Faults
from bot.learning.trial import too_faulty, too_often_reported
from bot.store.version_port import TrialVotes

__all__ = ["Retired", "retired_for_faults", "retired_for_reports"]


@dataclass(frozen=True, kw_only=True)
class Retired:
    """How many of the trials were ended, and after how many of the challenger's requests."""

    share: float
    median: float | None

    @classmethod
    def of(cls, ended: list[int], *, trials: int) -> "Retired":
        """`ended` has the number of the request after which each ended trial was ended."""
        return cls(share=len(ended) / trials, median=float(np.median(ended)) if ended else None)


def retired_for_faults(
    rate: float, *, trials: int, requests: int, random: np.random.Generator
) -> Retired:
    """The challenger fails each request with this probability; it is looked at after each."""
    ended = []
    for _ in range(trials):
        failing = 1 + np.flatnonzero(random.random(requests) < rate)
        for failed, asked in enumerate(failing.tolist(), start=1):
            if too_faulty(Faults(errors=failed, answered=asked - failed)):
                ended.append(asked)
                break
    return Retired.of(ended, trials=trials)


def retired_for_reports(
    rates: tuple[float, float],
    *,
    trials: int,
    requests: int,
    share: float,
    random: np.random.Generator,
) -> Retired:
    """The champion's and the challenger's jokes are reported with these probabilities.

    It is looked at whenever one of the challenger's is; `requests` are the challenger's.
    """
    ended = []
    for _ in range(trials):
        reported = 1 + np.flatnonzero(random.random(requests) < rates[1])
        theirs = np.cumsum(random.random(round(requests * (1 - share) / share)) < rates[0])
        for flagged, jokes in enumerate(reported.tolist(), start=1):
            told = round(jokes * (1 - share) / share)
            champion = TrialVotes(version="old", jokes=told, flagged=int(theirs[told - 1]))
            challenger = TrialVotes(version="new", jokes=jokes, flagged=flagged)
            if too_often_reported(champion, challenger):
                ended.append(jokes)
                break
    return Retired.of(ended, trials=trials)
