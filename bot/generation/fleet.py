"""Several model versions served at once, and swapped while members go on asking.

The champion answers; a challenger answers a share of the requests, and where it cannot, the
champion does instead. A version that is swapped out finishes what it has and is closed then.
"""

import hashlib
import time
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from bot.generation.berths import Berths, VersionUnservableError
from bot.generation.live import Faults, LiveVersion
from bot.generation.pool import PoolStatus
from bot.generation.port import (
    Embedder,
    Embedding,
    Generation,
    GenerationError,
    GenerationRequest,
    Wait,
)
from bot.generation.protocol import KnownJoke, Sampling
from bot.generation.supervisor import WorkerStatus
from bot.jokes import Reason
from bot.model import ServedModel

__all__ = ["Fleet", "FleetStatus", "VersionUnservableError", "in_share"]

_CHALLENGER_PATIENCE = 0.5
"""The part of its deadline that a request waits for a challenger."""

_NOT_ADMITTED = frozenset((Reason.BUSY, Reason.TOO_MANY_WAITING))
"""Refusals of a full line; whoever has waited in one has a place in front elsewhere."""


@dataclass(frozen=True, kw_only=True, slots=True)
class FleetStatus:
    """The fleet at a glance: `worker` is the champion's, the counts are of all versions."""

    champion: str
    challenger: str | None
    worker: WorkerStatus
    waiting: int
    running: int


def in_share(joke_id: int, *, version: str, share: float) -> bool:
    """Whether a challenger is to answer a request: the same for ever, by hash."""
    digest = hashlib.blake2b(f"{version}:{joke_id}".encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big") / (1 << 64) < share


class Fleet:
    """Implements the `Generator` port, and `Embedder` with the champion."""

    def __init__(self, *, berths: Berths) -> None:
        self._berths = berths
        self._first: LiveVersion | None = None
        self._challenger: LiveVersion | None = None
        self._share = 0.0
        self._faults: defaultdict[str, Faults] = defaultdict(Faults)
        self._accepting = True

    def start(self, model: ServedModel) -> None:
        """Make a version the first champion; requests wait in its line while it is loaded."""
        self._first = self._berths.begin(model)

    @property
    def champion(self) -> str:
        """The version that answers."""
        return self._champion.version

    @property
    def challenger(self) -> str | None:
        """The version on trial, if there is one."""
        return self._challenger.version if self._challenger else None

    @property
    def live(self) -> frozenset[str]:
        """Every version with a pool, those included that only finish what they have."""
        return self._berths.names

    @property
    def status(self) -> FleetStatus:
        """The fleet now."""
        pools = [live.pool.status for live in self._berths.all]
        return FleetStatus(
            champion=self.champion,
            challenger=self.challenger,
            worker=self._champion.pool.status.worker,
            waiting=sum(pool.waiting for pool in pools),
            running=sum(pool.running for pool in pools),
        )

    @property
    def serves(self) -> str | None:
        """The version of the champion's worker while it has one that is ready."""
        return self._champion.pool.serves

    @property
    def embedders(self) -> Sequence[Embedder]:
        """Who tells what champion and challenger make of jokes."""
        return [live.pool for live in self._live]

    def faults(self, version: str) -> Faults:
        """How a version has served since it was made champion or challenger here."""
        return self._faults[version]

    def count(self, version: str, faults: Faults) -> None:
        """Add to what is known of how a version serves."""
        self._faults[version] += faults

    async def loaded(self) -> None:
        """Wait until the first champion's worker is ready, or has failed."""
        await self._champion.pool.met()

    async def generate(self, request: GenerationRequest, *, wait: Wait | None = None) -> Generation:
        """Candidates of the champion, or of the challenger for its share.

        Whoever a version cannot serve that is not the champion, or is it no more, is served by the
        champion in what is left of the deadline. Raises `GenerationError`.
        """
        self.interrupt()
        ends = time.monotonic() + request.deadline
        live = self._chosen(request)
        while True:
            on_trial = live is self._challenger
            try:
                return await self._ask(live, _for_trial(request) if on_trial else request, wait)
            except GenerationError as error:
                left = ends - time.monotonic()
                nobody_else = live is self._champion and not on_trial
                if nobody_else or not self._accepting or left <= 0:
                    raise
                again = request.again or error.reason not in _NOT_ADMITTED
                request = replace(request, deadline=left, again=again)
                live = self._champion

    async def embed(self, jokes: Sequence[KnownJoke]) -> Embedding:
        """What the champion makes of a few jokes. Raises `GenerationError`."""
        champion = self._champion
        with champion.used():
            return await champion.pool.embed(jokes)

    async def draw(self, version: str, *, count: int, seed: int, sampling: Sampling) -> Generation:
        """Candidates of champion or challenger that nobody has asked for.

        Raises `GenerationError`: that it is busy when somebody wants any version, or comes
        meanwhile, or when a version is being loaded.
        """
        pools = {live.version: live.pool for live in self._live if live.serving}
        status = self.status
        if status.waiting or status.running or len(pools) < len(self._berths.all):
            raise GenerationError(Reason.BUSY)
        if version not in pools:
            raise GenerationError(Reason.MODEL_DOWN)
        return await pools[version].draw(count=count, seed=seed, sampling=sampling)

    @property
    def generated_at(self) -> float | None:
        """When the champion last made something, on the monotonic clock."""
        return self._champion.pool.generated_at

    async def try_out(self, sampling: Sampling) -> None:
        """Have the champion generate for nobody, giving way to whoever wants a joke.

        Raises `GenerationError`: that it is busy when somebody does.
        """
        await self._champion.pool.try_out(count=1, seed=0, sampling=sampling)

    @property
    def pools(self) -> Mapping[str, PoolStatus]:
        """Each version with a pool, those included that only finish what they have."""
        return {live.version: live.pool.status for live in self._berths.all}

    def interrupt(self) -> None:
        """Give up what nobody has asked for."""
        for live in self._berths.all:
            live.pool.interrupt()

    def answers(self, joke_id: int) -> str:
        """The version that is to answer a request: the challenger if it falls to its share."""
        challenger = self._challenger
        if challenger is not None and in_share(
            joke_id, version=challenger.version, share=self._share
        ):
            return challenger.version
        return self.champion

    def seconds_to_wait(self) -> int:
        """About how long until a request that came now would be answered, at least 1."""
        return self._champion.pool.seconds_to_wait()

    def nothing_fit(self, version: str) -> bool:
        """Note that nothing a version made for a joke could be told."""
        self.count(version, Faults(empty=1))
        return version != self.champion

    async def prepare(self, version: str) -> None:
        """Have a worker of a version ready, to serve at once when it is told to.

        Raises `VersionUnservableError` when it breaks, hangs or dies while it loads.
        """
        self.interrupt()
        await self._berths.prepare(version, serving=(self.champion, self.challenger))

    async def serve(self, version: str) -> None:
        """Make a version champion as soon as it is ready; running requests finish on the old one.

        Raises `VersionUnservableError`, and then nothing has changed.
        """
        await self.prepare(version)
        if version == self.champion:
            return
        old = self._champion
        if version == self.challenger and self._challenger:
            self._first, self._challenger = self._challenger, None
        else:
            self._first = self._berths.take(version)
            self._faults[version] = Faults()
        self._berths.retire(old)

    async def try_beside(self, version: str, share: float) -> None:
        """Let a version answer a share of the requests, in the place of any other challenger.

        Raises `VersionUnservableError`, and then nothing has changed.
        """
        if version == self.champion:
            raise VersionUnservableError(f"{version} is the champion already.")
        await self.prepare(version)
        if version != self.challenger:
            self.withdraw_challenger()
            self._challenger = self._berths.take(version)
            self._faults[version] = Faults()
        self._share = share

    def withdraw_challenger(self) -> None:
        """Send no more requests to the challenger; it finishes those it has."""
        if self._challenger is not None:
            self._berths.retire(self._challenger)
            self._challenger = None

    def dismiss_prepared(self) -> None:
        """Let go of versions that were made ready and are not wanted any more."""
        self._berths.dismiss()

    def stop_accepting(self) -> None:
        """Send away whoever waits in a line; what is running may finish."""
        self._accepting = False
        for live in self._berths.all:
            live.pool.stop_accepting()

    async def close(self) -> None:
        """Answer what is left with an apology and end all workers."""
        self._accepting = False
        await self._berths.close()

    @property
    def _champion(self) -> LiveVersion:
        if self._first is None:
            raise RuntimeError("the fleet has not been started")
        return self._first

    @property
    def _live(self) -> Sequence[LiveVersion]:
        return [live for live in (self._champion, self._challenger) if live is not None]

    def _chosen(self, request: GenerationRequest) -> LiveVersion:
        challenger = self._challenger
        if challenger is None or request.by_champion:
            return self._champion
        if self.answers(request.joke_id) != challenger.version:
            return self._champion
        if not challenger.serving:
            self.count(challenger.version, Faults(errors=int(not challenger.blameless)))
            return self._champion
        return challenger

    async def _ask(
        self, live: LiveVersion, request: GenerationRequest, wait: Wait | None
    ) -> Generation:
        with live.used():
            try:
                generation = await live.pool.generate(request, wait=wait)
            except GenerationError as error:
                # Only a challenger is given less time than a member is ready to wait.
                late = error.reason is Reason.DEADLINE and live is self._challenger
                if not live.blameless:
                    self.count(live.version, Faults(errors=1) if late else Faults.by(error.reason))
                raise
        self.count(live.version, Faults(answered=int(not request.again)))
        return generation


def _for_trial(request: GenerationRequest) -> GenerationRequest:
    """A challenger gets one try and part of the time, so that the champion can still answer."""
    return replace(request, deadline=request.deadline * _CHALLENGER_PATIENCE, tries=1)
