"""What the store remembers of model versions, of which serve, and of the runs that make them."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, Protocol

__all__ = [
    "Contribution",
    "Ending",
    "MadeVersion",
    "Roles",
    "Run",
    "Stage",
    "TrialVotes",
    "VersionState",
    "Versions",
]


class VersionState(StrEnum):
    """What became of a version that was made here; which one serves is in `Roles`."""

    CANDIDATE = "candidate"
    REJECTED = "rejected"
    PASSED = "passed"
    RETIRED = "retired"


class Stage(StrEnum):
    """How far a run has come on its way from votes to a better model."""

    SNAPSHOT = "snapshot"
    TRAINING = "training"
    GATE = "gate"
    TRIAL = "trial"


class Ending(StrEnum):
    """How a run ended."""

    PROMOTED = "promoted"
    RETIRED = "retired"
    REJECTED = "rejected"
    CANCELLED = "cancelled"
    FAILED = "failed"


@dataclass(frozen=True, kw_only=True, slots=True)
class MadeVersion:
    """A version made from votes: `votes` of them in the frozen file called `snapshot`.

    `verdict` is the gate's, plain JSON; `kept` is False when its files have been removed.
    """

    name: str
    parent: str
    state: VersionState
    snapshot: str
    votes: int
    created_at: datetime
    manifest: Mapping[str, Any] = field(default_factory=dict)
    verdict: Mapping[str, Any] | None = None
    kept: bool = True


@dataclass(frozen=True, kw_only=True, slots=True)
class Roles:
    """Which versions serve: one row, changed in one transaction.

    `origin` is the version that the configuration names, with which all began; `previous` is the
    champion before this one. A trial began at `trial_began` if there is a challenger.
    """

    origin: str
    champion: str
    changed_at: datetime
    challenger: str | None = None
    previous: str | None = None
    trial_began: datetime | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Run:
    """One way from votes to a better model; `ending` is None while it goes on.

    `detail` says in a sentence why it ended as it did.
    """

    id: int
    stage: Stage
    parent: str
    began_at: datetime
    version: str | None = None
    snapshot: str | None = None
    ending: Ending | None = None
    ended_at: datetime | None = None
    detail: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Contribution:
    """How many of a member's votes a version learned from."""

    version: str
    votes: int


@dataclass(frozen=True, kw_only=True, slots=True)
class TrialVotes:
    """What a version got in a trial; `members` has the up- and downvotes of each who voted."""

    version: str
    jokes: int = 0
    flagged: int = 0
    members: tuple[tuple[int, int], ...] = ()

    @property
    def votes(self) -> int:
        """All votes together."""
        return sum(up + down for up, down in self.members)


class Versions(Protocol):
    """Versions, their roles and the runs that make them. Every method may raise `StoreUnavailable`.

    A method that has returned has committed.
    """

    async def roles(self) -> Roles | None:
        """Which versions serve, or None before anybody has said."""

    async def assume(self, roles: Roles, *, instead_of: Roles | None) -> bool:
        """Put roles in the place of others; False, changing nothing, if those are not there."""

    async def add(self, version: MadeVersion, *, voters: Mapping[str, int]) -> None:
        """Note a version, and how many votes of which members (keyed hashes) it learned from.

        A version of this name that is noted already is replaced.
        """

    async def mark(
        self,
        name: str,
        *,
        state: VersionState | None = None,
        verdict: Mapping[str, Any] | None = None,
        kept: bool | None = None,
        manifest: Mapping[str, Any] | None = None,
    ) -> None:
        """Change what is given of a version."""

    async def all(self) -> Sequence[MadeVersion]:
        """Every version made here, the newest first."""

    async def contributions(self, front: str, member: str) -> Sequence[Contribution]:
        """What versions that serve or served learned from a member, the newest first."""

    async def begin(self, *, parent: str) -> Run | None:
        """Begin a run that belongs to this process, or None when there is one going on."""

    async def going_on(self) -> Run | None:
        """The run that has not ended, whoever it belongs to."""

    async def adopt(self) -> Run | None:
        """The run going on, if it belongs to this process or its process is gone."""

    async def last(self) -> Run | None:
        """The newest run."""

    async def advance(
        self, run: int, stage: Stage, *, version: str | None = None, snapshot: str | None = None
    ) -> None:
        """Note how far a run has come, unless it has ended."""

    async def release(self, run: int) -> None:
        """Let another process go on with a run."""

    async def end(self, run: int, ending: Ending, *, detail: str) -> bool:
        """End a run; False when it has ended before."""

    async def trial_votes(
        self, names: Collection[str], *, since: datetime
    ) -> Mapping[str, TrialVotes]:
        """What each of some versions got for jokes told since then, imported ones left out."""
