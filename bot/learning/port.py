"""Learning as the admins' commands see it: retrain, watch, list the model versions, roll back."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Protocol

from bot.store.version_port import Contribution, Run
from finetune.gate.verdict import Verdict

__all__ = ["Learner", "LearningRefused", "ModelLine", "Role", "RunReport", "TrialReport"]


class LearningRefused(Exception):  # noqa: N818 - reads as what has happened
    """It cannot be done now: a text of the catalogues and what to fill in."""

    def __init__(self, text: str, /, **values: object) -> None:
        super().__init__(text.format(**values))
        self.text = text
        self.values = values


class Role(StrEnum):
    """What a version does now; `pruned` ones have no files any more."""

    CHAMPION = "champion"
    CHALLENGER = "challenger"
    PREVIOUS = "previous"
    CANDIDATE = "candidate"
    REJECTED = "rejected"
    RETIRED = "retired"
    PASSED = "passed"
    PRUNED = "pruned"


@dataclass(frozen=True, kw_only=True, slots=True)
class ModelLine:
    """A version, what it learned from and what members made of it.

    `low` and `high` bound its share of upvotes with 95 % certainty; without votes they are 0 and 1.
    """

    version: str
    role: Role | None
    parent: str | None
    learned_votes: int
    jokes: int
    up: int
    down: int
    low: float = 0.0
    high: float = 1.0


@dataclass(frozen=True, kw_only=True, slots=True)
class TrialReport:
    """How a trial stands: members who voted, and how sure it is that the challenger is better."""

    champion: str
    challenger: str
    champion_votes: int
    challenger_votes: int
    votes_needed: int
    probability: float
    waits_for_admin: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class RunReport:
    """How a run stands; `step` of `of` (0 if nobody knows) in its stage or the process's own one.

    `doing` is the trainer's word for what it does now, in English. `picture` and `page` are files
    that go with the verdict.
    """

    run: Run
    doing: str = ""
    step: int = 0
    of: int = 0
    loss: float | None = None
    seconds_left: float | None = None
    learned_votes: int = 0
    flooded_votes: int = 0
    heaviest_share: float = 0.0
    clique_share: float = 0.0
    verdict: Verdict | None = None
    picture: Path | None = None
    page: Path | None = None
    trial: TrialReport | None = None

    @property
    def ended(self) -> bool:
        """Whether nothing more will come."""
        return self.run.ending is not None


class Learner(Protocol):
    """What an admin may ask for. Every method may raise `StoreUnavailable`."""

    async def retrain(self) -> int:
        """Begin to learn from the votes; returns the run's number. Raises `LearningRefused`."""

    async def cancel(self) -> None:
        """End the run that goes on, its trial included. Raises `LearningRefused`."""

    async def report(self) -> RunReport | None:
        """How the latest run stands, if there was one."""

    def watch(self, run: int) -> AsyncIterator[RunReport]:
        """How a run stands, now and whenever that changes, until it has ended."""

    async def decide(self, version: str, *, promote: bool) -> None:
        """Promote or retire the challenger of this name at once. Raises `LearningRefused`."""

    async def models(self) -> Sequence[ModelLine]:
        """Every version, the champion first, then the newest made or the latest to tell a joke."""

    async def roll_back(self, version: str | None) -> str:
        """Serve an earlier version again, by default the one before; returns its name.

        Raises `LearningRefused`.
        """

    async def helped(self, front: str, member: str) -> Contribution | None:
        """The newest version that learned from a member's votes, if any did."""
