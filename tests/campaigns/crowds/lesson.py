"""A retrain as an admin follows it, while some members go on asking."""

import asyncio
import random
import time
from collections import defaultdict
from collections.abc import Callable
from contextlib import suppress

from bot.app import App
from bot.learning import LearningRefused, RunReport
from bot.store.version_port import Stage
from finetune.evaluation.bootstrap import Figure
from finetune.gate.verdict import GateFigure, Verdict
from tests.campaigns.crowds.audience import Audience
from tests.campaigns.crowds.figures import Latency, Taught

__all__ = ["Trickle", "retrained"]

_REFUSED = "refused"
_PAUSE_SECONDS = 0.5
_EVERY_SECONDS = 3.0
_EVERY_SECONDS_TO_DECIDE = 0.7
_LOADING_SECONDS = 300.0


class Trickle:
    """Members who ask for a joke now and then; `seconds` by what the bot was doing meanwhile."""

    def __init__(self, *, audience: Audience, source: random.Random) -> None:
        self.doing = ""
        self._votes = False
        self._audience = audience
        self._random = source
        self._every = _EVERY_SECONDS
        self._seconds: defaultdict[str, list[float]] = defaultdict(list)

    @property
    def latencies(self) -> dict[str, Latency]:
        """What each time was like for members."""
        return {name: Latency(seconds=tuple(found)) for name, found in self._seconds.items()}

    def decide(self) -> None:
        """Ask more often from now on, and vote on each joke."""
        self._votes, self._every = True, _EVERY_SECONDS_TO_DECIDE

    async def run(self, *, jokes: int | None = None) -> None:
        """Ask for so many jokes, or until cancelled; whoever waits is not hurried by others."""
        asked = 0
        async with asyncio.TaskGroup() as waiting:
            while jokes is None or asked < jokes:
                asked += 1
                waiting.create_task(self._ask(self.doing))
                await asyncio.sleep(self._random.expovariate(1 / self._every))

    async def _ask(self, doing: str) -> None:
        seconds, joke = await self._audience.wait_for_joke()
        self._seconds[doing].append(seconds)
        if joke is not None and self._votes:
            await self._audience.vote_on(joke)


async def retrained(
    app: App, trickle: Trickle, *, crowd_decides: bool, say: Callable[[str], None]
) -> Taught:
    """Learn from the votes, and follow that to its end.

    A version that comes to its trial is promoted at once, unless the crowd decides: then it goes on
    asking and voting for as long as the trial lasts.
    """
    began = time.monotonic()
    try:
        run = await app.core.learner.retrain()
    except LearningRefused as refused:
        return _taught(None, ending=_REFUSED, detail=str(refused), minutes=0.0, stages={})
    asking = asyncio.create_task(trickle.run(), name="trickle")
    stages: defaultdict[str, float] = defaultdict(float)
    verdict_after: float | None = None
    last: RunReport | None = None
    since = began
    try:
        async for report in app.core.learner.watch(run):
            stage = report.run.stage
            if last is None or last.run.stage is not stage or report.ended:
                now = time.monotonic()
                if last is not None:
                    stages[last.run.stage.value] += (now - since) / 60
                since = now
                say(f"run {run}: {stage.value}")
                trickle.doing = stage.value
            last = report
            if stage is Stage.TRIAL and verdict_after is None:
                verdict_after = now - began
                if crowd_decides:
                    trickle.decide()
                else:
                    await _promote(app, report)
    finally:
        asking.cancel()
        with suppress(asyncio.CancelledError):
            await asking
    took = time.monotonic() - began if verdict_after is None else verdict_after
    return _taught(
        last,
        ending=_ending(last),
        detail=last.run.detail if last else "",
        minutes=took / 60,
        stages=dict(stages),
    )


async def _promote(app: App, report: RunReport) -> None:
    """Promote the challenger as soon as it is one. Raises `TimeoutError`."""
    async with asyncio.timeout(_LOADING_SECONDS):
        while report.run.version is not None:
            with suppress(LearningRefused):
                await app.core.learner.decide(report.run.version, promote=True)
                return
            await asyncio.sleep(_PAUSE_SECONDS)


def _ending(report: RunReport | None) -> str:
    ending = report.run.ending if report else None
    return ending.value if ending else "unfinished"


def _taught(
    report: RunReport | None, *, ending: str, detail: str, minutes: float, stages: dict[str, float]
) -> Taught:
    verdict = report.verdict if report else None
    trial = report.trial if report else None
    agreement = _figure(verdict, "agreement")
    return Taught(
        ending=ending,
        detail=detail,
        version=report.run.version if report else None,
        minutes=minutes,
        stage_minutes=stages,
        loss=_both(_figure(verdict, "loss")),
        auc=_both(_figure(verdict, "auc")),
        agreement=_interval(agreement),
        passed=verdict is not None and verdict.passed,
        reasons=tuple(verdict.reasons) if verdict else (),
        clique_share=report.clique_share if report else 0.0,
        learned_votes=report.learned_votes if report else 0,
        trial_votes=(trial.champion_votes, trial.challenger_votes) if trial else None,
    )


def _figure(verdict: Verdict | None, name: str) -> GateFigure | None:
    figures = verdict.figures if verdict else ()
    return next((figure for figure in figures if figure.name == name), None)


def _both(figure: GateFigure | None) -> tuple[float, float] | None:
    if figure is None or figure.champion is None or figure.candidate is None:
        return None
    return figure.champion, figure.candidate


def _interval(figure: GateFigure | None) -> Figure | None:
    if figure is None or figure.candidate is None or figure.low is None or figure.high is None:
        return None
    return Figure(figure.candidate, figure.low, figure.high)
