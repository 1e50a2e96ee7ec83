"""Learning as a test wants it: nothing is trained, and every report is one that the test makes."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from bot.learning import LearningRefused, ModelLine, Role, RunReport, TrialReport
from bot.store.port import StoreUnavailable
from bot.store.version_port import Contribution, Ending, Run, Stage
from finetune.gate.verdict import GateFigure, Pair, Verdict

__all__ = ["BEGAN", "ScriptedLearner", "figure", "trial", "verdict"]

BEGAN = datetime(2026, 3, 1, tzinfo=UTC)
OLD, NEW = "punchline-6", "punchline-7"


class ScriptedLearner:
    """Implements `bot.learning.port.Learner`. `put` is what happens in a run.

    `refusal` refuses everything that can be refused, `unavailable` says how many times watching
    fails. `decided` and `rolled_back` are what admins wanted.
    """

    def __init__(self) -> None:
        self.now: RunReport | None = None
        self.refusal: LearningRefused | None = None
        self.unavailable = 0
        self.decided: list[tuple[str, bool]] = []
        self.rolled_back: list[str | None] = []
        self.lines: list[ModelLine] = [
            ModelLine(
                version="scripted",
                role=Role.CHAMPION,
                parent=None,
                learned_votes=0,
                jokes=0,
                up=0,
                down=0,
            )
        ]
        self.contribution: Contribution | None = None
        self.watching = 0
        self._changed = asyncio.Condition()
        self._runs = 0

    async def put(self, *, ending: Ending | None = None, **changes: Any) -> RunReport:
        """Change the report of the run; `stage`, `version`, `ending` and `detail` of it too."""
        assert self.now is not None
        of_run = {
            name: changes.pop(name) for name in ("stage", "version", "detail") if name in changes
        }
        run = replace(self.now.run, ending=ending, **of_run)
        async with self._changed:
            self.now = replace(self.now, run=run, **changes)
            self._changed.notify_all()
        return self.now

    async def retrain(self) -> int:
        self._refuse()
        if self.now is not None and not self.now.ended:
            raise LearningRefused("I am learning already; /retrain cancel ends it.")
        self._runs += 1
        run = Run(id=self._runs, stage=Stage.SNAPSHOT, parent=OLD, began_at=BEGAN)
        self.now = RunReport(run=run)
        return self._runs

    async def cancel(self) -> None:
        self._refuse()
        if self.now is None or self.now.ended:
            raise LearningRefused("I am not learning anything just now.")
        await self.put(ending=Ending.CANCELLED)

    async def report(self) -> RunReport | None:
        return self.now

    async def watch(self, run: int) -> AsyncIterator[RunReport]:
        if self.unavailable:
            self.unavailable -= 1
            raise StoreUnavailable("the disk is gone")
        self.watching += 1
        try:
            seen = None
            while seen is None or not seen.ended:
                async with self._changed:
                    while self.now is seen:
                        await self._changed.wait()
                    seen = self.now
                assert seen is not None
                assert seen.run.id == run
                yield seen
        finally:
            self.watching -= 1

    async def decide(self, version: str, *, promote: bool) -> None:
        self._refuse()
        self.decided.append((version, promote))
        await self.put(ending=Ending.PROMOTED if promote else Ending.RETIRED)

    async def models(self) -> Sequence[ModelLine]:
        return self.lines

    async def roll_back(self, version: str | None) -> str:
        self._refuse()
        self.rolled_back.append(version)
        return version or OLD

    async def helped(self, front: str, member: str) -> Contribution | None:
        return self.contribution

    def _refuse(self) -> None:
        if self.refusal is not None:
            raise self.refusal


def figure(name: str = "loss", *, passed: bool = True, **details: Any) -> GateFigure:
    """A figure of the gate."""
    values: dict[str, Any] = {
        "title": name,
        "share": False,
        "higher_is_better": False,
        "champion": 1.25,
        "candidate": 1.5,
        "low": 1.25,
        "high": 1.75,
        "limit": 1.3125,
        "explanation": "Loss of held-out jokes: 1.500 after 1.250, at most 1.312 is asked for.",
    }
    return GateFigure(name=name, passed=passed, **(values | details))


def verdict(*figures: GateFigure, pairs: Sequence[tuple[str, str, str]] = ()) -> Verdict:
    """What the gate found; by default that a figure is good."""
    found = figures or (figure(),)
    reasons = [each.explanation for each in found if not each.passed]
    return Verdict(
        passed=not reasons,
        candidate=NEW,
        champion=OLD,
        seconds=1.0,
        figures=found,
        reasons=reasons,
        pairs=[
            Pair(topic=topic, champion=champion, candidate=candidate)
            for topic, champion, candidate in pairs
        ],
        votes_judged=40,
    )


def trial(**details: Any) -> TrialReport:
    """How a trial stands: six to four, and nobody has to decide."""
    values: dict[str, Any] = {
        "champion": OLD,
        "challenger": NEW,
        "champion_votes": 24,
        "challenger_votes": 6,
        "votes_needed": 20,
        "probability": 0.875,
        "waits_for_admin": False,
    }
    return TrialReport(**(values | details))
