"""One run from votes to a better model: snapshot, training, gate, trial, and then a decision."""

import asyncio
import logging
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any, Protocol

from bot.generation.live import Faults
from bot.learning.board import Board
from bot.learning.places import Places
from bot.learning.port import RunReport, TrialReport
from bot.learning.process import FinetuneError, ProgressLine
from bot.learning.trial import Decision, Outcome, decide
from bot.learning.workshop import Workshop
from bot.model import ServedModel
from bot.settings import LearningSettings, TrialSettings
from bot.store.moments import Clock, now
from bot.store.port import Store, StoreUnavailable
from bot.store.version_port import (
    Ending,
    MadeVersion,
    Roles,
    Run,
    Stage,
    Versions,
    VersionState,
)
from bot.votes.choosing import TooFewVotesError
from bot.votes.snapshot import Snapshot, freeze
from finetune.artifacts import MANIFEST, BrokenVersionError, read_manifest
from finetune.gate.verdict import PAGE, PICTURE, VERDICT, Verdict, read_verdict

__all__ = ["Retraining", "Stand"]

_log = logging.getLogger("punchline.learning")


class Stand(Protocol):
    """Where versions serve."""

    async def roles(self) -> Roles:
        """Which versions do what. Raises `StoreUnavailable`."""

    async def champion(self) -> ServedModel:
        """The version that serves."""

    async def try_beside(self, version: str) -> None:
        """Give a version its share of the requests. Raises `LearningRefused`."""

    async def promote(self) -> None:
        """Make the challenger the champion. Raises `LearningRefused`."""

    async def end_trial(self) -> None:
        """Take the challenger away."""

    async def roll_back(self, version: str | None) -> str:
        """Serve an earlier version again. Raises `LearningRefused`."""

    def faults(self, version: str) -> Faults:
        """What went wrong with a version since its trial began, as far as this process knows."""


class Retraining:
    """Carries a run to its end, or as far as `until`; a trial is judged every `poll_seconds`.

    A run that is stopped on the way, by whatever, can be carried on from its row in the store.
    """

    def __init__(
        self,
        *,
        store: Store,
        versions: Versions,
        workshop: Workshop,
        stand: Stand,
        places: Places,
        rules: LearningSettings,
        trial: TrialSettings,
        board: Board,
        clock: Clock = now,
        poll_seconds: float = 2.0,
        until: Stage | None = None,
    ) -> None:
        self._store = store
        self._versions = versions
        self._workshop = workshop
        self._stand = stand
        self._places = places
        self._rules = rules
        self._trial = trial
        self._board = board
        self._clock = clock
        self._poll_seconds = poll_seconds
        self._until = until

    async def carry(self, run: Run, *, resumed: bool) -> None:
        """Go through the stages that are left; a cancelled task leaves the run to others."""
        self._board.post(RunReport(run=run))
        try:
            ending, detail = await self._carry(run, resumed=resumed)
        except (TooFewVotesError, FinetuneError, OSError, ValueError) as error:
            ending, detail = Ending.FAILED, str(error)
        if ending is not None:
            await self.end(self._report.run, ending, detail)

    async def end(self, run: Run, ending: Ending, detail: str) -> None:
        """Close a run and put away what it does not need any more."""
        await self._versions.end(run.id, ending, detail=detail)
        if run.version is not None:
            made = {
                Ending.PROMOTED: VersionState.PASSED,
                Ending.REJECTED: VersionState.REJECTED,
            }.get(ending, VersionState.RETIRED)
            there = (self._places.version(run.version) / MANIFEST).is_file()
            await self._versions.mark(run.version, state=made, kept=there)
            await asyncio.to_thread(self._places.clear, run.version)
        finished = replace(run, ending=ending, ended_at=self._clock(), detail=detail)
        self._show(run=finished)
        _log.info("Run %d ended, %s: %s", run.id, ending.value, detail)

    @property
    def _report(self) -> RunReport:
        if self._board.report is None:
            raise ValueError("a run is reported from its beginning")
        return self._board.report

    def _show(self, **changes: Any) -> None:
        self._board.post(replace(self._report, **changes))

    async def _carry(self, run: Run, *, resumed: bool) -> tuple[Ending | None, str]:
        if run.version is None or run.snapshot is None:
            run = await self._freeze(run)
            resumed = False
        await self._recall(run)
        corpus = await self._workshop.corpus(self._hear)
        if run.stage is Stage.TRAINING:
            run = await self._teach(run, corpus, resumed=resumed)
        if run.stage is Stage.GATE:
            verdict = await self._judge(run, corpus)
            if not verdict.passed:
                return Ending.REJECTED, " ".join(verdict.reasons)
            run = await self._advance(run, Stage.TRIAL)
        if self._until is Stage.TRIAL:
            await self._versions.release(run.id)
            return None, ""
        return await self._try(_of(run.version))

    async def _advance(self, run: Run, stage: Stage) -> Run:
        await self._versions.advance(run.id, stage, version=run.version, snapshot=run.snapshot)
        run = replace(run, stage=stage)
        self._show(run=run, doing="", step=0, of=0, loss=None, seconds_left=None)
        return run

    async def _freeze(self, run: Run) -> Run:
        rows = [row async for row in self._store.votes()]
        snapshot: Snapshot = await asyncio.to_thread(
            freeze, rows, rules=self._rules, directory=self._places.snapshots
        )
        name = await asyncio.to_thread(self._free_name, run.id, await self._versions.all())
        await self._versions.add(
            MadeVersion(
                name=name,
                parent=run.parent,
                state=VersionState.CANDIDATE,
                snapshot=snapshot.name,
                votes=snapshot.train.votes,
                created_at=self._clock(),
                kept=False,
            ),
            voters=snapshot.voters,
        )
        named = replace(run, version=name, snapshot=snapshot.name)
        return await self._advance(named, Stage.TRAINING)

    def _free_name(self, number: int, made: Any) -> str:
        """A name that no version ever had, not even one from before the database was restored."""
        taken = {version.name for version in made}
        while (name := f"punchline-{number}") in taken or self._places.version(name).exists():
            number += 1
        return name

    async def _recall(self, run: Run) -> None:
        """Show what is known of the votes."""
        described = await asyncio.to_thread(self._places.described, _of(run.snapshot))
        heaviest = described["top_voters"]["after"]
        self._show(
            run=run,
            learned_votes=described["train"]["votes"],
            flooded_votes=described["set_aside"]["flooded"],
            heaviest_share=heaviest["member"],
            clique_share=heaviest["clique"],
        )

    def _hear(self, line: ProgressLine) -> None:
        if line.get("stage") == "samples":
            return
        self._show(
            doing=str(line.get("stage", "")),
            step=int(line.get("step") or 0),
            of=int(line.get("of") or 0),
            loss=line.get("loss"),
            seconds_left=line.get("seconds_left"),
        )

    async def _teach(self, run: Run, corpus: Path, *, resumed: bool) -> Run:
        name = _of(run.version)
        directory = self._places.version(name)
        if not (directory / MANIFEST).is_file():
            await self._workshop.teach(
                parent=await self._stand.champion(),
                votes=self._places.votes(_of(run.snapshot)),
                corpus=corpus,
                version=directory,
                resume=resumed,
                hear=self._hear,
            )
        manifest = await asyncio.to_thread(_lineage, directory)
        await self._versions.mark(name, kept=True, manifest=manifest)
        return await self._advance(run, Stage.GATE)

    async def _judge(self, run: Run, corpus: Path) -> Verdict:
        name = _of(run.version)
        verdict = await self._workshop.judge(
            candidate=self._places.version(name),
            champion=await self._stand.champion(),
            votes=self._places.held_out(_of(run.snapshot)),
            corpus=corpus,
            verdict=self._places.verdict(name),
            hear=self._hear,
        )
        await self._versions.mark(name, verdict=verdict.to_json())
        self._show_verdict(name, verdict)
        return verdict

    def _show_verdict(self, name: str, verdict: Verdict) -> None:
        folder = self._places.verdict(name)
        picture, page = folder / PICTURE, folder / PAGE
        self._show(
            verdict=verdict,
            picture=picture if picture.is_file() else None,
            page=page if page.is_file() else None,
        )

    async def _try(self, version: str) -> tuple[Ending, str]:
        """Let a version compete until its votes decide, or somebody does."""
        if self._report.verdict is None:
            verdict = await asyncio.to_thread(read_verdict, self._places.verdict(version) / VERDICT)
            self._show_verdict(version, verdict)
        roles = await self._stand.roles()
        if version not in (roles.challenger, roles.champion):
            await self._stand.try_beside(version)
        while True:
            try:
                roles = await self._stand.roles()
                if roles.champion == version:
                    return Ending.PROMOTED, f"{version} serves."
                if roles.challenger != version:
                    return Ending.RETIRED, f"{roles.champion} goes on serving; it was decided so."
                if (decided := await self._decided(roles, version)) is not None:
                    return decided
            except StoreUnavailable as error:
                _log.warning("The trial cannot be judged at present: %s", error)
            await asyncio.sleep(self._poll_seconds)

    async def _decided(self, roles: Roles, version: str) -> tuple[Ending, str] | None:
        began = roles.trial_began or self._clock()
        found = await self._versions.trial_votes([roles.champion, version], since=began)
        decision = decide(
            found[roles.champion],
            found[version],
            elapsed=max(timedelta(), self._clock() - began),
            faults=self._stand.faults(version),
            champion_faults=self._stand.faults(roles.champion),
            rules=self._trial,
        )
        wins = decision.outcome is Outcome.PROMOTE
        self._show_trial(
            decision,
            champion=roles.champion,
            challenger=version,
            votes=(len(found[roles.champion].members), len(found[version].members)),
            waits=wins and not self._trial.auto_promote,
        )
        if wins and self._trial.auto_promote:
            await self._stand.promote()
            return Ending.PROMOTED, decision.why
        if decision.outcome is Outcome.RETIRE:
            await self._stand.end_trial()
            return Ending.RETIRED, decision.why
        return None

    def _show_trial(
        self,
        decision: Decision,
        *,
        champion: str,
        challenger: str,
        votes: tuple[int, int],
        waits: bool,
    ) -> None:
        trial = TrialReport(
            champion=champion,
            challenger=challenger,
            champion_votes=votes[0],
            challenger_votes=votes[1],
            votes_needed=self._trial.minimum_votes,
            probability=decision.probability,
            waits_for_admin=waits,
        )
        if trial != self._report.trial:
            self._show(trial=trial)


def _of(name: str | None) -> str:
    if name is None:
        raise ValueError("a run beyond its snapshot has a version and a snapshot")
    return name


def _lineage(directory: Path) -> Mapping[str, Any] | None:
    """What is still to be known of a version when its files are gone."""
    try:
        manifest = read_manifest(directory)
    except BrokenVersionError:
        return None  # The gate says what is wrong with it.
    return {"data": manifest.data, "recipe": manifest.recipe, "metrics": manifest.metrics}
